package import Platform

/// Numbers of rows, in rising order.
package struct RowList: Sendable {
  package let count: Int
  /// Empty where they are all rows, in order: then row i is i, and nothing need be fetched.
  private let numbers: View<Int32>

  /// The rows for which `isMember` holds.
  package init(_ rows: Int, memory: Memory, where isMember: (Int) -> Bool) throws {
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
  package init(_ list: RowList, every step: Int, memory: Memory) throws {
    count = (list.count + step - 1) / step
    numbers = try Storage<Int32>(memory, count: count).view
    for index in 0 ..< count { numbers[index] = Int32(list[index * step]) }
  }

  package var isEmpty: Bool { count == 0 }

  package subscript(index: Int) -> Int { numbers.count == 0 ? index : Int(numbers[index]) }

  /// Asks for the number at `index`.
  package func prefetch(_ index: Int) {
    if numbers.count > 0 { numbers.slice(index, 1).prefetch() }
  }
}
