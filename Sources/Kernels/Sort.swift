/// Sorts by the bits of the numbers, eight at a time from the lowest: in linear time, in memory
/// that is given, without a comparison.
///
/// −∞ comes first, ∞ last and NaN beyond it; −0 comes before 0.
@safe
package struct RadixSort {
  private let keys: UnsafeMutablePointer<UInt64>
  private let scratch: UnsafeMutablePointer<UInt64>
  private let count: Int
  /// Elements between two calls of `check`.
  private static let piece = 1 << 18

  /// `values`, `scratch`: `count` elements each.
  package init(
    _ values: UnsafeMutablePointer<Double>, scratch: UnsafeMutablePointer<Double>, count: Int
  ) {
    unsafe keys = UnsafeMutableRawPointer(values).assumingMemoryBound(to: UInt64.self)
    unsafe self.scratch = UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: UInt64.self)
    self.count = count
  }

  /// Calls `check` now and then; what it throws comes out, and leaves the values in no order.
  package func run(_ check: () throws -> Void) throws {
    try inPieces(check) { i in unsafe keys[i] = ordered(keys[i]) }
    var (from, to) = unsafe (keys, scratch)
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      if unsafe try pass(from, to, shift, check) { unsafe (from, to) = unsafe (to, from) }
    }
    let sorted = unsafe from
    try inPieces(check) { i in unsafe keys[i] = restored(sorted[i]) }
  }

  /// Bits that order as unsigned numbers in the way of the numbers they are of.
  @inline(__always) private func ordered(_ bits: UInt64) -> UInt64 {
    bits >> 63 == 1 ? ~bits : bits | 1 << 63
  }

  @inline(__always) private func restored(_ key: UInt64) -> UInt64 {
    key >> 63 == 1 ? key & ~(1 << 63) : ~key
  }

  /// By one byte of the keys; false where they all have the same, and nothing was moved.
  private func pass(
    _ from: UnsafeMutablePointer<UInt64>, _ to: UnsafeMutablePointer<UInt64>, _ shift: UInt64,
    _ check: () throws -> Void
  ) throws -> Bool {
    var places = InlineArray<256, Int>(repeating: 0)
    try inPieces(check) { i in unsafe places[Int(from[i] >> shift & 255)] &+= 1 }
    var next = 0
    for byte in 0 ..< 256 {
      let those = places[byte]
      if those == count { return false }
      places[byte] = next
      next += those
    }
    try inPieces(check) { i in
      let key = unsafe from[i]
      let byte = Int(key >> shift & 255)
      unsafe to[places[byte]] = key
      places[byte] &+= 1
    }
    return true
  }

  @inline(__always)
  private func inPieces(_ check: () throws -> Void, _ body: (Int) -> Void) throws {
    for start in stride(from: 0, to: count, by: RadixSort.piece) {
      try check()
      for i in start ..< min(start + RadixSort.piece, count) { body(i) }
    }
  }
}
