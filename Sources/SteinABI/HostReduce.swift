import CStein
import Platform
import Stein

/// The caller's sum over ranks, and what it keeps for it until it is no longer needed.
@safe
final class HostReduce: AllReduce, @unchecked Sendable {
  private let function: stein_allreduce_fn?
  private let user: UnsafeMutableRawPointer?
  private let release: stein_release_fn?
  /// Of the call that runs it.
  var hostMode: FloatMode?

  init(
    _ function: stein_allreduce_fn?, user: UnsafeMutableRawPointer?, release: stein_release_fn?
  ) {
    unsafe self.function = unsafe function
    unsafe self.user = unsafe user
    unsafe self.release = unsafe release
  }

  deinit { if let release = unsafe release { unsafe release(user) } }

  var isSet: Bool { unsafe function != nil }

  func sum(_ values: View<Float>) throws { unsafe try sum(values.base, values.count, bits: 32) }

  func sum(_ values: View<Double>) throws { unsafe try sum(values.base, values.count, bits: 64) }

  private func sum(_ values: UnsafeMutableRawPointer, _ count: Int, bits: Int32) throws {
    guard let function = unsafe function else { return }
    let code = InsideCallback.run { () -> Int32 in
      hostMode?.restore()
      defer { _ = FloatMode.enterStandard() }
      return unsafe function(user, values, Int64(count), bits)
    }
    guard code == 0 else {
      throw SteinError(
        .callbackFailed, "the allreduce returned \(code)", argument: "trainer", callbackCode: code)
    }
  }
}
