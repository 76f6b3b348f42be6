import Glibc
import Platform
import Stein
import TestSupport
import Testing

/// Samples against densities and against each other: by definition, in the mean of their laws, and
/// as tests.
@Suite struct DiagnosticsTests {
  typealias Rows = [[Double]]

  static func stein(
    _ x: Rows, _ scores: Rows, _ options: String = "", pValue: Bool = false, threads: Int = 1,
    monitor: any Monitor = Unwatched()
  ) throws -> Discrepancy {
    let context = try Context(options: "threads=\(threads)", allocator: nil)
    return try both(x, scores) {
      try SteinDiscrepancy(context, x: $0, scores: $1, options: options, monitor: monitor)
        .measure(withPValue: pValue)
    }
  }

  static func mean(
    _ a: Rows, _ b: Rows, _ options: String = "", pValue: Bool = false, threads: Int = 1,
    monitor: any Monitor = Unwatched()
  ) throws -> Discrepancy {
    let context = try Context(options: "threads=\(threads)", allocator: nil)
    return try both(a, b) {
      try MeanDiscrepancy(context, a: $0, b: $1, options: options, monitor: monitor)
        .measure(withPValue: pValue)
    }
  }

  static func sliced(
    _ a: Rows, _ b: Rows, _ options: String = "", threads: Int = 1,
    monitor: any Monitor = Unwatched()
  ) throws -> Double {
    let context = try Context(options: "threads=\(threads)", allocator: nil)
    return try both(a, b) {
      try SlicedWasserstein(context, a: $0, b: $1, options: options, monitor: monitor).measure()
    }
  }

  static func both<T>(_ a: Rows, _ b: Rows, _ body: (TensorView, TensorView) throws -> T) throws
    -> T
  {
    var result: T?
    try tensor(a) { first in try tensor(b) { second in result = try body(first, second) } }
    guard let result else { throw SteinError(.internal, "no rows") }
    return result
  }

  /// Skewed, correlated and of unlike scales: x is the logarithm of a Gamma(2) variable, y is
  /// N(x/2, 0.7²) in units of 1/30.
  static func skewed(_ count: Int, seed: UInt64) -> (x: Rows, scores: Rows) {
    let x = ChainTests.exactDraws(count, seed: seed)
    return (x.map { [$0[0], 30 * $0[1]] }, x.map { scoreOfSkewed($0) })
  }

  static func scoreOfSkewed(_ x: [Double]) -> [Double] {
    let score = ChainTests.skewed.value(x).1
    return [score[0], score[1] / 30]
  }

  static func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  static func squaredDistance(_ a: [Double], _ b: [Double]) -> Double {
    let off = zip(a, b).map { $0 - $1 }
    return dot(off, off)
  }

  // MARK: By definition

  /// u from differences of k alone: s·s′ k + s·∇′k + s′·∇k + tr ∇∇′k.
  @Test(arguments: [
    "kernel=imq length=1.3 exponent=-0.4", "kernel=imq", "kernel=gaussian length=2",
  ])
  func steinKernelIsThatOfItsDerivatives(options: String) throws {
    let (x, y) = ([0.3, -1.2, 0.8], [1.1, 0.4, -0.5])
    let (s, t) = ([0.7, 0.2, -1.5], [-0.4, 2.0, 0.6])
    func k(_ a: [Double], _ b: [Double]) -> Double {
      let r = DiagnosticsTests.squaredDistance(a, b)
      if options.contains("gaussian") { return exp(-r / 8) }
      return options == "kernel=imq" ? pow(1 + r, -0.5) : pow(1 + r / 1.69, -0.4)
    }
    let h = 1e-3
    func moved(_ a: [Double], _ c: Int, _ by: Double) -> [Double] {
      var result = a
      result[c] += by
      return result
    }
    var u = DiagnosticsTests.dot(s, t) * k(x, y)
    for c in 0 ..< 3 {
      u += s[c] * (k(x, moved(y, c, h)) - k(x, moved(y, c, -h))) / (2 * h)
      u += t[c] * (k(moved(x, c, h), y) - k(moved(x, c, -h), y)) / (2 * h)
      for (a, b) in [(1.0, 1.0), (1, -1), (-1, 1), (-1, -1)] {
        u += a * b * k(moved(x, c, a * h), moved(y, c, b * h)) / (4 * h * h)
      }
    }
    // With two rows the U-statistic is u itself. Differences are right to h².
    let found = try DiagnosticsTests.stein([x, y], [s, t], options + " scale=none").value
    #expect(abs(found - u) < 1e-5 * max(1, abs(u)))
  }

  /// Σ over all pairs in the order of the text; tiles are of 128 rows.
  @Test(arguments: [2, 7, 128, 129, 300])
  func steinDiscrepancyIsItsSum(n: Int) throws {
    let (x, scores) = DiagnosticsTests.skewed(n, seed: 3)
    let scales = (0 ..< 2).map { c -> Double in
      let mean = x.reduce(0) { $0 + $1[c] } / Double(n)
      return (x.reduce(0) { $0 + ($1[c] - mean) * ($1[c] - mean) } / Double(n)).squareRoot()
    }
    let z = x.map { row in (0 ..< 2).map { row[$0] / scales[$0] } }
    let s = scores.map { row in (0 ..< 2).map { row[$0] * scales[$0] } }
    var (pairs, trace) = (0.0, 0.0)
    for i in 0 ..< n {
      for j in 0 ..< n {
        let r = DiagnosticsTests.squaredDistance(z[i], z[j])
        let cross = (0 ..< 2).reduce(0) { $0 + (s[j][$1] - s[i][$1]) * (z[i][$1] - z[j][$1]) }
        let u =
          DiagnosticsTests.dot(s[i], s[j]) * pow(1 + r, -0.5) - pow(1 + r, -1.5) * cross + 2
          * pow(1 + r, -1.5) - 3 * pow(1 + r, -2.5) * r
        if i == j { trace += u } else { pairs += u }
      }
    }
    let count = Double(n)
    let unbiased = try DiagnosticsTests.stein(x, scores).value
    let all = try DiagnosticsTests.stein(x, scores, "statistic=v").value
    // Rounding, against the size of the terms.
    #expect(abs(unbiased - pairs / count / (count - 1)) < 1e-12 * trace / count)
    #expect(abs(all - (pairs + trace) / count / count) < 1e-12 * trace / count)
  }

  @Test(arguments: [(2, 2), (9, 150), (128, 128), (200, 71)])
  func meanDiscrepancyIsItsSum(m: Int, n: Int) throws {
    let (a, b) = (
      DiagnosticsTests.skewed(m, seed: 1).x,
      DiagnosticsTests.skewed(n, seed: 2).x.map { [$0[0] + 0.3, $0[1]] }
    )
    func mean(_ p: Rows, _ q: Rows, same: Bool) -> Double {
      var sum = 0.0
      for (i, x) in p.enumerated() {
        for (j, y) in q.enumerated() where !same || i != j {
          sum += exp(-DiagnosticsTests.squaredDistance(x, y) / (2 * 20 * 20))
        }
      }
      return sum / Double(p.count) / Double(same ? p.count - 1 : q.count)
    }
    let expected = mean(a, a, same: true) + mean(b, b, same: true) - 2 * mean(a, b, same: false)
    let found = try DiagnosticsTests.mean(a, b, "length=20 scale=none", pValue: true)
    #expect(abs(found.value - expected) < 1e-13)
    let turned = try DiagnosticsTests.mean(b, a, "length=20 scale=none").value
    #expect(abs(turned - expected) < 1e-13)
  }

  /// On a line: by the quantile functions on the common refinement of both grids.
  @Test(arguments: [(5, 5), (4, 6), (7, 3), (100, 33)], [1, 2])
  func distanceOnALine(sizes: (Int, Int), order: Int) throws {
    let (m, n) = sizes
    let a = DiagnosticsTests.skewed(m, seed: 4).x.map { [$0[1]] }
    let b = DiagnosticsTests.skewed(n, seed: 5).x.map { [$0[1] - 7] }
    let (p, q) = (a.map { $0[0] }.sorted(), b.map { $0[0] }.sorted())
    let sum = (0 ..< m * n).reduce(0) { $0 + pow(abs(p[$1 / n] - q[$1 / m]), Double(order)) }
    let expected = pow(sum / Double(m * n), 1 / Double(order))
    #expect(abs(try DiagnosticsTests.sliced(a, b, "order=\(order)") - expected) < 1e-12 * expected)
  }

  /// A shift by v: W is |θ · v| in every direction, so SW₂ = ‖v‖/√d, and E |θ · v| = ‖v‖ 2/π for d
  /// = 2.
  @Test func distanceOfAShift() throws {
    let a = DiagnosticsTests.skewed(40, seed: 6).x
    let b = a.map { [$0[0] + 3, $0[1] - 4] }
    let count = 20_000
    let second = try DiagnosticsTests.sliced(a, b, "projections=\(count)")
    // cos² has variance 1/8; |cos| has 1/2 − 4/π².
    #expect(abs(second * second - 12.5) < 4 * 25 * (0.125 / Double(count)).squareRoot())
    let first = try DiagnosticsTests.sliced(a, b, "order=1 projections=\(count)")
    let deviation = 5 * ((0.5 - 4 / (Double.pi * .pi)) / Double(count)).squareRoot()
    #expect(abs(first - 10 / Double.pi) < 4 * deviation)
    #expect(try DiagnosticsTests.sliced(a, Array(a.reversed())) < 1e-12)
  }

  @Test func fisherDivergenceIsItsMean() throws {
    let context = try Context(options: "threads=2", allocator: nil)
    let (x, scores) = DiagnosticsTests.skewed(300, seed: 7)
    let model = try Model(
      context: context, dataset: try dataset(context, x), options: "family=gaussian")
    let trainer = try Trainer(model: model, dataset: try dataset(context, x), options: "")
    _ = try trainer.run(steps: 0, monitor: Unwatched())
    var own = [Double](repeating: 0, count: 600)
    let found = try DiagnosticsTests.both(x, scores) { rows, given in
      try own.withUnsafeMutableBytes { bytes in
        if let base = bytes.baseAddress {
          try model.score(
            x: rows, labels: nil, sigma: 0,
            out: TensorView(type: .float64, shape: [300, 2], strides: [2, 1], base: base),
            monitor: Unwatched())
        }
      }
      return try model.fisherDivergence(
        x: rows, labels: nil, scores: given, sigma: 0, withRelative: true, monitor: Unwatched())
    }
    let flat = scores.flatMap { $0 }
    let square = DiagnosticsTests.squaredDistance(own, flat)
    #expect(abs(found.divergence - square / 600) < 1e-12 * square)
    #expect(abs((found.relative ?? 0) - square / DiagnosticsTests.dot(flat, flat)) < 1e-12)
    // A Gaussian is far from this density, but nearer than no score at all.
    #expect((found.relative ?? 0) > 0.05 && (found.relative ?? 1) < 0.9)
  }
}
