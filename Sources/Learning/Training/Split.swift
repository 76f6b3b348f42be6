import Core
import Data
import Kernels
import Platform

/// Rows for training and rows held out, drawn by the seed.
func splitRows(_ count: Int, validation: Int, seed: UInt64, memory: Memory) throws -> (
  train: RowList, validation: RowList
) {
  guard count <= Int(Int32.max) else {
    throw SteinError(.unsupported, "more than 2^31 - 1 rows", argument: "dataset")
  }
  let order = try Storage<Int32>(memory, count: count).view
  let isHeldOut = try Storage<Bool>(memory, count: count).view
  for row in 0 ..< count { order[row] = Int32(row) }
  // Fisher and Yates' shuffle, as far as it is needed.
  for index in 0 ..< validation {
    let counter = SIMD4<UInt32>(UInt32(truncatingIfNeeded: index), 0, 0, UInt32(Stream.split) << 24)
    let words = philox4x32(counter: counter, seed: seed)
    let bits = UInt64(words[0]) << 32 | UInt64(words[1])
    let other = index + Int(bits.multipliedFullWidth(by: UInt64(count - index)).high)
    (order[index], order[other]) = (order[other], order[index])
    isHeldOut[Int(order[index])] = true
  }
  return (
    try RowList(count, memory: memory) { !isHeldOut[$0] },
    try RowList(count, memory: memory) { isHeldOut[$0] }
  )
}
