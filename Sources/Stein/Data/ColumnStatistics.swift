import Execution

/// Location, scale and range of one column.
package struct ColumnStatistics: Sendable {
  package let mean: Double
  /// √(Σ (x − mean)²/n); 0 for a constant column.
  package let deviation: Double
  package let minimum: Double
  package let maximum: Double

  package var isConstant: Bool { deviation == 0 }

  func standardized(_ x: Double) -> Double {
    isConstant ? 0 : x / deviation - mean / deviation
  }

  /// Two passes over the rows.
  ///
  /// A value that is not finite is an error with its place.
  ///
  /// Sums are of x/m with m the column's largest magnitude, so that they stay finite for any finite data.
  static func measure(_ source: RowSource, rows: Int, columns: Int, memory: Memory) throws
    -> [ColumnStatistics]
  {
    let row = try Storage<Double>(memory, count: columns)
    let low = try Storage<Double>(memory, count: columns)
    let high = try Storage<Double>(memory, count: columns)
    low.view.fill(.infinity)
    high.view.fill(-.infinity)
    for r in 0 ..< rows {
      source.read(r, row.view)
      for c in 0 ..< columns {
        let x = row.view[c]
        guard x.isFinite else {
          throw SteinError(.notFinite, "row \(r), column \(c) of rows is \(x)", argument: "rows")
        }
        low.view[c] = min(low.view[c], x)
        high.view[c] = max(high.view[c], x)
      }
    }
    func magnitude(_ c: Int) -> Double {
      max(abs(low.view[c]), abs(high.view[c]), .leastNormalMagnitude)
    }
    let sums = try Storage<Double>(memory, count: columns)
    for r in 0 ..< rows {
      source.read(r, row.view)
      for c in 0 ..< columns { sums.view[c] += row.view[c] / magnitude(c) }
    }
    let squares = try Storage<Double>(memory, count: columns)
    for r in 0 ..< rows {
      source.read(r, row.view)
      for c in 0 ..< columns {
        let difference = row.view[c] / magnitude(c) - sums.view[c] / Double(rows)
        squares.view[c] += difference * difference
      }
    }
    return (0 ..< columns).map { c in
      let relative = (squares.view[c] / Double(rows)).squareRoot()
      let constant = low.view[c] == high.view[c] || relative < 1e-12
      let mean = constant ? low.view[c] : sums.view[c] / Double(rows) * magnitude(c)
      let deviation = constant ? 0 : relative * magnitude(c)
      return ColumnStatistics(
        mean: mean, deviation: deviation.isNormal ? deviation : 0, minimum: low.view[c],
        maximum: high.view[c])
    }
  }
}
