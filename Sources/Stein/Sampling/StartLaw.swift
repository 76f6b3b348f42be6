import Execution
import Glibc

/// The law that the first states of a sampler are drawn from: N(m, Σ + σ²).
///
/// m and Σ are the mean and covariance of the data in units of u; where Σ is not known, σ_data² stands in its place. At a high
/// level the noisy data differ from it to the order of 1/σ³.
struct StartLaw: Sendable {
  private let location: [Double]
  private let deviation: Double
  private let factor: Cholesky?
  /// Σ where it is known.
  private let covariance: [Double]
  private let spread: Double
  private let dimension: Int

  init(_ description: ModelDescription, sigma: Double, memory: Memory) throws {
    let d = description.dimension
    dimension = d
    location = description.location
    covariance = description.covariance
    spread = description.sigmaData * description.sigmaData
    deviation = (sigma * sigma + description.sigmaData * description.sigmaData).squareRoot()
    guard !description.covariance.isEmpty else {
      factor = nil
      return
    }
    let matrix = try Storage<Double>(memory, count: d * d).view
    for index in 0 ..< d * d { matrix[index] = description.covariance[index] }
    for i in 0 ..< d { matrix[i * (d + 1)] += sigma * sigma }
    // Without noise the covariance of few rows has no factor.
    factor = try Cholesky(matrix, d, smallest: 1e-9 * deviation * deviation)
  }

  /// Makes a state of standard normals, in their place.
  func place(_ z: View<Double>) {
    if let factor {
      factor.multiplyLower(z)
    } else {
      for i in 0 ..< dimension { z[i] *= deviation }
    }
    for i in 0 ..< dimension { z[i] += location[i] }
  }

  /// Σ v.
  func covary(_ v: View<Double>, into out: View<Double>) {
    let d = dimension
    for i in 0 ..< d {
      var sum = 0.0
      if covariance.isEmpty {
        sum = spread * v[i]
      } else {
        for j in 0 ..< d { sum += covariance[i * d + j] * v[j] }
      }
      out[i] = sum
    }
  }

  /// Makes standard normals of a state, in its place.
  func standardize(_ x: View<Double>) {
    for i in 0 ..< dimension { x[i] -= location[i] }
    if let factor {
      factor.solveLower(x)
    } else {
      for i in 0 ..< dimension { x[i] /= deviation }
    }
  }

  /// The log density of a state, of which the standard normals are left in its place.
  func logDensity(_ x: View<Double>) -> Double {
    standardize(x)
    let square = (0 ..< dimension).reduce(0.0) { $0 + x[$1] * x[$1] }
    let volume = factor?.logDeterminant ?? Double(dimension) * log(deviation)
    return -0.5 * square - volume - 0.5 * Double(dimension) * log(2 * .pi)
  }
}
