import Data
import Platform

extension Dataset {
  /// Root mean square of the deviations of some columns.
  func commonDeviation(_ active: [Int]) -> Double {
    let deviations = active.map { columns[$0].deviation }
    // By the largest first, so that squares of extreme deviations stay finite.
    let largest = deviations.max() ?? 1
    let square = deviations.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }
    return largest * (square / Double(active.count)).squareRoot()
  }

  /// The largest distance between two rows in `units`, among at most so many rows that it takes a
  /// fraction of a second.
  func largestDistance(_ units: Units) throws -> Double {
    let d = units.active.count
    let affordable = Int((4e7 / Double(d)).squareRoot())
    let count = min(rowCount, max(2, min(affordable, 2000)))
    let factors = units.active.map { columns[$0].deviation / units.scale[$0] }
    let step = Double(rowCount) / Double(count)
    let rows = (0 ..< count).map { Int(Double($0) * step) }
    var largest = 0.0
    let (u, active) = (values.view, units.active)
    for (i, a) in rows.enumerated() {
      for b in rows[..<i] {
        var sum = 0.0
        for j in 0 ..< d {
          let difference = Double(u[a * columnCount + active[j]] - u[b * columnCount + active[j]])
          sum += difference * difference * factors[j] * factors[j]
        }
        largest = max(largest, sum)
      }
    }
    return largest.squareRoot()
  }
}
