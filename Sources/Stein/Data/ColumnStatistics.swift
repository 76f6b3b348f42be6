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
    // Views once: each `view` counts a reference.
    let row = try Storage<Double>(memory, count: columns).view
    let low = try Storage<Double>(memory, count: columns).view
    let high = try Storage<Double>(memory, count: columns).view
    low.fill(.infinity)
    high.fill(-.infinity)
    for r in 0 ..< rows {
      source.read(r, row)
      for c in 0 ..< columns {
        let x = row[c]
        guard x.isFinite else {
          throw SteinError(.notFinite, "row \(r), column \(c) of rows is \(x)", argument: "rows")
        }
        low[c] = min(low[c], x)
        high[c] = max(high[c], x)
      }
    }
    func magnitude(_ c: Int) -> Double {
      max(abs(low[c]), abs(high[c]), .leastNormalMagnitude)
    }
    let sums = try Storage<Double>(memory, count: columns).view
    for r in 0 ..< rows {
      source.read(r, row)
      for c in 0 ..< columns { sums[c] += row[c] / magnitude(c) }
    }
    let squares = try Storage<Double>(memory, count: columns).view
    for r in 0 ..< rows {
      source.read(r, row)
      for c in 0 ..< columns {
        let difference = row[c] / magnitude(c) - sums[c] / Double(rows)
        squares[c] += difference * difference
      }
    }
    return (0 ..< columns).map { c in
      let relative = (squares[c] / Double(rows)).squareRoot()
      let constant = low[c] == high[c] || relative < 1e-12
      let mean = constant ? low[c] : sums[c] / Double(rows) * magnitude(c)
      let deviation = constant ? 0 : relative * magnitude(c)
      return ColumnStatistics(
        mean: mean, deviation: deviation.isNormal ? deviation : 0, minimum: low[c],
        maximum: high[c])
    }
  }
}
