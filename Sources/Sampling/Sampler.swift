import Core
import Glibc
import Kernels
package import Platform

/// A way to draw rows: where it begins, and how it moves them.
package protocol Sampler: Sendable {
  /// The noise level of the first state.
  var firstSigma: Double { get }

  /// Stretches of memory, as large as the state, that the method wants.
  var spares: Int { get }

  /// Whether it asks for energies too.
  var needsEnergy: Bool { get }

  /// Whether all its states are of one noise level.
  var isOneLevel: Bool { get }

  /// Moves the rows to the end.
  ///
  /// Work on a row must not depend on other rows.
  func sample(_ batch: SampleBatch, _ scaledScore: ScaledScore) throws
}

extension Sampler {
  package var needsEnergy: Bool { false }
  package var isOneLevel: Bool { false }
}

/// The rows of one shard on their way from noise to data, in Double.
package struct SampleBatch {
  /// [rows, D], in units of u.
  package let state: View<Double>
  private let spares: View<Double>
  package let normals: View<Float>
  package let rows: Int
  package let dimension: Int
  /// Number of the first row: with the seed it decides what is random.
  package let firstIndex: UInt64
  package let seed: UInt64
  /// ln of each row's importance, [rows], where it is asked for: the start's is there already.
  package var logWeights: View<Double>?
  /// Keeps states on the way.
  package var recorder: Recorder?
  /// Stands in for the random numbers of an occasion.
  package var noise: ((_ normals: View<Float>, _ step: Int) -> Void)?

  package init(
    state: View<Double>, spares: View<Double>, normals: View<Float>, rows: Int, dimension: Int,
    firstIndex: UInt64, seed: UInt64
  ) {
    (self.state, self.spares, self.normals) = (state, spares, normals)
    (self.rows, self.dimension, self.firstIndex, self.seed) = (rows, dimension, firstIndex, seed)
  }

  package var count: Int { rows * dimension }

  /// One of the stretches that the method asked for.
  func spare(_ index: Int) -> View<Double> { spares.slice(index * count, count) }

  /// Several of them in one.
  func spare(_ range: Range<Int>) -> View<Double> {
    spares.slice(range.lowerBound * count, range.count * count)
  }

  /// Fresh standard normals for every row; `step` numbers the occasion.
  func draw(_ stream: UInt8, step: Int) {
    if let noise {
      noise(normals, step)
      return
    }
    let source = RandomSource(seed: seed, stream: stream, step: UInt32(truncatingIfNeeded: step))
    normals.fillNormal(rows: rows, columns: dimension, source, firstRow: firstIndex)
  }

  /// A number in (0, 1) for one row.
  func uniform(_ stream: UInt8, row: Int, step: Int) -> Double {
    let source = RandomSource(seed: seed, stream: stream, step: UInt32(truncatingIfNeeded: step))
    let words = source.words(row: firstIndex &+ UInt64(row))
    return (Double((UInt64(words[0]) << 32 | UInt64(words[1])) >> 11) + 0.5) * 0x1p-53
  }

  /// Adds noise of a deviation.
  func addNoise(_ deviation: Double, step: Int) {
    guard deviation > 0 else { return }
    draw(Stream.sampler, step: step)
    for i in 0 ..< count { state[i] += deviation * Double(normals[i]) }
  }

  /// Tweedie's formula: x + σ² s = x + σ g.
  func denoise(_ g: View<Double>, sigma: Double) {
    for i in 0 ..< count { state[i] += sigma * g[i] }
  }

  /// Tells that `step` of `total` steps are done.
  func visit(_ step: Int, of total: Int) {
    recorder?.visit(step, of: total, state)
  }
}

/// States on the way, evenly over the steps: the first is the start, the last the end.
package final class Recorder {
  let snapshots: Int
  /// [snapshots, rows · D].
  private let states: View<Double>
  private var next = 0

  init(snapshots: Int, states: View<Double>) { (self.snapshots, self.states) = (snapshots, states) }

  func begin(_ start: View<Double>) {
    states.copy(start)
    next = 1
  }

  func visit(_ step: Int, of total: Int, _ state: View<Double>) {
    while next < snapshots, (2 * next * total + snapshots - 1) / (2 * (snapshots - 1)) <= step {
      states.slice(next * state.count, state.count).copy(state)
      next += 1
    }
  }

  func state(_ snapshot: Int, count: Int) -> View<Double> { states.slice(snapshot * count, count) }
}

/// The field that a sampler follows, at the states of a shard.
///
/// Throws when the call is to stop.
package struct ScaledScore {
  /// The noise level of all rows, or of each.
  package enum Level {
    case one(Double)
    case rows(View<Double>)

    package subscript(row: Int) -> Double {
      switch self {
      case .one(let sigma): sigma
      case .rows(let sigmas): sigmas[row]
      }
    }
  }

  package typealias Evaluate = (_ state: View<Double>, _ level: Level) throws -> View<Double>
  private let evaluate: Evaluate
  /// E of each row at the state that was asked for last; nil where a sampler needs none.
  package let energies: View<Double>?
  /// What is to be done to a state that went from one level to another.
  package let correct: ((_ state: View<Double>, _ from: Double, _ to: Double) -> Void)?

  package init(
    energies: View<Double>? = nil,
    correct: ((_ state: View<Double>, _ from: Double, _ to: Double) -> Void)? = nil,
    _ evaluate: @escaping Evaluate
  ) {
    (self.evaluate, self.energies, self.correct) = (evaluate, energies, correct)
  }

  /// σ s, [rows, D], valid until the next call.
  package func callAsFunction(_ state: View<Double>, _ sigma: Double) throws -> View<Double> {
    try evaluate(state, .one(sigma))
  }

  package func callAsFunction(_ state: View<Double>, _ sigmas: View<Double>) throws -> View<Double>
  {
    try evaluate(state, .rows(sigmas))
  }
}
