import Core
package import Platform

/// Each row's class, and the labels that the classes stand for, in rising order.
package struct Labels: Sendable {
  package let classes: [Int64]
  package let counts: [Int]
  /// Of each row.
  package let classOfRow: Storage<Int32>

  package static let most = 65_536

  init(_ labels: TensorView, rows: Int, memory: Memory) throws {
    try labels.checkLabels(rows: rows)
    try self.init(rows: rows, memory: memory) { labels.integer($0) }
  }

  init(rows: Int, memory: Memory, _ label: (Int) -> Int64?) throws {
    var seen: [Int64: Int] = [:]
    for row in 0 ..< rows {
      guard let value = label(row) else {
        throw SteinError(.badValue, "the label of row \(row) is above 2^63 - 1", argument: "labels")
      }
      seen[value, default: 0] += 1
      guard seen.count <= Labels.most else {
        throw SteinError(
          .badValue, "labels has more than \(Labels.most) classes", argument: "labels")
      }
    }
    classes = seen.keys.sorted()
    counts = classes.map { seen[$0] ?? 0 }
    let index = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, Int32($0)) })
    classOfRow = try Storage(memory, count: rows)
    for row in 0 ..< rows { classOfRow.view[row] = label(row).flatMap { index[$0] } ?? 0 }
  }

  var json: JSON {
    .array(
      zip(classes, counts).map { label, count in
        .object([("label", .integer(Int(label))), ("count", .integer(count))])
      })
  }
}

extension TensorView {
  /// Labels are integers [rows]; the message says which of the two they are not.
  package func checkLabels(rows: Int) throws {
    guard !type.isFloat else {
      throw SteinError(
        .badShape, "labels are \(type); they must be integers, one class a row [\(rows)]",
        argument: "labels")
    }
    guard shape == [rows] else {
      throw SteinError(
        .badShape, "labels has shape \(shape); it needs [\(rows)], one class a row",
        argument: "labels")
    }
  }
}
