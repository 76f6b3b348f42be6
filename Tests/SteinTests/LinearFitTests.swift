import Glibc
import Graph
import Stein
import TestSupport
import Testing

/// Exponential families by their normal equations: the truth within the standard errors that are
/// reported, on the real line and on domains with a boundary.
@Suite struct LinearFitTests {
  /// N(μ, P⁻¹) in the plane, correlated and of unequal scales, kept where `isInside`.
  private func gaussian(
    _ count: Int, seed: UInt64, _ isInside: (Double, Double) -> Bool = { _, _ in true }
  ) -> [[Double]] {
    var numbers = Numbers(seed: seed)
    var rows: [[Double]] = []
    while rows.count < count {
      let (a, b) = (numbers.normal(), numbers.normal())
      let (x, y) = (1 + 1.2 * a, 2 + 0.6 * a + 0.9 * b)
      if isInside(x, y) { rows.append([x, y]) }
    }
    return rows
  }

  /// θ of x, y, x², xy, y² for that density.
  private var truth: [Double] {
    let (xx, xy, yy) = (1.44, 0.72, 0.36 + 0.81)
    let determinant = xx * yy - xy * xy
    let p = [yy / determinant, -xy / determinant, xx / determinant]
    return [p[0] + 2 * p[1], p[1] + 2 * p[2], -0.5 * p[0], -p[1], -0.5 * p[2]]
  }

  private func check(_ rows: [[Double]], _ options: String, _ trainer: String = "", truth: [Double])
    throws
  {
    let fit = try fitted(
      rows, model: "family=exponential scale=none " + options, trainer: trainer)
    let description = fit.trainer.describe()
    let estimates = try numbers(description, "closed_form", "estimates")
    let errors = try numbers(description, "closed_form", "standard_errors")
    #expect(estimates.count == truth.count)
    for (index, (estimate, error)) in zip(estimates, errors).enumerated() {
      #expect(
        abs(estimate - truth[index]) < 4.5 * error,
        "\(index): \(estimate) ± \(error), \(truth[index])")
      #expect(error < 0.35 * max(1, abs(truth[index])))
    }
  }

  @Test func realLine() throws { try check(gaussian(5000, seed: 1), "", truth: truth) }

  @Test func box() throws {
    let rows = gaussian(8000, seed: 2) { $0 > 0 && $0 < 2.5 && $1 > 0.5 && $1 < 4 }
    try check(rows, "domain=box lower=0,0.5 upper=2.5,4", truth: truth)
  }

  @Test func ball() throws {
    let rows = gaussian(8000, seed: 3) { ($0 - 0.5) * ($0 - 0.5) + ($1 - 2) * ($1 - 2) < 1.44 }
    try check(rows, "domain=ball centre=0.5,2 radius=1.2", truth: truth)
  }

  /// A Gaussian graphical model cut to the positive orthant; statistics x², xy, y², x, y.
  @Test(arguments: [1, 2]) func positive(power: Int) throws {
    let rows = gaussian(8000, seed: 4) { $0 > 0 && $1 > 0 }
    let t = truth
    try check(
      rows, "statistics=pairwise domain=positive", "boundary_power=\(power)",
      truth: [t[2], t[3], t[4], t[0], t[1]])
  }

  /// Gamma densities x^{k−1} e^{−x/s}: exponents ½ and 0, and a density that may diverge at 0.
  @Test func gamma() throws {
    var numbers = Numbers(seed: 8)
    // Shape 2: the sum of two exponentials.
    let rows = (0 ..< 8000).map { _ in [-0.5 * (log(numbers.next()) + log(numbers.next()))] }
    try check(
      rows, "statistics=pairwise exponents=0.5,0 domain=positive", "boundary_power=2",
      truth: [-2, 1])
  }

  /// Quartic energies, where score matching is not maximum likelihood: E = u⁴/4 − u²/2 + 0.3 u.
  @Test func quartic() throws {
    var numbers = Numbers(seed: 6)
    func density(_ u: Double) -> Double { exp(-(0.25 * pow(u, 4) - 0.5 * u * u + 0.3 * u)) }
    var rows: [[Double]] = []
    while rows.count < 8000 {
      let u = -3 + 6 * numbers.next()
      if 2 * numbers.next() < density(u) { rows.append([u]) }
    }
    try check(rows, "degree=4", truth: [-0.3, 0.5, 0, -0.25])
  }

  /// The standard errors are those of the estimator: over many data sets (θ̂ − θ)/error has
  /// deviation 1.
  @Test func standardErrorsAreCalibrated() throws {
    var scores: [Double] = []
    for seed in 100 ..< 180 {
      let rows = gaussian(600, seed: UInt64(seed)) { x, _ in x > 0 }
      let fit = try fitted(
        rows, model: "family=exponential scale=none domain=box lower=0,-100", threads: 1)
      let description = fit.trainer.describe()
      let estimates = try numbers(description, "closed_form", "estimates")
      let errors = try numbers(description, "closed_form", "standard_errors")
      for index in truth.indices {
        scores.append((estimates[index] - truth[index]) / errors[index])
      }
    }
    let square = scores.reduce(0) { $0 + $1 * $1 } / Double(scores.count)
    // 80 data sets of 5 dependent figures: a χ² of at least 80 degrees has relative deviation
    // √(2/80) = 0.16.
    #expect(abs(square - 1) < 0.6, "mean square \(square)")
  }

  /// At θ̂ the exact loss over the rows is the closed form's, and no direction makes it less.
  @Test func lossAgreesWithTheObjective() throws {
    let fit = try fitted(gaussian(700, seed: 12), model: "family=exponential degree=3")
    let description = fit.trainer.describe()
    let value = try JSON.parse(Array(description.utf8))["closed_form"]?["loss"]?.double ?? .nan
    let loss = try fit.model.loss(
      dataset: fit.data, options: "objective=exact", monitor: Unwatched())
    #expect(abs(value - loss) < 1e-5 * max(1, abs(loss)))
  }

  @Test func dependentStatisticsAreRefused() throws {
    let rows = gaussian(50, seed: 1).map { [$0[0], 2 * $0[0] + 1] }
    #expect(throws: SteinError.self) { try fitted(rows, model: "family=exponential") }
  }

  @Test func rowsOutsideAreNamed() throws {
    do {
      _ = try fitted(gaussian(200, seed: 1), model: "family=exponential domain=positive")
      Issue.record("no error")
    } catch let error as SteinError {
      #expect(error.code == .badValue)
      #expect(error.message.contains("outside the model's domain"))
    }
  }
}
