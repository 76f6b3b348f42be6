import Core
import Platform

/// Location, scale and range of one column.
package struct ColumnStatistics: Sendable {
  package let mean: Double
  /// √(Σ (x − mean)²/n); 0 for a constant column.
  package let deviation: Double
  package let minimum: Double
  package let maximum: Double

  package var isConstant: Bool { deviation == 0 }

  func standardized(_ x: Double) -> Double {
    if isConstant { return 0 }
    // The difference of two large quotients has lost the digits that tell a column's values apart;
    // that of the values has not.
    if abs(mean) > 1e6 * deviation { return (x - mean) / deviation }
    return x / deviation - mean / deviation
  }

  /// Two passes over the rows.
  ///
  /// A value that is not finite is an error with its place.
  ///
  /// Sums are of x/m with m the column's largest magnitude, so that they stay finite for any finite
  /// data.
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
    let narrow = try narrow(source, rows: rows, squares: squares, low: low, high: high, memory)
    return (0 ..< columns).map { c in
      let relative = (squares[c] / Double(rows)).squareRoot()
      if let found = narrow[c] { return found }
      // What is left that is so narrow differs by its rounding alone.
      let constant = low[c] == high[c] || relative < 1e-12
      let mean = constant ? low[c] : sums[c] / Double(rows) * magnitude(c)
      let deviation = constant ? 0 : relative * magnitude(c)
      return ColumnStatistics(
        mean: mean, deviation: deviation.isNormal ? deviation : 0, minimum: low[c],
        maximum: high[c])
    }
  }

  /// Columns whose range is a small part of their magnitude, measured by t = (x − minimum)/range,
  /// which keeps what x/m rounds away.
  private static func narrow(
    _ source: RowSource, rows: Int, squares: View<Double>, low: View<Double>, high: View<Double>,
    _ memory: Memory
  ) throws -> [Int: ColumnStatistics] {
    let columns = (0 ..< low.count).filter { c in
      let magnitude = max(abs(low[c]), abs(high[c]))
      return (squares[c] / Double(rows)).squareRoot() < 1e-6
        // From a few units in the last place on a column says something; below it differs by its
        // rounding.
        && high[c] - low[c] > 8 * magnitude.ulp
    }
    guard !columns.isEmpty else { return [:] }
    let row = try Storage<Double>(memory, count: low.count).view
    let (means, spreads) = (
      try Storage<Double>(memory, count: low.count).view,
      try Storage<Double>(memory, count: low.count).view
    )
    for r in 0 ..< rows {
      source.read(r, row)
      for c in columns { means[c] += (row[c] - low[c]) / (high[c] - low[c]) / Double(rows) }
    }
    for r in 0 ..< rows {
      source.read(r, row)
      for c in columns {
        let difference = (row[c] - low[c]) / (high[c] - low[c]) - means[c]
        spreads[c] += difference * difference / Double(rows)
      }
    }
    var found: [Int: ColumnStatistics] = [:]
    for c in columns {
      let deviation = spreads[c].squareRoot() * (high[c] - low[c])
      guard deviation.isNormal else { continue }
      found[c] = ColumnStatistics(
        mean: low[c] + means[c] * (high[c] - low[c]), deviation: deviation, minimum: low[c],
        maximum: high[c])
    }
    return found
  }
}
