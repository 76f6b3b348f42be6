import Glibc
import Kernels
import Platform
import Stein
import TestSupport
import Testing

/// A mixture of Gaussians in the plane, skewed and correlated, whose score is known at every noise
/// level.
struct PlanarMixture {
  let weights = [0.7, 0.3]
  let means = [[-0.6, 0.2], [1.4, -0.5]]
  /// Covariances [xx, xy, yy].
  let covariances = [[0.30, 0.18, 0.25], [0.08, -0.03, 0.20]]

  /// σ s(x; σ) of the mixture with noise.
  func scaledScore(_ x: Double, _ y: Double, _ sigma: Double) -> (Double, Double) {
    var (total, sx, sy) = (0.0, 0.0, 0.0)
    for k in weights.indices {
      let (xx, xy, yy) = (
        covariances[k][0] + sigma * sigma, covariances[k][1], covariances[k][2] + sigma * sigma
      )
      let determinant = xx * yy - xy * xy
      let (dx, dy) = (x - means[k][0], y - means[k][1])
      let (px, py) = ((yy * dx - xy * dy) / determinant, (xx * dy - xy * dx) / determinant)
      let density = weights[k] * exp(-0.5 * (dx * px + dy * py)) / determinant.squareRoot()
      total += density
      sx -= density * px
      sy -= density * py
    }
    return (sigma * sx / total, sigma * sy / total)
  }

  /// E[f] with noise of σ, of polynomials up to degree 6, by a product rule on each component.
  func expectation(sigma: Double, _ f: (Double, Double) -> Double) -> Double {
    // Four-point Gauss–Hermite rule for N(0, 1), exact to degree 7.
    let (a, b) = ((3 - 6.0.squareRoot()).squareRoot(), (3 + 6.0.squareRoot()).squareRoot())
    let nodes = [-b, -a, a, b]
    let (p, q) = (1 / (4 * (3 - 6.0.squareRoot())), 1 / (4 * (3 + 6.0.squareRoot())))
    let masses = [q, p, p, q]
    var sum = 0.0
    for k in weights.indices {
      let xx = covariances[k][0] + sigma * sigma
      let l11 = xx.squareRoot()
      let l21 = covariances[k][1] / l11
      let l22 = (covariances[k][2] + sigma * sigma - l21 * l21).squareRoot()
      for i in 0 ..< 4 {
        for j in 0 ..< 4 {
          let x = means[k][0] + l11 * nodes[i]
          let y = means[k][1] + l21 * nodes[i] + l22 * nodes[j]
          sum += weights[k] * masses[i] * masses[j] * f(x, y)
        }
      }
    }
    return sum
  }
}

@Suite struct SamplerTests {
  private let target = PlanarMixture()

  /// Final states of `count` rows that a sampler moved along a field σ s(x, y; σ).
  private func draw(
    _ sampler: any Sampler, count: Int, start: Double? = nil,
    _ scaledScore: @escaping (Double, Double, Double) -> (Double, Double)
  ) throws -> [(Double, Double)] {
    let state = try Storage<Float>(Memory(), count: 2 * count).view
    state.fillNormal(
      rows: count, columns: 2, RandomSource(seed: 11, stream: 6, step: 0), firstRow: 0)
    let sigma = start ?? sampler.firstSigma
    let deviation = (1 + sigma * sigma).squareRoot()
    let begin = (0 ..< count).map {
      [deviation * Double(state[2 * $0]), deviation * Double(state[2 * $0 + 1])]
    }
    return try sample(sampler, from: begin) { x, sigma in
      let s = scaledScore(x[0], x[1], sigma)
      return [s.0, s.1]
    }.map { ($0[0], $0[1]) }
  }

  /// The same along the mixture's exact field.
  private func draw(_ sampler: any Sampler, count: Int) throws -> [(Double, Double)] {
    try draw(sampler, count: count, target.scaledScore)
  }

  static let moments: [@Sendable (Double, Double) -> Double] = [
    { x, _ in x }, { _, y in y }, { x, _ in x * x }, { x, y in x * y }, { _, y in y * y },
    { x, _ in x * x * x }, { x, y in x * x * y },
  ]

  /// Moments to third order of draws within 5 deviations of the exact ones, those of the mean of `count` draws, and a bias of the method.
  private func compare(_ draws: [(Double, Double)], sigma: Double, bias: Double) {
    let n = Double(draws.count)
    for (index, f) in Self.moments.enumerated() {
      let exact = target.expectation(sigma: sigma, f)
      let variance = target.expectation(sigma: sigma) { f($0, $1) * f($0, $1) } - exact * exact
      let mean = draws.reduce(0) { $0 + f($1.0, $1.1) } / n
      #expect(abs(mean - exact) < 5 * (variance / n).squareRoot() + bias, "moment \(index)")
    }
  }

  /// Many steps: the discretisation is far below the deviation of the mean.
  @Test func heunDrawsTheMixture() throws {
    let grid = NoiseGrid.edm.levels(60, from: 40, to: 0.002) + [0]
    compare(
      try draw(ProbabilityFlow(grid: grid, isSecondOrder: true), count: 3000), sigma: 0, bias: 0.003
    )
  }

  /// Langevin steps at one level: what they leave is q_σ up to O(ε).
  @Test func langevinDrawsTheNoisyMixture() throws {
    let sampler = Langevin(sigma: 0.6, stepSize: 0.01, steps: 700)
    compare(try draw(sampler, count: 2500), sigma: 0.6, bias: 0.02)
  }

  @Test func annealedLangevinDrawsTheMixture() throws {
    let ladder = GeometricLadder(sigmaMax: 5, sigmaMin: 0.05, dimension: 2)
    let sampler = AnnealedLangevin(
      ladder: ladder, stepSize: ladder.stepSize(stepsPerLevel: 20), stepsPerLevel: 20, denoise: true
    )
    compare(try draw(sampler, count: 2500), sigma: 0, bias: 0.06)
  }

  @Test func underdampedLangevinDrawsTheMixture() throws {
    let grid = NoiseGrid.geometric.levels(120, from: 5, to: 0.02, rho: 7) + [0]
    compare(try draw(UnderdampedLangevin(grid: grid), count: 2500), sigma: 0, bias: 0.06)
  }

  /// With momentum and in this order the variance is N(0, v)'s own for any step, down to v = σ².
  @Test func underdampedLangevinKeepsVariances() throws {
    let variances = [0.09, 1.7]
    let count = 6000
    let grid = (0 ..< 150).map { 0.3 * (1 - 1e-9 * Double($0)) }
    let sampler = UnderdampedLangevin(grid: grid, stepRatio: 1.5)
    let draws = try draw(sampler, count: count, start: 1) { x, y, sigma in
      (-sigma * x / variances[0], -sigma * y / variances[1])
    }
    for axis in 0 ..< 2 {
      let v = variances[axis]
      let measured =
        draws.map { axis == 0 ? $0.0 * $0.0 : $0.1 * $0.1 }.reduce(0, +) / Double(count)
      #expect(abs(measured - v) < 5 * v * (2 / Double(count)).squareRoot())
    }
  }

  /// The stationary variance of unadjusted Langevin on N(0, v) is v/(1 − ε/(2v)), in each direction
  /// by itself.
  @Test func langevinVarianceIsKnown() throws {
    let variances = [0.5, 1.7]
    let (count, stepSize) = (6000, 0.2)
    let sampler = Langevin(sigma: 0.3, stepSize: stepSize, steps: 100)
    let draws = try draw(sampler, count: count, start: 1) { x, y, sigma in
      (-sigma * x / variances[0], -sigma * y / variances[1])
    }
    for axis in 0 ..< 2 {
      let v = variances[axis]
      let exact = v / (1 - stepSize / (2 * v))
      let measured =
        draws.map { axis == 0 ? $0.0 * $0.0 : $0.1 * $0.1 }.reduce(0, +) / Double(count)
      // The mean square of n normals has deviation v √(2/n).
      #expect(abs(measured - exact) < 5 * exact * (2 / Double(count)).squareRoot())
    }
  }
}

@Suite struct NoiseTests {
  /// Technique 2: no solution up to 4 dimensions, then 19, 2.4 at 13; ours never goes beyond 1.3.
  @Test func ladderRatio() {
    #expect(GeometricLadder.ratio(dimension: 2) == 1.3)
    #expect(GeometricLadder.ratio(dimension: 13) == 1.3)
    // In many dimensions the lower end decides: √(2D)(γ − 1) = 3γ, which is 1.0398 for CIFAR-10's
    // 3072.
    let root = 6144.0.squareRoot()
    #expect(abs(GeometricLadder.ratio(dimension: 3072) - root / (root - 3)) < 1e-6)
    let ladder = GeometricLadder(sigmaMax: 50, sigmaMin: 0.01, dimension: 64)
    #expect(abs(ladder.levels[0] - 50) < 1e-9)
    #expect(abs(ladder.levels[ladder.levels.count - 1] - 0.01) < 1e-9)
    #expect(ladder.ratio <= 1.3)
  }

  /// Technique 4 with γ = 1.03756 and 5 steps a level gives ε = 6.2e-6 at σ_L = 0.01 for CIFAR-10.
  @Test func ladderStep() {
    let delta = GeometricLadder.relativeStep(ratio: 1.03756, stepsPerLevel: 5)
    #expect(abs(delta * 1e-4 - 6.2e-6) < 0.05e-6)
    let ladder = GeometricLadder(sigmaMax: 5, sigmaMin: 0.02, dimension: 6)
    let own = GeometricLadder.relativeStep(ratio: ladder.ratio, stepsPerLevel: 20)
    #expect(abs(ladder.stepSize(stepsPerLevel: 20) - own * 4e-4) < 1e-9)
  }

  @Test func normalQuantiles() {
    for p in [1e-12, 0.001, 0.02425, 0.3, 0.5, 0.9, 0.999] {
      #expect(abs(normalCDF(normalQuantile(p)) - p) < 1e-13 + 1e-9 * p)
    }
    #expect(abs(normalQuantile(0.975) - 1.959963984540054) < 1e-14)
  }

  @Test func edmLawHasItsMedian() {
    let law = NoiseDistribution.edm(mean: -0.5, deviation: 1.2)
    #expect(abs(law.sigma(at: 0.5, sigmaData: 2, range: 0.01 ... 80) - 2 * exp(-0.5)) < 1e-12)
    #expect(law.sigma(at: 1e-9, sigmaData: 1, range: 0.01 ... 80) == 0.01)
  }
}
