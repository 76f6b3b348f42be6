import Core
import Execution
import Glibc
import Models
import Platform

/// Writes the mean, and the covariance's eigenvalues and eigenvectors, of the rows into a
/// Gaussian's parameters.
func fitGaussian(
  _ data: TrainingRows, _ model: Model, into parameters: View<Float>, monitor: any Monitor
) throws {
  let d = model.snapshot.description.dimension
  let n = data.count
  let memory = model.context.memory
  let mean = try Storage<Double>(memory, count: d)
  for row in 0 ..< n {
    for column in 0 ..< d { mean.view[column] += Double(data.values[row * d + column]) / Double(n) }
  }
  let covariance = try Storage<Double>(memory, count: d * d)
  let centred = try Storage<Double>(memory, count: d)
  for row in 0 ..< n {
    try monitor.poll()
    for i in 0 ..< d { centred.view[i] = Double(data.values[row * d + i]) - mean.view[i] }
    for i in 0 ..< d {
      let factor = centred.view[i] / Double(n)
      for j in 0 ... i { covariance.view[i * d + j] += factor * centred.view[j] }
    }
  }
  for i in 0 ..< d { for j in 0 ..< i { covariance.view[j * d + i] = covariance.view[i * d + j] } }
  let vectors = try Storage<Double>(memory, count: d * d)
  let familyParameters = model.snapshot.description.familyParameters
  if familyParameters.covariance == .diagonal {
    for i in 0 ..< d { vectors.view[i * d + i] = 1 }
  } else {
    try diagonalize(covariance.view, vectors.view, d, monitor: monitor)
  }
  if familyParameters.covariance == .lowRank {
    levelSmallest(covariance.view, d, rank: familyParameters.rank)
  }
  let offsets = model.layout.offsets
  for i in 0 ..< d {
    parameters[offsets[0] + i] = Float(mean.view[i])
    parameters[offsets[1] + i] = Float(max(covariance.view[i * d + i], 0))
    for j in 0 ..< d { parameters[offsets[2] + i * d + j] = Float(vectors.view[i * d + j]) }
  }
}

/// Gives all but the `rank` largest eigenvalues, on the diagonal, their mean: the optimum of
/// likelihood and of score matching among covariances W Wᵀ + s² I.
///
/// Tipping & Bishop (1999), "Probabilistic Principal Component Analysis", section 3.2.
private func levelSmallest(_ a: View<Double>, _ d: Int, rank: Int) {
  let order = (0 ..< d).sorted { a[$0 * d + $0] > a[$1 * d + $1] }.dropFirst(rank)
  let mean = order.reduce(0.0) { $0 + a[$1 * d + $1] } / Double(max(order.count, 1))
  for i in order { a[i * d + i] = mean }
}
