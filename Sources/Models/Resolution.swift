import Core
import Data
import Glibc
import Platform

/// The finest scale at which rows are seen to have a density, in units of the Gaussian that they
/// are like: 1 is its own width.
///
/// A smooth law measured on few rows, or in many columns, is seen no finer than the Gaussian
/// itself; a ring or a crescent at a fraction of it, the thinner the ring; rows on a curve at the
/// distance between neighbours. 0 where a column has values that come back (categories, counts,
/// noughts): points have no finest scale.
///
/// It is three times the width h of the kernels that make left-out rows most probable,
///
///     h = argmax Σ_i ln Σ_{j ≠ i} N(w_i; w_j, h² I),     w = Λ^(−½) Vᵀ (u − m)
///
/// which for a smooth density is about a third of its width (Duin 1976, "On the choice of smoothing
/// parameters for Parzen estimators"). Rows equal to row i do not count, nor do the tenth of the
/// rows that are farthest from all others: their distances say how far tails reach.
func resolution(
  of dataset: Dataset, _ description: ModelDescription, variances: [Double]
) throws -> Double {
  let (units, covariance) = (description.units, description.covariance)
  let d = units.active.count
  guard !covariance.axes.isEmpty, dataset.rowCount >= 20 else { return 0 }
  guard try !hasAtoms(dataset, units.active) else { return 0 }
  let memory = dataset.context.memory
  let whitened = try whitenedRows(dataset, description, variances, most: mostReferences(d))
  let references = whitened.count / d
  let queries = min(references, 256)
  let step = references / queries
  let (near, squares) = (
    try Storage<Double>(memory, count: queries).view,
    try Storage<Float>(memory, count: queries * references).view
  )
  for q in 0 ..< queries {
    var nearest = Double.infinity
    for r in 0 ..< references {
      var sum: Float = 0
      for j in 0 ..< d {
        let difference = whitened[q * step * d + j] - whitened[r * d + j]
        sum += difference * difference
      }
      // Equal to rounding: no neighbour.
      let isNeighbour = Double(sum) > 1e-10 * Double(d)
      squares[q * references + r] = isNeighbour ? sum : .infinity
      if isNeighbour { nearest = min(nearest, Double(sum)) }
    }
    near[q] = nearest
  }
  let limit = (0 ..< queries).map { near[$0] }.sorted()[queries - 1 - queries / 10]
  let core = (0 ..< queries).filter { near[$0] <= limit && near[$0].isFinite }
  guard !core.isEmpty else { return 0 }
  func evidence(_ h: Double) -> Double {
    let factor = -0.5 / (h * h)
    return core.reduce(0.0) { total, q in
      var sum = 0.0
      for r in 0 ..< references {
        // Relative to the nearest, so that the sum is 1 or more.
        let exponent = factor * (Double(squares[q * references + r]) - near[q])
        if exponent > -30 { sum += exp(exponent) }
      }
      return total + log(sum) + factor * near[q] - Double(d) * log(h)
    }
  }
  let widths = (0 ..< 24).map { 0.002 * pow(500, Double($0) / 23) }
  let best = widths.map { (width: $0, evidence: evidence($0)) }.max { $0.evidence < $1.evidence }
  return min(3 * (best?.width ?? 0), 1)
}

private func mostReferences(_ d: Int) -> Int { max(500, min(4000, 400_000 / d)) }

/// w, [n, D], of at most so many rows, evenly chosen.
private func whitenedRows(
  _ dataset: Dataset, _ description: ModelDescription, _ variances: [Double], most: Int
) throws -> View<Float> {
  let (units, axes) = (description.units, description.covariance.axes)
  let (d, active, columns) = (units.active.count, units.active, dataset.columns)
  let count = min(dataset.rowCount, most)
  let memory = dataset.context.memory
  let rows = try Storage<Float>(memory, count: count * d).view
  let along = try Storage<Double>(memory, count: d).view
  let values = dataset.values.view
  for index in 0 ..< count {
    let first = Int(Double(index) * Double(dataset.rowCount) / Double(count)) * dataset.columnCount
    along.fill(0)
    for i in 0 ..< d {
      let u =
        Double(values[first + active[i]]) * columns[active[i]].deviation / units.scale[active[i]]
      for j in 0 ..< d { along[j] += axes[i * d + j] * u }
    }
    for j in 0 ..< d { rows[index * d + j] = Float(along[j] / variances[j].squareRoot()) }
  }
  return rows
}

/// Whether a column has at most 20 values, or an atom: a value of a tenth of the rows, and four
/// times as frequent as the eight values beside it, which tells it from the common values of a
/// rounded column.
private func hasAtoms(_ dataset: Dataset, _ active: [Int]) throws -> Bool {
  let count = min(dataset.rowCount, 4000)
  guard count >= 20 else { return false }
  let values = dataset.values.view
  var column = [Float](repeating: 0, count: count)
  for index in active {
    for row in 0 ..< count {
      let place = Int(Double(row) * Double(dataset.rowCount) / Double(count))
      column[row] = values[place * dataset.columnCount + index]
    }
    column.sort()
    let runs = runLengths(column)
    if runs.count <= min(20, count / 5) { return true }
    let least = max(count / 10, 10)
    for (place, run) in runs.enumerated() where run >= least {
      let beside = runs[max(place - 4, 0) ... min(place + 4, runs.count - 1)]
      if run * (beside.count - 1) >= 4 * (beside.reduce(0, +) - run) { return true }
    }
  }
  return false
}

/// How often each value of a sorted list comes.
private func runLengths(_ sorted: [Float]) -> [Int] {
  var runs = [1]
  for place in 1 ..< sorted.count {
    if sorted[place] == sorted[place - 1] { runs[runs.count - 1] += 1 } else { runs.append(1) }
  }
  return runs
}
