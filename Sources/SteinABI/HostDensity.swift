import CStein
import Platform
import Stein

/// The caller's density function, and what it keeps for it until it is no longer needed.
@safe
final class HostDensity: LogDensity, @unchecked Sendable {
  let dimension: Int
  private let function: stein_density_fn?
  private let user: UnsafeMutableRawPointer?
  private let release: stein_release_fn?
  /// Of the call that runs it.
  var hostMode: FloatMode?

  init(
    _ dimension: Int, _ function: stein_density_fn?, user: UnsafeMutableRawPointer?,
    release: stein_release_fn?
  ) {
    self.dimension = dimension
    unsafe self.function = unsafe function
    unsafe self.user = unsafe user
    unsafe self.release = unsafe release
  }

  deinit { if let release = unsafe release { unsafe release(user) } }

  var isSet: Bool { unsafe function != nil }

  func evaluate(
    count: Int, x: View<Double>, logDensity: View<Double>, score: View<Double>
  ) throws {
    guard let function = unsafe function else { return }
    let code = InsideCallback.run { () -> Int32 in
      hostMode?.restore()
      defer { _ = FloatMode.enterStandard() }
      return unsafe function(
        user, Int64(count), Int64(dimension), x.base, logDensity.base, score.base)
    }
    guard code == 0 else {
      throw SteinError(
        .callbackFailed, "the density function returned \(code)", argument: "chains",
        callbackCode: code)
    }
  }
}

/// A density with the context that it was made in.
final class DensityObject: Sendable {
  let context: Context
  let density: any LogDensity

  init(_ context: Context, _ density: any LogDensity) {
    (self.context, self.density) = (context, density)
  }
}

/// Chains with the density that they are on.
final class ChainsObject: Sendable {
  let chains: Chains
  let density: any LogDensity

  init(_ chains: Chains, _ density: any LogDensity) {
    (self.chains, self.density) = (chains, density)
  }
}
