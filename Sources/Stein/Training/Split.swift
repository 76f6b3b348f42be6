import Execution
import Kernels

/// Numbers of rows, in rising order.
struct RowList: Sendable {
  let count: Int
  /// Empty where they are all rows, in order: then row i is i, and nothing need be fetched.
  private let numbers: View<Int32>

  /// The rows for which `isMember` holds.
  init(_ rows: Int, memory: Memory, where isMember: (Int) -> Bool) throws {
    count = (0 ..< rows).count(where: isMember)
    guard count < rows else {
      numbers = try Storage<Int32>(memory, count: 0).view
      return
    }
    numbers = try Storage<Int32>(memory, count: count).view
    var next = 0
    for row in 0 ..< rows where isMember(row) {
      numbers[next] = Int32(truncatingIfNeeded: row)
      next += 1
    }
  }

  /// Takes every `step`-th row of another list.
  init(_ list: RowList, every step: Int, memory: Memory) throws {
    count = (list.count + step - 1) / step
    numbers = try Storage<Int32>(memory, count: count).view
    for index in 0 ..< count { numbers[index] = Int32(list[index * step]) }
  }

  var isEmpty: Bool { count == 0 }

  subscript(index: Int) -> Int { numbers.count == 0 ? index : Int(numbers[index]) }

  /// Asks for the number at `index`.
  func prefetch(_ index: Int) {
    if numbers.count > 0 { numbers.slice(index, 1).prefetch() }
  }
}

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
