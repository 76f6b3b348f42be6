import Glibc
import Platform
import Stein
import Synchronization
import TestSupport
import Testing

/// Calls of odd shapes: debug builds check every index.
@Suite struct SamplingCallTests {
  /// Correlated, of unequal columns.
  private func table(_ count: Int, _ columns: Int) -> [[Double]] {
    (0 ..< count).map { i in
      (0 ..< columns).map { j in
        let t = Double(i)
        return (1 + Double(j)) * (sin(t * (0.7 + 0.1 * Double(j))) + 0.3 * cos(1.3 * t))
      }
    }
  }

  /// Every call once, with rows that fill no shard and more observations than columns.
  private func drive(_ model: Model, _ columns: Int, rows count: Int, isNormalized: Bool) throws {
    let x = table(count, columns)
    let gaps = x.map { row in row.enumerated().map { $0.offset % 2 == 0 ? .nan : $0.element } }
    let matrix = table(2 * columns + 3, columns)
    let y = x.map { row in
      matrix.map { line in zip(line, row).reduce(0) { $0 + $1.0 * $1.1 } }
    }
    func check(_ drawn: [[Double]]) {
      #expect(drawn.allSatisfy { $0.allSatisfy(\.isFinite) })
    }
    for options in ["steps=3", "steps=3 method=dps", "steps=3 method=replacement"] {
      check(
        try rows(count, columns) { out in
          try tensor(gaps) {
            try model.impute(
              x: $0, known: nil, labels: nil, options: options, out: out, monitor: Unwatched())
          }
        })
    }
    check(
      try rows(count, columns) { out in
        try tensor(matrix) { matrix in
          try tensor(y) {
            try model.samplePosterior(
              matrix: matrix, y: $0, labels: nil, options: "steps=3 temperature=0.5", out: out,
              monitor: Unwatched())
          }
        }
      })
    for options in ["tolerance=0.1", "tolerance=0.1 trace=hutchinson probes=3"] {
      var spread: [Double] = []
      let found = try vector(count) { out in
        spread = try vector(count) { deviation in
          try tensor(x) {
            try model.logLikelihood(
              x: $0, labels: nil, options: "method=flow " + options, out: out,
              deviation: deviation, monitor: Unwatched())
          }
        }
      }
      check([found, spread])
    }
    guard isNormalized else { return }
    var weights: [Double] = []
    let drawn = try rows(count, columns) { out in
      weights = try vector(count) {
        try model.sampleWeighted(
          labels: nil, options: "steps=2", out: out, logWeights: $0, monitor: Unwatched())
      }
    }
    check(drawn + [weights])
  }

  @Test(arguments: [1, 3], [1, 65]) func oddShapes(_ columns: Int, _ count: Int) throws {
    let data = table(80, columns)
    let gaussian = try fitted(data, model: "family=gaussian").model
    try drive(gaussian, columns, rows: count, isNormalized: true)
    let network = try fitted(data, model: "widths=8", trainer: "steps=5").model
    try drive(network, columns, rows: count, isNormalized: false)
  }

  /// Beyond 128 columns the covariance of the data is not kept.
  @Test func manyColumns() throws {
    let model = try fitted(table(40, 130), model: "widths=8", trainer: "steps=2").model
    let x = table(2, 130).map { row in row.enumerated().map { $0.offset < 60 ? .nan : $0.element } }
    let drawn = try rows(2, 130) { out in
      try tensor(x) {
        try model.impute(
          x: $0, known: nil, labels: nil, options: "steps=2 temperature=0.5", out: out,
          monitor: Unwatched())
      }
    }
    #expect(drawn.allSatisfy { $0.allSatisfy(\.isFinite) })
  }

  /// Asks to stop once rows are whole.
  private final class Stopping: Monitor {
    private let reached = Atomic(0)

    var step: Int { reached.load(ordering: .relaxed) }
    func begin(steps: Int) {}
    func report(step: Int) { reached.store(step, ordering: .relaxed) }
    func report(loss: Double, validation: Double) {}
    var stopRequested: Bool { step > 0 }
    func poll() throws(SteinError) {
      if stopRequested { throw SteinError(.cancelled, "the call was cancelled") }
    }
  }

  /// A stopped call has written the rows that it told of (R3), for a density at once too.
  @Test func stoppedLikelihoodHoldsItsRows() throws {
    let model = try fitted(table(60, 2), model: "family=gaussian", threads: 1).model
    let x = table(1000, 2)
    func logDensities(_ monitor: any Monitor, _ out: TensorView) throws {
      try tensor(x) {
        try model.logLikelihood(
          x: $0, labels: nil, options: "", out: out, deviation: nil, monitor: monitor)
      }
    }
    let whole = try vector(1000) { try logDensities(Unwatched(), $0) }
    let monitor = Stopping()
    let part = vector(1000) { out in
      #expect(throws: SteinError.self) { try logDensities(monitor, out) }
    }
    #expect(monitor.step > 0 && monitor.step < 1000)
    #expect(part.prefix(monitor.step) == whole.prefix(monitor.step))
  }

  /// Matrix rows of any size count alike, and one that says nothing beside its noise takes nothing
  /// from the others.
  @Test func sizesOfObservations() throws {
    let model = try fitted(table(200, 2), model: "family=gaussian").model
    func drawn(_ matrix: [[Double]], _ y: [Double], _ options: String) throws -> [Double] {
      try rows(1, 2) { out in
        try tensor(matrix) { matrix in
          try tensor([y]) {
            try model.samplePosterior(
              matrix: matrix, y: $0, labels: nil, options: "steps=10 " + options, out: out,
              monitor: Unwatched())
          }
        }
      }[0]
    }
    let usual = try drawn([[1, 0]], [0.5], "")
    for size in [1e-310, 1e-200, 1e-5, 1e200] {
      let other = try drawn([[size, 0]], [0.5 * size], "")
      #expect(abs(other[0] - usual[0]) < 1e-3 && abs(other[1] - usual[1]) < 1e-3, "\(size)")
    }
    let noisy = try drawn([[1, 0], [1e-300, 0]], [0.5, 7], "noise=0.1")
    #expect(abs(noisy[0] - 0.5) < 0.5)
  }
}
