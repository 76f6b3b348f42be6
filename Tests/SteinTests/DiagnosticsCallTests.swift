import Glibc
import Platform
import Stein
import Synchronization
import Testing

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

  /// When it was asked, by what its thread worked until then, and from which question on it says
  /// stop.
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
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      let now = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
      let count = times.withLock {
        $0.append(now)
        return $0.count
      }
      if count > limit { throw SteinError(.cancelled, "stopped") }
    }
    /// The longest work between two questions, in seconds.
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
      { _ = try Own.stein(x, scores, "kernel=gaussian", monitor: $0) },
      { _ = try Own.mean(x, scores, pValue: true, monitor: $0) },
      { _ = try Own.sliced(x, scores, "projections=200", monitor: $0) },
      { _ = try Own.stein(wide, wide, pValue: true, monitor: $0) },
      { _ = try Own.mean(wide, wide, monitor: $0) },
      { _ = try Own.sliced(wide, wide, "projections=20", monitor: $0) },
    ]
    for (index, call) in calls.enumerated() {
      let whole = Watch(limit: .max)
      try call(whole)
      // R17, with room for slow machines; what else a machine does is not counted.
      #expect(whole.longest < 0.5, "call \(index): \(whole.longest) s")
      // On one thread the questions are the same in every run.
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
