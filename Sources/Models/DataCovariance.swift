package import Core
import Data
import Glibc
package import Platform

/// The covariance of the data in units of u, by its axes; of up to 256 columns.
///
/// What a sampler begins with, what is known of a row by its covariances alone, and the Gaussian
/// that a score network begins as.
package struct DataCovariance: Sendable {
  /// The eigenvalues, [D]; empty where the covariance is not known.
  private(set) var variances: [Double] = []
  /// What new rows have along each axis, [D]: the eigenvalues, shrunk for having been measured on
  /// few rows.
  ///
  /// Empty in files of versions that had none.
  private(set) var shrunkVariances: [Double] = []
  /// The eigenvectors, [D, D], one a column.
  private(set) var axes: [Double] = []

  private static let most = 256

  init() {}

  /// Of the rows of a data set, at most so many that it takes a fraction of a second.
  init(_ dataset: Dataset, _ units: Units) throws {
    let d = units.active.count
    guard d <= DataCovariance.most else { return }
    let memory = dataset.context.memory
    let (matrix, vectors) = (
      try Storage<Double>(memory, count: d * d).view, try Storage<Double>(memory, count: d * d).view
    )
    let count = min(dataset.rowCount, max(2 * d, 100_000_000 / (d * d)))
    let factors = units.active.map { dataset.columns[$0].deviation / units.scale[$0] }
    let step = Double(dataset.rowCount) / Double(count)
    let (u, active) = (dataset.values.view, units.active)
    for index in 0 ..< count {
      let first = Int(Double(index) * step) * dataset.columnCount
      for i in 0 ..< d {
        let x = Double(u[first + active[i]]) / Double(count)
        for j in 0 ... i { matrix[i * d + j] += x * Double(u[first + active[j]]) }
      }
    }
    for i in 0 ..< d {
      for j in 0 ... i {
        matrix[i * d + j] *= factors[i] * factors[j]
        matrix[j * d + i] = matrix[i * d + j]
      }
    }
    try diagonalize(matrix, vectors, d, monitor: Unwatched())
    variances = (0 ..< d).map { max(matrix[$0 * (d + 1)], 0) }
    shrunkVariances = shrunk(variances, rows: dataset.rowCount)
    axes = (0 ..< d * d).map { vectors[$0] }
  }
}

/// The variances that new rows have along the axes of a covariance measured on `rows` rows, from
/// its eigenvalues λ.
///
///     d(λ) = λ / ((π c λ f(λ))² + (1 − c − π c λ Hf(λ))²)     c = D/rows
///
/// f is the density of the eigenvalues, smoothed by Epanechnikov kernels of width λ rows^(−1/3), Hf
/// its Hilbert transform; where there are fewer rows than columns the eigenvalues that are 0 get
/// one value of their own. Small eigenvalues of few rows come out too small and large ones too
/// large.
///
/// Ledoit & Wolf (2020), "Analytical nonlinear shrinkage of large-dimensional covariance matrices",
/// equations 4.7 to 4.9 and appendix C.
func shrunk(_ variances: [Double], rows: Int) -> [Double] {
  let (d, n) = (variances.count, rows - 1)
  guard n >= 12 else { return variances }
  let c = Double(d) / Double(n)
  let largest = variances.max() ?? 0
  // Those that are above 0 because there are enough rows.
  let order = (0 ..< d).sorted { variances[$0] < variances[$1] }
  let used = order.suffix(min(d, n)).filter { variances[$0] > 1e-12 * largest }
  guard !used.isEmpty, c > 0.005 else { return variances }
  let lambda = used.map { variances[$0] }
  let width = pow(Double(n), -1.0 / 3)
  let root5 = 5.0.squareRoot()
  var result = variances
  for (i, index) in used.enumerated() {
    var (density, hilbert) = (0.0, 0.0)
    for other in lambda {
      let h = width * other
      let x = (lambda[i] - other) / h
      density += 0.75 / root5 * max(1 - x * x / 5, 0) / h
      var transform = -0.3 / .pi * x
      if abs(abs(x) - root5) > 1e-12 {
        transform += 0.75 / root5 / .pi * (1 - x * x / 5) * log(abs((root5 - x) / (root5 + x)))
      }
      hilbert += transform / h
    }
    let count = Double(lambda.count)
    let (f, hf) = (density / count, hilbert / count)
    if d <= n {
      let a = .pi * c * lambda[i] * f
      let b = 1 - c - .pi * c * lambda[i] * hf
      result[index] = lambda[i] / max(a * a + b * b, 1e-12)
    } else {
      result[index] = lambda[i] / max(pow(.pi * lambda[i], 2) * (f * f + hf * hf), 1e-12)
    }
  }
  if d > n {
    // What is left for the axes that no row moves along.
    let h = width
    let inverse = lambda.reduce(0) { $0 + 1 / $1 } / Double(lambda.count)
    let ratio = log((1 + root5 * h) / (1 - root5 * h))
    let at0 =
      1 / .pi * (0.3 / (h * h) + 0.75 / root5 / h * (1 - 0.2 / (h * h)) * ratio) * inverse
    let value = 1 / (.pi * (c - 1) * at0)
    for index in order.prefix(d - n) { result[index] = value }
  }
  // An axis below all others by far, as of two columns that are nearly the same, is known better
  // than one in the crowd.
  if let gap = used.indices.dropLast().last(where: { lambda[$0 + 1] > 4 * lambda[$0] }) {
    for index in used[...gap] {
      result[index] = pow(result[index], 0.4) * pow(variances[index], 0.6)
    }
  }
  // What the formula makes of eigenvalues far from all others on very few rows is no variance.
  return result.map { $0.isFinite ? min(max($0, 0), 4 * largest) : 0 }
}

// A model's file holds it beside the weights. No parameter has a slash in its name.
extension DataCovariance {
  private static let names = (
    variances: "data/variances", axes: "data/axes", shrunk: "data/shrunk_variances"
  )

  package func entries(_ memory: Memory) throws -> [Safetensors.Entry] {
    guard !variances.isEmpty else { return [] }
    func entry(_ name: String, _ shape: [Int], _ values: [Double]) throws -> Safetensors.Entry {
      let view = try Storage<Double>(memory, count: values.count).view
      for index in 0 ..< values.count { view[index] = values[index] }
      return Safetensors.Entry(name: name, shape: shape, values: .float64(view))
    }
    let d = variances.count
    return [
      try entry(DataCovariance.names.variances, [d], variances),
      try entry(DataCovariance.names.axes, [d, d], axes),
    ]
      + (shrunkVariances.isEmpty
        ? [] : [try entry(DataCovariance.names.shrunk, [d], shrunkVariances)])
  }

  init(_ archive: SafetensorsArchive, dimension d: Int, _ memory: Memory) throws {
    guard archive.has(DataCovariance.names.variances), d <= DataCovariance.most else { return }
    func values(_ name: String, _ count: Int) throws -> [Double] {
      let view = try Storage<Double>(memory, count: count).view
      try archive.read(name, into: view)
      return (0 ..< count).map { view[$0] }
    }
    variances = try values(DataCovariance.names.variances, d)
    axes = try values(DataCovariance.names.axes, d * d)
    if archive.has(DataCovariance.names.shrunk) {
      shrunkVariances = try values(DataCovariance.names.shrunk, d)
    }
    guard (variances + shrunkVariances).allSatisfy({ (0 ... 1e24).contains($0) }),
      hasOrthonormalAxes
    else {
      throw SteinError(.badFile, "the data's axes are no axes")
    }
  }

  private var hasOrthonormalAxes: Bool {
    let d = variances.count
    return (0 ..< d).allSatisfy { j in
      (0 ... j).allSatisfy { k in
        let product = (0 ..< d).reduce(0.0) { $0 + axes[$1 * d + j] * axes[$1 * d + k] }
        return abs(product - (j == k ? 1 : 0)) < 1e-6
      }
    }
  }
}

extension ModelDescription {
  /// f(Σ) v for a function of the covariance Σ of the data; σ_data² where that is not known.
  package func covary(
    _ v: View<Double>, into out: View<Double>, scratch: View<Double>, _ f: (Double) -> Double
  ) {
    let d = dimension
    guard !covariance.variances.isEmpty else {
      let factor = f(sigmaData * sigmaData)
      for i in 0 ..< d { out[i] = factor * v[i] }
      return
    }
    let axes = covariance.axes
    for j in 0 ..< d { scratch[j] = 0 }
    for i in 0 ..< d { for j in 0 ..< d { scratch[j] += axes[i * d + j] * v[i] } }
    for j in 0 ..< d { scratch[j] *= f(covariance.variances[j]) }
    for i in 0 ..< d {
      var sum = 0.0
      for j in 0 ..< d { sum += axes[i * d + j] * scratch[j] }
      out[i] = sum
    }
  }

  /// Makes a state of standard normals, in their place: m + (Σ + σ²)^½ z.
  package func place(_ z: View<Double>, sigma: Double, scratch: View<Double>) {
    covary(z, into: z, scratch: scratch) { ($0 + sigma * sigma).squareRoot() }
    for i in 0 ..< dimension { z[i] += location[i] }
  }

  /// Makes standard normals of a state, in its place.
  package func standardize(_ x: View<Double>, sigma: Double, scratch: View<Double>) {
    for i in 0 ..< dimension { x[i] -= location[i] }
    covary(x, into: x, scratch: scratch) { 1 / ($0 + sigma * sigma).squareRoot() }
  }

  /// ln N(x; m, Σ + σ²) of a state, of which the standard normals are left in its place.
  package func logDensity(_ x: View<Double>, sigma: Double, scratch: View<Double>) -> Double {
    standardize(x, sigma: sigma, scratch: scratch)
    let known = covariance.variances
    var sum = 0.0
    for i in 0 ..< dimension {
      let variance = known.isEmpty ? sigmaData * sigmaData : known[i]
      sum += x[i] * x[i] + log(2 * .pi * (variance + sigma * sigma))
    }
    return -0.5 * sum
  }
}
