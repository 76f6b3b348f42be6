import Glibc
import Platform
import Stein
import TestSupport
import Testing

/// A density of the test's, as the boundary would hand over the caller's.
struct TestDensity: LogDensity {
  let dimension: Int
  /// ln π and its gradient at one point.
  let value: @Sendable ([Double]) -> (Double, [Double])

  func evaluate(count: Int, x: View<Double>, logDensity: View<Double>, score: View<Double>) throws {
    for row in 0 ..< count {
      let (l, s) = value((0 ..< dimension).map { x[row * dimension + $0] })
      logDensity[row] = l
      for j in 0 ..< dimension { score[row * dimension + j] = s[j] }
    }
  }
}

/// Coordinates by themselves, each with ln π = −x⁴/4 − 0.7 x.
struct QuarticDensity: LogDensity {
  let dimension: Int

  func evaluate(count: Int, x: View<Double>, logDensity: View<Double>, score: View<Double>) throws {
    for row in 0 ..< count {
      var sum = 0.0
      for i in row * dimension ..< (row + 1) * dimension {
        let cube = x[i] * x[i] * x[i]
        sum -= x[i] * (0.25 * cube + 0.7)
        score[i] = -cube - 0.7
      }
      logDensity[row] = sum
    }
  }
}

@Suite struct ChainTests {
  /// Skewed and correlated: x is the logarithm of a Gamma(2) variable, y is N(x/2, 0.7²).
  static let skewed = TestDensity(dimension: 2) { p in
    let (x, y) = (p[0], p[1])
    let off = (y - 0.5 * x) / 0.49
    return (2 * x - exp(x) - 0.5 * off * (y - 0.5 * x), [2 - exp(x) + 0.5 * off, -off])
  }

  static func exactDraws(_ count: Int, seed: UInt64) -> [[Double]] {
    var numbers = Numbers(seed: seed)
    return (0 ..< count).map { _ in
      let x = log(-log(numbers.next()) - log(numbers.next()))
      return [x, 0.5 * x + 0.7 * numbers.normal()]
    }
  }

  /// Draws [chains, n, d] and statistics [chains, n, 5].
  static func run(
    _ density: any LogDensity, _ options: String, start: [[Double]]? = nil, n: Int,
    pieces: [Int]? = nil
  ) throws -> (draws: [[[Double]]], statistics: [[[Double]]]) {
    let context = try Context(options: "threads=1", allocator: nil)
    var made: Chains?
    if let start {
      try tensor(start) { view in
        made = try Chains(
          density, context: context, start: view, options: options + " chains=\(start.count)")
      }
    } else {
      made = try Chains(density, context: context, start: nil, options: options)
    }
    guard let chains = made else { throw SteinError(.internal, "no chains") }
    let count = start?.count ?? 4
    let d = density.dimension
    var draws = [[[Double]]](repeating: [], count: count)
    var statistics = draws
    for piece in pieces ?? [n] {
      var flat = [Double](repeating: .nan, count: count * piece * d)
      var second = [Double](repeating: .nan, count: count * piece * 5)
      try flat.withUnsafeMutableBytes { bytes in
        try second.withUnsafeMutableBytes { others in
          guard let base = bytes.baseAddress, let other = others.baseAddress else { return }
          try chains.run(
            draws: TensorView(
              type: .float64, shape: [count, piece, d], strides: [piece * d, d, 1], base: base),
            statistics: TensorView(
              type: .float64, shape: [count, piece, 5], strides: [piece * 5, 5, 1], base: other),
            monitor: Unwatched())
        }
      }
      for c in 0 ..< count {
        for i in 0 ..< piece {
          let (first, third) = ((c * piece + i) * d, (c * piece + i) * 5)
          draws[c].append(Array(flat[first ..< first + d]))
          statistics[c].append(Array(second[third ..< third + 5]))
        }
      }
    }
    return (draws, statistics)
  }

  private static let moments: [(String, @Sendable ([Double]) -> Double)] = [
    ("x", { $0[0] }), ("y", { $0[1] }), ("x²", { $0[0] * $0[0] }), ("xy", { $0[0] * $0[1] }),
    ("x³", { $0[0] * $0[0] * $0[0] }), ("y³", { $0[1] * $0[1] * $0[1] }),
  ]

  /// Mean change of each moment over one transition, in deviations of that mean.
  private func changes(_ before: [[Double]], _ after: [[Double]]) -> [(String, Double)] {
    Self.moments.map { name, f in
      let (mean, deviation) = meanAndDeviation(zip(before, after).map { f($1) - f($0) })
      return (name, mean / deviation)
    }
  }

  /// From exact draws one transition leaves every moment as it was, up to the third: |z| < 4.
  @Test(arguments: [
    "kernel=mala step_size=0.4", "kernel=hmc step_size=0.45 leapfrog_steps=5",
    "kernel=nuts step_size=0.5", "kernel=nuts step_size=1.1 max_tree_depth=3",
  ])
  func adjustedKernelsLeaveTheTarget(_ options: String) throws {
    let before = Self.exactDraws(60_000, seed: 17)
    let result = try Self.run(Self.skewed, options + " warmup=0 seed=3", start: before, n: 1)
    let after = result.draws.map { $0[0] }
    for (name, z) in changes(before, after) { #expect(abs(z) < 4, "\(name): \(z)") }
    let acceptance = result.statistics.reduce(0) { $0 + $1[0][1] } / Double(before.count)
    #expect(acceptance > 0.4 && acceptance < 0.999)
  }

  /// The same check on a Metropolis rule with its ratio of proposals reversed gives more than ten:
  /// it has the power to see it.
  @Test func aReversedRatioIsSeen() {
    let before = Self.exactDraws(60_000, seed: 17)
    var numbers = Numbers(seed: 5)
    let step = 0.4
    let after = before.map { x -> [Double] in
      let (lx, sx) = Self.skewed.value(x)
      let y = (0 ..< 2).map { x[$0] + step * sx[$0] + (2 * step).squareRoot() * numbers.normal() }
      let (ly, sy) = Self.skewed.value(y)
      func proposal(_ to: [Double], _ from: [Double], _ s: [Double]) -> Double {
        -(0 ..< 2).reduce(0.0) { $0 + pow(to[$1] - from[$1] - step * s[$1], 2) } / (4 * step)
      }
      let wrong = ly - lx + proposal(y, x, sx) - proposal(x, y, sy)
      return log(numbers.next()) < wrong ? y : x
    }
    #expect(changes(before, after).contains { abs($0.1) > 10 })
  }

  /// Unadjusted Langevin on N(0, v): variance v/(1 − ε/(2v)); after 40 relaxation times, of 4,000
  /// chains.
  @Test func langevinHasItsKnownBias() throws {
    let v = 1.7
    let density = TestDensity(dimension: 1) { (-0.5 * $0[0] * $0[0] / v, [-$0[0] / v]) }
    let start = (0 ..< 4000).map { _ in [0.0] }
    let step = 0.3
    let result = try Self.run(
      density, "kernel=langevin step_size=\(step) thin=250 seed=2", start: start, n: 1)
    let squares = result.draws.map { $0[0][0] * $0[0][0] }
    let (mean, deviation) = meanAndDeviation(squares)
    #expect(abs(mean - v / (1 - step / (2 * v))) < 5 * deviation)
  }

  /// BAOAB's positions are exact on a Gaussian below h = 2/ω, even at hω = 1.15, where a leapfrog
  /// without friction is off by half.
  @Test func underdampedIsExactOnGaussians() throws {
    let v = 1.7
    let density = TestDensity(dimension: 1) { (-0.5 * $0[0] * $0[0] / v, [-$0[0] / v]) }
    let start = (0 ..< 4000).map { _ in [0.3] }
    let result = try Self.run(
      density, "kernel=underdamped step_size=1.5 friction=1 thin=60 seed=7", start: start, n: 1)
    let squares = result.draws.map { $0[0][0] * $0[0][0] }
    let (mean, deviation) = meanAndDeviation(squares)
    #expect(abs(mean - v) < 5 * deviation)
    // The leapfrog's own stationary variance would be v/(1 − h²/(4v)).
    #expect(abs(mean - v / (1 - 1.5 * 1.5 / (4 * v))) > 10 * deviation)
  }

  /// Elsewhere its bias is of second order in the step: of the mean of U′² − U″, which is 0 under
  /// every density of energy U.
  @Test func underdampedBiasIsOfSecondOrder() throws {
    func bias(_ step: Double, thin: Int, chains: Int) throws -> (Double, Double) {
      let density = QuarticDensity(dimension: 500)
      let start = (0 ..< chains).map { chain in
        (0 ..< 500).map { -0.45 + 0.7 * sin(Double(chain * 500 + $0)) }
      }
      // Every draw is 0.64 in time after the last; after 12 where they began is forgotten.
      let draws = try Self.run(
        density, "kernel=underdamped friction=0.5 seed=3 step_size=\(step) thin=\(thin)",
        start: start, n: 70
      ).draws
      let means = draws.map { chain -> Double in
        chain.dropFirst(20).reduce(0.0) { sum, x in
          sum
            + x.reduce(0.0) { total, x in
              let slope = x * x * x + 0.7
              return total + slope * slope - 3 * x * x
            }
        } / Double(50 * 500)
      }
      let mean = means.reduce(0, +) / Double(chains)
      let square = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (mean, (square / Double(chains * (chains - 1))).squareRoot())
    }
    let (coarse, first) = try bias(0.32, thin: 2, chains: 60)
    let (fine, second) = try bias(0.16, thin: 4, chains: 400)
    let slope = log2(coarse / fine)
    let deviation = hypot(first / coarse, second / fine) / log(2)
    #expect(deviation < 0.4)
    #expect(abs(slope - 2) < 3 * deviation + 0.3, "slope \(slope) ± \(deviation)")
  }

  /// Warm-up finds steps and a metric on a target of very unequal scales; moments within 4
  /// deviations by the effective sample size.
  @Test(arguments: [
    "kernel=nuts", "kernel=nuts metric=dense", "kernel=hmc metric=dense",
    "kernel=mala metric=dense",
  ])
  func adaptsToUnequalScales(_ options: String) throws {
    // Covariance diag(9, 0.04) turned, mean (5, −1).
    let (c, s) = (cos(0.6), sin(0.6))
    let precision = [
      c * c / 9 + s * s / 0.04, c * s * (1 / 9.0 - 1 / 0.04), s * s / 9 + c * c / 0.04,
    ]
    let density = TestDensity(dimension: 2) { p in
      let (x, y) = (p[0] - 5, p[1] + 1)
      let (gx, gy) = (precision[0] * x + precision[1] * y, precision[1] * x + precision[2] * y)
      return (-0.5 * (x * gx + y * gy), [-gx, -gy])
    }
    let result = try Self.run(density, options + " seed=11", n: 2000)
    let variances = [9 * c * c + 0.04 * s * s, 9 * s * s + 0.04 * c * c]
    let means = [5.0, -1.0]
    for j in 0 ..< 2 {
      let chains = result.draws.map { $0.map { $0[j] } }
      let flat = chains.flatMap { $0 }
      let mean = flat.reduce(0, +) / Double(flat.count)
      // Deviation of the mean from the scatter of 40 stretches.
      let stretches = chains.flatMap { chain in
        stride(from: 0, to: 2000, by: 200).map { chain[$0 ..< $0 + 200].reduce(0, +) / 200 }
      }
      let (_, deviation) = meanAndDeviation(stretches)
      #expect(abs(mean - means[j]) < 5 * deviation, "\(j): \(mean) ± \(deviation)")
      let variance = flat.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(flat.count)
      #expect(abs(variance / variances[j] - 1) < 0.25)
    }
  }

  /// Pieces of a run are the run, warm-up included.
  @Test(arguments: ["nuts", "hmc", "mala", "langevin", "underdamped"])
  func piecesAreTheWhole(_ kernel: String) throws {
    let options = "kernel=\(kernel) warmup=120 seed=5"
    let whole = try Self.run(Self.skewed, options, n: 50)
    let parts = try Self.run(Self.skewed, options, n: 50, pieces: [1, 20, 29])
    #expect(whole.draws == parts.draws)
    #expect(whole.statistics == parts.statistics)
  }

  /// NaN rejects the proposal and is counted; where nothing moves, a run ends with the position.
  @Test func notFiniteIsRejected() throws {
    let half = TestDensity(dimension: 1) { p in
      p[0] > 0 ? (-p[0], [-1]) : (.nan, [.nan])
    }
    let start = (0 ..< 500).map { [0.1 + 0.01 * Double($0)] }
    let result = try Self.run(half, "kernel=mala step_size=0.3 warmup=0", start: start, n: 300)
    let values = result.draws.flatMap { $0.suffix(100).map { $0[0] } }
    #expect(values.allSatisfy { $0 > 0 })
    // An exponential variable: mean 1; 500 chains of about 20 independent draws.
    #expect(abs(values.reduce(0, +) / Double(values.count) - 1) < 0.06)

    let point = TestDensity(dimension: 1) { p in p[0] == 0.5 ? (0, [0]) : (.nan, [.nan]) }
    do {
      _ = try Self.run(
        point, "kernel=mala step_size=0.1 warmup=0", start: [[0.5], [0.5]], n: 1000)
      Issue.record("no error")
    } catch let error as SteinError {
      #expect(error.code == .diverged && error.message.contains("[0.5]"))
    }
    do {
      _ = try Self.run(point, "kernel=nuts", start: [[0.5], [0.7]], n: 10)
      Issue.record("no error")
    } catch let error as SteinError {
      #expect(error.code == .badValue && error.message.contains("chain 1"))
    }
  }
}
