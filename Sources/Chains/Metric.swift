import Glibc
import Platform

/// The covariance Σ that a chain takes its target to have: momenta are drawn from N(0, Σ⁻¹) and
/// velocities are Σp.
///
/// Nothing here knows the caller's units: a target in other units, coordinate by coordinate, gives
/// the same Σ in these, so that no number that is added, and no limit, may be an absolute one.
final class Metric {
  enum Kind: String, Sendable, CaseIterable {
    case identity
    case diagonal
    case dense
  }

  let kind: Kind
  private let d: Int
  /// Σ's diagonal, or the lower triangle L of Σ = L Lᵀ.
  let factor: View<Double>
  /// Welford's sums of places and of scores; of the latter by coordinate alone.
  let sums: Sums

  struct Sums {
    let mean: View<Double>
    let square: View<Double>
    let scoreMean: View<Double>
    let scoreSquare: View<Double>

    fileprivate func clear() {
      for view in [mean, square, scoreMean, scoreSquare] { view.fill(0) }
    }
  }
  var count = 0

  init(_ kind: Kind, dimension d: Int, memory: Memory) throws {
    (self.kind, self.d) = (kind, d)
    let size = Metric.size(kind, d)
    factor = try Storage<Double>(memory, count: size).view
    sums = Sums(
      mean: try Storage<Double>(memory, count: d).view,
      square: try Storage<Double>(memory, count: size).view,
      scoreMean: try Storage<Double>(memory, count: d).view,
      scoreSquare: try Storage<Double>(memory, count: d).view)
    for i in 0 ..< d { factor[diagonal(i)] = 1 }
  }

  /// Numbers that Σ is kept as.
  static func size(_ kind: Kind, _ d: Int) -> Int { kind == .dense ? d * d : d }

  /// Whether Σ is one: of a file it is not known.
  var isPositive: Bool { (0 ..< d).allSatisfy { factor[diagonal($0)] > 0 } }

  private func diagonal(_ i: Int) -> Int { kind == .dense ? i * (d + 1) : i }

  /// Turns standard normals into a momentum: Σ^{−1/2} z, and for a dense Σ L⁻ᵀ z.
  func makeMomentum(_ z: View<Double>) {
    guard kind == .dense else {
      for i in 0 ..< d { z[i] /= factor[i].squareRoot() }
      return
    }
    for i in stride(from: d - 1, through: 0, by: -1) {
      z[i] /= factor[i * d + i]
      for j in 0 ..< i { z[j] -= factor[i * d + j] * z[i] }
    }
  }

  /// v = Σ p.
  func velocity(_ p: View<Double>, into v: View<Double>) {
    guard kind == .dense else {
      for i in 0 ..< d { v[i] = factor[i] * p[i] }
      return
    }
    // L (Lᵀ p), the inner product first, from the top.
    for i in 0 ..< d {
      var sum = 0.0
      for k in i ..< d { sum += factor[k * d + i] * p[k] }
      v[i] = sum
    }
    for i in stride(from: d - 1, through: 0, by: -1) {
      var sum = 0.0
      for k in 0 ... i { sum += factor[i * d + k] * v[k] }
      v[i] = sum
    }
  }

  /// Σ's element.
  func covariance(_ i: Int, _ j: Int) -> Double {
    guard kind == .dense else { return i == j ? factor[i] : 0 }
    return (0 ... min(i, j)).reduce(0) { $0 + factor[i * d + $1] * factor[j * d + $1] }
  }

  func add(_ x: View<Double>, _ s: View<Double>) {
    guard kind != .identity else { return }
    count += 1
    let (mean, square) = (sums.mean, sums.square)
    for i in 0 ..< d {
      let off = x[i] - mean[i]
      mean[i] += off / Double(count)
      if kind == .diagonal {
        square[i] += off * (x[i] - mean[i])
      } else {
        for j in 0 ... i { square[i * d + j] += off * (x[j] - mean[j]) }
      }
      let slope = s[i] - sums.scoreMean[i]
      sums.scoreMean[i] += slope / Double(count)
      sums.scoreSquare[i] += slope * (s[i] - sums.scoreMean[i])
    }
  }

  /// A variance from how far places and scores spread: √(var x / var s), which for a normal with
  /// independent coordinates is σ² whatever the places; nil where one does not spread.
  ///
  /// It minimises the Fisher divergence between the target and a normal with a diagonal covariance,
  /// as nutpie's adaptation does.
  static func secant(_ placeDeviation: Double, _ scoreDeviation: Double) -> Double? {
    let variance = placeDeviation / scoreDeviation
    return variance.isFinite && variance >= 1e-300 && variance <= 1e300 ? variance : nil
  }

  private func secant(_ i: Int) -> Double? {
    Metric.secant(sums.square[diagonal(i)].squareRoot(), sums.scoreSquare[i].squareRoot())
  }

  /// Takes Σ to be diagonal.
  func begin(variance: (Int) -> Double) {
    guard kind != .identity else { return }
    factor.fill(0)
    for i in 0 ..< d {
      factor[diagonal(i)] = kind == .dense ? variance(i).squareRoot() : variance(i)
    }
  }

  /// Takes what was added for Σ and begins anew.
  ///
  /// `early`, while there are few places, and those on the way to where the mass is: the diagonal of secants alone. Later the covariance
  /// of the places, drawn a little to that diagonal (which is in the coordinates' own units, as
  /// Stan's small multiple of the identity is not; its weight is Stan's).
  func update(early: Bool) {
    defer {
      count = 0
      sums.clear()
    }
    guard kind != .identity, count > 1 else { return }
    let n = Double(count)
    let share = early ? 0 : n / (n + 5)
    let square = sums.square
    // Σ goes where the sums stand, since the old one is still asked for.
    for i in 0 ..< d {
      let guess = secant(i) ?? covariance(i, i)
      let variance = square[diagonal(i)] / (n - 1)
      let isKnown = variance >= 1e-300 && variance <= 1e300
      if kind == .dense { for j in 0 ..< i { square[i * d + j] *= isKnown ? share / (n - 1) : 0 } }
      square[diagonal(i)] = isKnown ? share * variance + (1 - share) * guess : guess
      sums.scoreSquare[i] = (1 - share) * guess
    }
    factor.copy(square)
    if kind == .dense { decompose(floor: sums.scoreSquare) }
  }

  /// Cholesky's L in place of the lower triangle of Σ; a pivot is at least half of what was added
  /// to the diagonal.
  private func decompose(floor: View<Double>) {
    for i in 0 ..< d {
      for j in 0 ... i {
        var sum = factor[i * d + j]
        for k in 0 ..< j { sum -= factor[i * d + k] * factor[j * d + k] }
        factor[i * d + j] =
          i == j ? max(sum, 0.5 * floor[i]).squareRoot() : sum / factor[j * d + j]
      }
      for j in i + 1 ..< max(d, i + 1) { factor[i * d + j] = 0 }
    }
  }

  /// Takes a Σ of the caller's: `value` gives its elements; false if it is not positive definite
  /// and, by rounding, symmetric.
  func take(_ value: (Int, Int) -> Double) -> Bool {
    for i in 0 ..< d {
      guard value(i, i).isFinite, value(i, i) > 0 else { return false }
    }
    guard kind == .dense else {
      for i in 0 ..< d { factor[i] = value(i, i) }
      return true
    }
    factor.fill(0)
    for i in 0 ..< d {
      for j in 0 ... i {
        // On the scale of correlations, so that no product of variances leaves the numbers.
        let scale = value(i, i).squareRoot() * value(j, j).squareRoot()
        guard abs(value(i, j) - value(j, i)) <= 1e-9 * scale else { return false }
        var sum = value(i, j)
        for k in 0 ..< j { sum -= factor[i * d + k] * factor[j * d + k] }
        guard i != j || sum > 1e-14 * value(i, i) else { return false }
        factor[i * d + j] = i == j ? sum.squareRoot() : sum / factor[j * d + j]
        guard factor[i * d + j].isFinite else { return false }
      }
    }
    return true
  }
}
