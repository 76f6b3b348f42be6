import Kernels

/// The floating-point mode of the calling thread: results are computed in the standard one whatever
/// the host's is.
package struct FloatMode: Sendable {
  private let bits: UInt64

  /// Switches to the standard mode and returns the one before.
  package static func enterStandard() -> FloatMode {
    let before = FloatMode(bits: floatMode())
    setStandardFloatMode()
    return before
  }

  package func restore() { setFloatMode(bits) }
}
