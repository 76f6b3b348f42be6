import CStein
import Platform
import Stein

/// The caller's noise function, and what it keeps for it until it is no longer needed.
@safe
final class HostNoise: NoiseSource, @unchecked Sendable {
  private let noise: stein_noise_fn?
  private let user: UnsafeMutableRawPointer?
  private let release: stein_release_fn?
  /// Of the call that runs it.
  var hostMode: FloatMode?

  init(_ noise: stein_noise_fn?, user: UnsafeMutableRawPointer?, release: stein_release_fn?) {
    unsafe self.noise = unsafe noise
    unsafe self.user = unsafe user
    unsafe self.release = unsafe release
  }

  deinit { if let release = unsafe release { unsafe release(user) } }

  var isSet: Bool { unsafe noise != nil }

  func perturb(
    rows: Int, dimension: Int, sigma: View<Double>, x: View<Double>, bits: View<UInt64>,
    noisy: View<Double>, score: View<Double>
  ) throws {
    guard let noise = unsafe noise else { return }
    let code = InsideCallback.run { () -> Int32 in
      hostMode?.restore()
      defer { _ = FloatMode.enterStandard() }
      return unsafe noise(
        user, Int64(rows), Int64(dimension), sigma.base, x.base, bits.base, noisy.base, score.base)
    }
    guard code == 0 else {
      throw SteinError(
        .callbackFailed, "the noise function returned \(code)", argument: "trainer",
        callbackCode: code)
    }
  }
}
