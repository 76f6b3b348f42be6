import Execution
import Glibc
import Stein
import Synchronization
import TestSupport
import Testing

/// Samples against densities and against each other: by definition, in the mean of their laws, and as tests.
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

  /// Skewed, correlated and of unlike scales: x is the logarithm of a Gamma(2) variable, y is N(x/2, 0.7²) in units of 1/30.
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

  /// A shift by v: W is |θ · v| in every direction, so SW₂ = ‖v‖/√d, and E |θ · v| = ‖v‖ 2/π for d = 2.
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

/// Whether p-values are what they say.
@Suite struct DiagnosticsAsTestsTests {
  typealias Own = DiagnosticsTests

  /// How often p ≤ 0.05; with 99 bootstraps that has probability 0.05 exactly where values are exchangeable.
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

  /// Autoregressive draws of N(0, C); `alternating`: places go to and fro, energies are slow, as those of NUTS.
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

  /// A Gaussian of the same mean and covariance as the skewed density, and a wider sample, are found out.
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

/// R3, R15, R17: bits, refusals and stopping.
@Suite struct DiagnosticsCallTests {
  typealias Own = DiagnosticsTests

  @Test func sameBitsForAnyThreads() throws {
    let (x, scores) = Own.skewed(700, seed: 11)
    let other = Own.skewed(400, seed: 12).x
    func all(_ threads: Int, _ seed: Int) throws -> [Double?] {
      let stein = try Own.stein(x, scores, "seed=\(seed)", pValue: true, threads: threads)
      let mean = try Own.mean(x, other, "seed=\(seed)", pValue: true, threads: threads)
      let sliced = try Own.sliced(x, other, "seed=\(seed)", threads: threads)
      return [stein.value, stein.pValue, mean.value, mean.pValue, sliced]
    }
    let one = try all(1, 5)
    #expect(try all(2, 5) == one)
    #expect(try all(3, 5) == one)
    let again = try all(1, 6)
    #expect(again[0] == one[0] && again[2] == one[2] && again[4] != one[4])
  }

  private func status(_ body: () throws -> Void) -> SteinError? {
    do {
      try body()
      return nil
    } catch { return error as? SteinError }
  }

  @Test func refusals() throws {
    let x = [[1.0, 2], [2, 5], [0, 1]]
    func expect(_ code: SteinError.Code, _ text: String, _ body: () throws -> Void) {
      let found = status(body)
      #expect(
        found?.code == code && found?.message.contains(text) == true, "\(String(describing: found))"
      )
    }
    let spoilt = [[1.0, 2], [2, .nan], [0, 1]]
    expect(.notFinite, "row 1, column 1 of x is nan") { _ = try Own.stein(spoilt, x) }
    expect(.notFinite, "row 1, column 1 of scores is nan") { _ = try Own.stein(x, spoilt) }
    expect(.notFinite, "row 1, column 1 of b is nan") { _ = try Own.mean(x, spoilt) }
    expect(.notFinite, "row 1, column 1 of a is nan") { _ = try Own.sliced(spoilt, x) }
    expect(.badShape, "two rows") { _ = try Own.stein([[1, 2]], [[1, 2]]) }
    expect(.badShape, "scores has shape [2, 2]") { _ = try Own.stein(x, Array(x.prefix(2))) }
    expect(.badShape, "two rows") { _ = try Own.mean(x, [[1, 2]]) }
    expect(.badShape, "b has rows of 1 numbers") { _ = try Own.sliced(x, [[1], [2]]) }
    expect(.badOption, "exponent") { _ = try Own.stein(x, x, "kernel=gaussian exponent=-0.3") }
    expect(.badOption, "order") { _ = try Own.sliced(x, x, "order=3") }
    expect(.badOption, "change_probability") { _ = try Own.stein(x, x, "change_probability=0.6") }
    expect(.diverged, "large") { _ = try Own.stein(x, [[1e300, 0], [0, 1e300], [1, 1]]) }
    expect(.diverged, "not finite") { _ = try Own.sliced([[1e300], [0]], [[-1e300], [1]]) }
  }

  /// Rows that are alike, columns that do not vary and scores of 0 have figures too.
  @Test func degenerateRows() throws {
    let same = [[Double]](repeating: [3, -1], count: 20)
    let mean = try Own.mean(same, same, pValue: true)
    #expect(mean.value == 0 && mean.pValue == 1)
    #expect(try Own.sliced(same, same) == 0)
    for options in ["", "scale=robust", "kernel=gaussian"] {
      let stein = try Own.stein(same, same, options, pValue: true)
      #expect(stein.value > 0 && (stein.pValue ?? 2) < 0.05)
      #expect(try Own.stein(same, same.map { _ in [0, 0] }, options, pValue: true).value > 0)
    }
  }

  /// When it was asked, and from which question on it says stop.
  private final class Watch: Monitor {
    private let times = Mutex<[UInt64]>([])
    private let limit: Int
    init(limit: Int) { self.limit = limit }
    func begin(steps: Int) {}
    func report(step: Int) {}
    func report(loss: Double, validation: Double) {}
    var stopRequested: Bool { false }
    func poll() throws(SteinError) {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      let now = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
      let count = times.withLock {
        $0.append(now)
        return $0.count
      }
      if count > limit { throw SteinError(.cancelled, "stopped") }
    }
    /// The longest time between two questions, in seconds.
    var longest: Double {
      times.withLock { t in zip(t, t.dropFirst()).map { Double($1 - $0) * 1e-9 }.max() ?? 0 }
    }
    var count: Int { times.withLock { $0.count } }
  }

  @Test func stopsAndAsksOften() throws {
    let (x, scores) = Own.skewed(3000, seed: 13)
    let wide = (0 ..< 4).map { r in (0 ..< 200_000).map { Double(($0 * 7 + r * r) % 13) } }
    let calls: [(any Monitor) throws -> Void] = [
      { _ = try Own.stein(x, scores, pValue: true, monitor: $0) },
      { _ = try Own.stein(x, scores, "kernel=gaussian", threads: 2, monitor: $0) },
      { _ = try Own.mean(x, scores, pValue: true, monitor: $0) },
      { _ = try Own.sliced(x, scores, "projections=200", monitor: $0) },
      { _ = try Own.stein(wide, wide, pValue: true, monitor: $0) },
      { _ = try Own.mean(wide, wide, monitor: $0) },
      { _ = try Own.sliced(wide, wide, "projections=20", monitor: $0) },
    ]
    for (index, call) in calls.enumerated() {
      let whole = Watch(limit: .max)
      try call(whole)
      // R17 with room for a busy machine.
      #expect(whole.longest < 0.1, "call \(index): \(whole.longest) s")
      for share in [0, whole.count / 3, whole.count / 2, whole.count * 9 / 10] {
        let watch = Watch(limit: share)
        #expect(status { try call(watch) }?.code == .cancelled, "call \(index) at \(share)")
      }
    }
  }

  /// Memory grows with the rows, not their square: 64 MB would hold a matrix of 2,900 rows.
  @Test func memoryIsBounded() throws {
    let (x, scores) = Own.skewed(6000, seed: 14)
    func run(_ limit: Int) throws -> Discrepancy {
      let context = try Context(options: "threads=1 memory_limit=\(limit)", allocator: nil)
      return try Own.both(x, scores) {
        try SteinDiscrepancy(
          context, x: $0, scores: $1, options: "bootstraps=200", monitor: Unwatched()
        ).measure(withPValue: true)
      }
    }
    #expect(try run(3_000_000).value == Own.stein(x, scores).value)
    #expect(throws: OutOfMemory.self) { try run(200_000) }
  }
}
