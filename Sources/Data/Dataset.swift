package import Core
package import Platform

/// Rows of numbers, standardised once: u = (x − mean)/scale, with each column's own deviation as
/// its scale.
package final class Dataset: Described, Sendable {
  package let context: Context
  /// [n, ...].
  package let shape: [Int]
  package let rowCount: Int
  package let columnCount: Int
  /// u, [n, d].
  package let values: Storage<Float>
  package let columns: [ColumnStatistics]
  package let names: [String]?
  package let labels: Labels?
  /// Whether float32 holds the rows as they came.
  package let isSingle: Bool

  /// Copies rows from memory.
  ///
  /// `rows`: [n, ...] with at least one element in a row. `labels`: integers [n], or nil.
  package convenience init(
    context: Context, rows: TensorView, labels: TensorView?, options: String
  ) throws {
    let options = try Options(options, .dataset).knowing(Key.isFile, false)
      .knowing(Key.isTable, false)
    try options.check()
    guard rows.shape.count >= 2 else {
      throw SteinError(
        .badShape,
        "rows has one axis, \(rows.shape); it needs [rows, columns]: [\(rows.rows), 1] for one column, [1, \(rows.rows)] for one row",
        argument: "rows")
    }
    let source = RowSource(shape: rows.shape, isSingle: rows.type.fitsSingle) { row, view in
      rows.readRow(row, into: view)
    }
    let classes = try labels.map { labels in
      try Labels(labels, rows: rows.rows, memory: context.memory)
    }
    try self.init(context: context, source, labels: classes, names: options[Key.names])
  }

  init(context: Context, _ source: RowSource, labels: Labels?, names: [String]?) throws {
    let n = source.shape.first ?? 0
    let d = source.shape.dropFirst().reduce(1, *)
    guard n > 0, d > 0 else {
      throw SteinError(
        .badShape, "rows has shape \(source.shape); it needs a row and a column", argument: "rows")
    }
    if let names, names.count != d {
      throw Options.bad(Key.names, "has \(names.count) names; there are \(d) columns")
    }
    self.context = context
    shape = source.shape
    rowCount = n
    columnCount = d
    self.names = names
    self.labels = labels
    isSingle = source.isSingle
    columns = try ColumnStatistics.measure(source, rows: n, columns: d, memory: context.memory)
    values = try Storage(context.memory, count: n * d)
    let (row, u) = (try Storage<Double>(context.memory, count: d).view, values.view)
    for r in 0 ..< n {
      source.read(r, row)
      for c in 0 ..< d { u[r * d + c] = Float(columns[c].standardized(row[c])) }
    }
  }

  package var figures: JSON {
    func list(_ value: (ColumnStatistics) -> Double) -> JSON {
      .array(columns.map { .number(value($0)) })
    }
    let constant = columns.indices.filter { columns[$0].isConstant }
    return .object([
      ("shape", .array(shape.map(JSON.integer))),
      ("names", names.map { .array($0.map(JSON.string)) } ?? .null),
      ("mean", list(\.mean)), ("deviation", list(\.deviation)),
      ("minimum", list(\.minimum)), ("maximum", list(\.maximum)),
      ("constant_columns", .array(constant.map(JSON.integer))),
      ("classes", labels?.json ?? .null),
    ])
  }
}

/// Rows that can be read in any order: a tensor of the caller's, or a file's contents.
package struct RowSource {
  let shape: [Int]
  /// Whether float32 holds every value as it is.
  let isSingle: Bool
  let read: (_ row: Int, _ into: View<Double>) -> Void
}
