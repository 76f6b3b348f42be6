import Execution
import Glibc

/// Writes the mean, and the covariance's eigenvalues and eigenvectors, of the rows into a Gaussian's parameters.
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
  let structure = model.snapshot.description.structure
  if structure.covariance == .diagonal {
    for i in 0 ..< d { vectors.view[i * d + i] = 1 }
  } else {
    try diagonalize(covariance.view, vectors.view, d, monitor: monitor)
  }
  if structure.covariance == .lowRank { levelSmallest(covariance.view, d, rank: structure.rank) }
  let offsets = model.layout.offsets
  for i in 0 ..< d {
    parameters[offsets[0] + i] = Float(mean.view[i])
    parameters[offsets[1] + i] = Float(max(covariance.view[i * d + i], 0))
    for j in 0 ..< d { parameters[offsets[2] + i * d + j] = Float(vectors.view[i * d + j]) }
  }
}

/// Gives all but the `rank` largest eigenvalues, on the diagonal, their mean: the optimum of likelihood and of score matching among
/// covariances W Wᵀ + s² I.
///
/// Tipping & Bishop (1999), "Probabilistic Principal Component Analysis", section 3.2.
private func levelSmallest(_ a: View<Double>, _ d: Int, rank: Int) {
  let order = (0 ..< d).sorted { a[$0 * d + $0] > a[$1 * d + $1] }.dropFirst(rank)
  let mean = order.reduce(0.0) { $0 + a[$1 * d + $1] } / Double(max(order.count, 1))
  for i in order { a[i * d + i] = mean }
}

/// Turns a symmetric matrix into its eigenvalues, on the diagonal, with eigenvectors as columns: Jacobi's rotations in rows.
///
/// Golub & Van Loan (2013), "Matrix Computations", algorithms 8.5.1 and 8.5.3. Sweeps until what is off the diagonal is gone.
func diagonalize(_ a: View<Double>, _ v: View<Double>, _ n: Int, monitor: any Monitor) throws {
  for i in 0 ..< n { v[i * n + i] = 1 }
  let scale = (0 ..< n * n).reduce(0.0) { $0 + a[$1] * a[$1] }
  for _ in 0 ..< 60 {
    var off = 0.0
    for i in 0 ..< n { for j in 0 ..< i { off += a[i * n + j] * a[i * n + j] } }
    if off <= 1e-30 * scale { return }
    for p in 0 ..< n {
      for q in (p + 1) ..< max(n, p + 1) {
        if q % 16 == 0 { try monitor.poll() }
        rotate(a, v, n, p, q)
      }
    }
  }
}

/// Makes a[p, q] zero.
private func rotate(_ a: View<Double>, _ v: View<Double>, _ n: Int, _ p: Int, _ q: Int) {
  let apq = a[p * n + q]
  guard abs(apq) > 1e-300 else { return }
  let tau = (a[q * n + q] - a[p * n + p]) / (2 * apq)
  let t = (tau >= 0 ? 1 : -1) / (abs(tau) + (1 + tau * tau).squareRoot())
  let c = 1 / (1 + t * t).squareRoot()
  let s = t * c
  for k in 0 ..< n {
    let (x, y) = (a[k * n + p], a[k * n + q])
    a[k * n + p] = c * x - s * y
    a[k * n + q] = s * x + c * y
  }
  for k in 0 ..< n {
    let (x, y) = (a[p * n + k], a[q * n + k])
    a[p * n + k] = c * x - s * y
    a[q * n + k] = s * x + c * y
    let (u, w) = (v[k * n + p], v[k * n + q])
    v[k * n + p] = c * u - s * w
    v[k * n + q] = s * u + c * w
  }
}
