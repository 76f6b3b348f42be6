import Kernels

/// Rows for training and rows held out, by the seed's permutation; each in rising order.
func splitRows(_ count: Int, validation: Int, seed: UInt64) -> (train: [Int], validation: [Int]) {
  guard validation > 0 else { return (Array(0 ..< count), []) }
  var order = Array(0 ..< count)
  // Fisher and Yates' shuffle, as far as it is needed.
  for index in 0 ..< validation {
    let words = philox4x32(
      counter: SIMD4(UInt32(truncatingIfNeeded: index), 0, 0, UInt32(Stream.split) << 24),
      seed: seed)
    let bits = UInt64(words[0]) << 32 | UInt64(words[1])
    let other = index + Int(bits.multipliedFullWidth(by: UInt64(count - index)).high)
    order.swapAt(index, other)
  }
  return (order[validation...].sorted(), order[..<validation].sorted())
}
