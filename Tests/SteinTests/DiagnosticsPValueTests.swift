import Glibc
import Stein
import TestSupport
import Testing

/// Whether p-values are what they say.
@Suite struct DiagnosticsPValueTests {
  typealias Own = DiagnosticsTests

  /// How often p ≤ 0.05; with 99 bootstraps that has probability 0.05 exactly where values are
  /// exchangeable.
  static func rejections(_ count: Int, _ pValue: (UInt64) throws -> Double?) rethrows -> Double {
    let found = try (0 ..< count).filter { try pValue(UInt64($0)) ?? 2 <= 0.05 }
    return Double(found.count) / Double(count)
  }

  /// Four deviations of a rate of 5 %.
  static func slack(_ count: Int) -> Double { 4 * (0.05 * 0.95 / Double(count)).squareRoot() }

  @Test(arguments: ["kernel=imq", "kernel=gaussian", "scale=robust", "change_probability=0.5"])
  func steinOfIndependentRows(options: String) throws {
    let rate = try Self.rejections(400) { seed in
      let (x, scores) = Own.skewed(100, seed: seed)
      return try Own.stein(x, scores, "bootstraps=99 seed=\(seed) " + options, pValue: true).pValue
    }
    #expect(abs(rate - 0.05) < Self.slack(400), "\(rate)")
  }

  /// Autoregressive draws of N(0, C); `alternating`: places go to and fro, energies are slow, as
  /// those of NUTS.
  static func chain(_ count: Int, _ phi: Double, seed: UInt64, alternating: Bool = false) -> (
    x: [[Double]], scores: [[Double]]
  ) {
    var numbers = Numbers(seed: seed)
    var z = [numbers.normal(), numbers.normal()]
    var x: [[Double]] = []
    for step in 0 ..< count {
      z = z.map { phi * $0 + (1 - phi * phi).squareRoot() * numbers.normal() }
      let sign: Double = alternating && step % 2 == 1 ? -1 : 1
      x.append([sign * 40 * z[0], sign * (0.9 * z[0] + 0.5 * z[1])])
    }
    // x = 40 u, y = 0.9 u + 0.5 v.
    let scores = x.map { row -> [Double] in
      let u = row[0] / 40
      let v = (row[1] - 0.9 * u) / 0.5
      return [-(u - 0.9 * v / 0.5) / 40, -v / 0.5]
    }
    return (x, scores)
  }

  @Test(arguments: [(0.5, false), (0.8, false), (0.9, true)])
  func steinOfChains(phi: Double, alternating: Bool) throws {
    func rate(_ options: String) throws -> Double {
      try Self.rejections(200) { seed in
        let (x, scores) = Self.chain(400, phi, seed: seed, alternating: alternating)
        return try Own.stein(x, scores, "bootstraps=99 seed=\(seed)" + options, pValue: true)
          .pValue
      }
    }
    // Independent signs take what draws remember for what they say.
    #expect(try rate(" change_probability=0.5") > 0.05 + Self.slack(200))
    #expect(try rate("") < 0.05 + Self.slack(200))
  }

  @Test func meanOfOneLaw() throws {
    for (m, n) in [(60, 60), (80, 30)] {
      let rate = try Self.rejections(400) { seed in
        let (a, b) = (Own.skewed(m, seed: seed).x, Own.skewed(n, seed: seed + 7777).x)
        return try Own.mean(a, b, "permutations=99 seed=\(seed)", pValue: true).pValue
      }
      #expect(abs(rate - 0.05) < Self.slack(400), "\(rate)")
    }
  }

  /// A Gaussian of the same mean and covariance as the skewed density, and a wider sample, are
  /// found out.
  @Test func wrongTargets() throws {
    let (x, scores) = Own.skewed(600, seed: 8)
    var numbers = Numbers(seed: 9)
    // ln Gamma(2) has mean 1 − γ and variance π²/6 − 1.
    let (mean, variance) = (1 - 0.577_215_664_9, Double.pi * .pi / 6 - 1)
    let gaussian = x.map { _ -> [Double] in
      let u = mean + variance.squareRoot() * numbers.normal()
      return [u, 0.5 * u + 0.7 * numbers.normal()]
    }
    let placed = gaussian.map { [$0[0], 30 * $0[1]] }
    #expect(try Own.stein(x, scores, pValue: true).pValue ?? 0 > 0.05)
    #expect(
      try Own.stein(placed, gaussian.map(Own.scoreOfSkewed), pValue: true).pValue ?? 1 < 0.01)
    let wide = x.map { [$0[0], 1.4 * $0[1]] }
    #expect(
      try Own.stein(
        wide, wide.map { Own.scoreOfSkewed([$0[0], $0[1] / 30]) }, pValue: true
      ).pValue ?? 1 < 0.01)
    let other = Own.skewed(400, seed: 10).x
    #expect(try Own.mean(wide, other, pValue: true).pValue ?? 1 < 0.01)
    #expect(try Own.mean(x, other, pValue: true).pValue ?? 0 > 0.05)
    // Correlation alone, with the same columns.
    let shuffled = x.indices.map { [x[$0][0], x[($0 + 1) % x.count][1]] }
    #expect(try Own.mean(shuffled, other, pValue: true).pValue ?? 1 < 0.01)
  }
}
