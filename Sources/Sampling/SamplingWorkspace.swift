import Core
import Kernels
import Models
import Platform

/// A worker's memory for sampling.
final class SamplingWorkspace {
  let field: ShardField
  private let description: ModelDescription
  private let rows: Int
  private let dimension: Int
  private let snapshots: Int
  private let state: View<Double>
  private let spares: View<Double>
  private let normals: View<Float>
  private let row: View<Double>
  /// Of two rows.
  private let scratch: View<Double>
  private let logWeights: View<Double>
  private let recorder: Recorder?

  init(
    _ field: ShardField, _ description: ModelDescription, rows: Int, spares: Int, snapshots: Int,
    memory: Memory
  ) throws {
    (self.field, self.description, self.rows) = (field, description, rows)
    (dimension, self.snapshots) = (description.dimension, snapshots)
    let (size, columns) = (rows * dimension, description.units.count)
    state = try Storage<Double>(memory, count: size).view
    self.spares = try Storage<Double>(memory, count: spares * size).view
    normals = try Storage<Float>(memory, count: size).view
    row = try Storage<Double>(memory, count: max(snapshots, 1) * columns).view
    scratch = try Storage<Double>(memory, count: 2 * columns).view
    logWeights = try Storage<Double>(memory, count: rows).view
    let states = try Storage<Double>(memory, count: snapshots * size).view
    recorder = snapshots > 0 ? Recorder(snapshots: snapshots, states: states) : nil
  }

  func batch(firstIndex: UInt64, seed: UInt64) -> SampleBatch {
    var batch = SampleBatch(
      state: state, spares: spares, normals: normals, rows: rows, dimension: dimension,
      firstIndex: firstIndex, seed: seed)
    batch.recorder = recorder
    batch.logWeights = logWeights
    return batch
  }

  private func state(_ r: Int) -> View<Double> { state.slice(r * dimension, dimension) }

  /// The first states; rows beyond the last repeat it.
  func begin(
    _ batch: SampleBatch, _ start: SamplingCall.Start, sigma: Double, first: Int, count: Int
  ) throws {
    let units = description.units
    func read(_ tensor: TensorView, _ value: (_ column: Int) -> Double) {
      for r in 0 ..< rows {
        tensor.readRow(first + min(r, count - 1), into: row)
        for (index, column) in units.active.enumerated() {
          state[r * dimension + index] = value(column)
        }
      }
    }
    func place(sigma: Double) {
      for r in 0 ..< rows { description.place(state(r), sigma: sigma, scratch: scratch) }
    }
    switch start {
    case .own:
      batch.draw(Stream.start, step: 0)
      for i in 0 ..< batch.count { state[i] = Double(normals[i]) }
      guard let condition = field.condition, condition.method == .covariance else {
        place(sigma: sigma)
        return
      }
      // Clean rows, which what is known of them then moves, and their noise.
      place(sigma: 0)
      let source = RandomSource(seed: batch.seed, stream: Stream.start, step: 2)
      try condition.place(state, source, firstRow: batch.firstIndex)
      batch.draw(Stream.start, step: 1)
      for i in 0 ..< batch.count { state[i] += sigma * Double(normals[i]) }
    case .states(let tensor):
      read(tensor) { (row[$0] - units.mean[$0]) / units.scale[$0] }
    case .normals(let tensor):
      read(tensor) { row[$0] }
      place(sigma: sigma)
    }
  }

  /// The first weights: −ln of the density that the states were drawn from.
  func weigh(sigma: Double) {
    // A walk has not begun to use its spares.
    let place = spares.slice(0, dimension)
    for r in 0 ..< rows {
      place.copy(state(r))
      logWeights[r] = -description.logDensity(place, sigma: sigma, scratch: scratch)
    }
  }

  /// Writes rows, which must be finite in the numbers of `out`.
  func write(_ call: SamplingCall, _ batch: SampleBatch, first: Int, count: Int) throws {
    let units = description.units
    for r in 0 ..< count {
      for snapshot in 0 ..< max(snapshots, 1) {
        let states = recorder?.state(snapshot, count: batch.count) ?? state
        let own = row.slice(snapshot * units.count, units.count)
        units.restore(into: own) { states[r * dimension + $0] }
        if snapshot + 1 >= snapshots {
          call.known?.observation.restore(first + r, into: own, scratch: scratch)
        }
      }
      guard call.out.holds(row) else {
        let isFinite = (0 ..< row.count).allSatisfy { row[$0].isFinite }
        throw isFinite
          ? overflow(call.out, "row \(first + r)")
          : SteinError(.diverged, "sampling left the finite numbers in row \(first + r)")
      }
      call.out.writeRow(first + r, from: row)
      if let weights = call.logWeights {
        row[0] = logWeights[r]
        weights.writeRow(first + r, from: row.slice(0, 1))
      }
    }
  }
}
