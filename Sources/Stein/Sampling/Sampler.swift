package import Execution
import Glibc
import Kernels

/// The rows of one shard on their way from noise to data, in Double.
package struct Walkers {
  /// [rows, D], in units of u.
  package let state: View<Double>
  /// As much again, for methods that look ahead.
  package let spare: View<Double>
  package let normals: View<Float>
  package let rows: Int
  package let dimension: Int
  /// Number of the first row: with the seed it decides what is random.
  package let firstIndex: UInt64
  package let seed: UInt64

  package init(
    state: View<Double>, spare: View<Double>, normals: View<Float>, rows: Int, dimension: Int,
    firstIndex: UInt64, seed: UInt64
  ) {
    (self.state, self.spare, self.normals) = (state, spare, normals)
    (self.rows, self.dimension, self.firstIndex, self.seed) = (rows, dimension, firstIndex, seed)
  }

  package var count: Int { rows * dimension }

  /// Fresh standard normals for every row; `step` numbers the occasion.
  func draw(_ stream: UInt8, step: Int) {
    let source = RandomSource(seed: seed, stream: stream, step: UInt32(truncatingIfNeeded: step))
    normals.fillNormal(rows: rows, columns: dimension, source, firstRow: firstIndex)
  }
}

/// The field that a sampler follows: σ s at the states of a shard, [rows, D].
///
/// Throws when the call is to stop.
package struct ScaledScore {
  private let evaluate: (_ state: View<Double>, _ sigma: Double) throws -> View<Float>

  package init(_ evaluate: @escaping (_ state: View<Double>, _ sigma: Double) throws -> View<Float>)
  {
    self.evaluate = evaluate
  }

  package func callAsFunction(_ state: View<Double>, _ sigma: Double) throws -> View<Float> {
    try evaluate(state, sigma)
  }
}

/// A way to draw rows: where it begins, and how it moves them.
package protocol Sampler: Sendable {
  /// The noise level of the first state, which is drawn from N(0, σ² + σ_data²).
  var firstSigma: Double { get }

  /// Moves the rows to the end. Work on a row must not depend on other rows.
  func walk(_ walkers: Walkers, _ scaledScore: ScaledScore) throws
}

extension Model {
  /// Draws rows.
  package func sample(
    start: TensorView?, labels: TensorView?, options: String, out: TensorView, monitor: any Monitor
  ) throws {
    let options = try Options(options, .sampler)
    let now = snapshot
    try now.checkRows(out, "out")
    if let start {
      guard start.shape == out.shape else {
        throw SteinError(
          .badShape, "start has shape \(start.shape), out \(out.shape)", argument: "start")
      }
      try checkFinite(start, "start")
    }
    let sampler = try makeSampler(options, now)
    let classes = try now.classes(labels, rows: out.rows, memory: context.memory)
    let evaluator = try Evaluator(self, now, .scaledScore)
    let units = now.description.units
    let (rows, d) = (evaluator.rows, evaluator.dimension)
    let seed = UInt64(options.integer("seed") ?? 0)
    let firstIndex = UInt64(options.integer("first_index") ?? 0)
    let benches = try (0 ..< context.workers.count).map { _ in
      try Bench(rows: rows, dimension: d, columns: units.count, memory: context.memory)
    }
    let run = RowRun(rows: out.rows, shardRows: rows, monitor: monitor)
    try run.run(context.workers) { worker, first, count in
      let bench = benches[worker]
      let walkers = Walkers(
        state: bench.state.view, spare: bench.spare.view, normals: bench.normals.view, rows: rows,
        dimension: d, firstIndex: firstIndex &+ UInt64(first), seed: seed)
      if let start {
        for r in 0 ..< rows {
          start.readRow(first + min(r, count - 1), into: bench.row.view)
          for (index, column) in units.active.enumerated() {
            walkers.state[r * d + index] =
              (bench.row.view[column] - units.mean[column]) / units.scale[column]
          }
        }
      } else {
        walkers.begin(
          at: sampler.firstSigma, sigmaData: now.description.sigmaData,
          location: now.description.location)
      }
      evaluator.setClasses(worker) { r in
        if let classes { return r < count ? Int(classes.view[first + r]) : -1 }
        return now.description.drawClass(seed: seed, row: walkers.firstIndex &+ UInt64(r))
      }
      let field = ScaledScore { state, sigma in
        try run.check(worker)
        let x = evaluator.x(worker)
        for index in 0 ..< rows * d { x[index] = Float(state[index]) }
        evaluator.setSigma(sigma, worker)
        let values = evaluator.run(worker)
        guard values.slice(0, count * d).allFinite else {
          throw SteinError(
            .diverged,
            "sampling left the finite numbers at noise level \(sigma), among rows \(first) to \(first + count - 1)"
          )
        }
        return values
      }
      try sampler.walk(walkers, field)
      for r in 0 ..< count {
        units.restore(into: bench.row.view) { walkers.state[r * d + $0] }
        out.writeRow(first + r, from: bench.row.view)
      }
    }
  }

  private func makeSampler(_ options: Options, _ now: Snapshot) throws -> any Sampler {
    let description = now.description
    guard description.trained else {
      throw SteinError(.badState, "the model is not trained yet", argument: "model")
    }
    let oneLevel = description.sigmaMin == description.sigmaMax && !family.isNoiseConditional
    let name = options.choice("sampler") ?? (oneLevel ? "langevin" : "heun")
    guard !oneLevel || name == "langevin" else {
      throw SteinError(
        .unsupported,
        "sampler=\(name) goes through many noise levels, this model has one; take sampler=langevin",
        argument: "options", option: "sampler")
    }
    if name == "heun" || options.flag("denoise") == true { try checkGaussianNoise() }
    switch name {
    case "langevin": return try Langevin(options, now)
    case "annealed_langevin": return try AnnealedLangevin(options, now)
    default: return try Heun(options, now)
    }
  }
}

extension Model.Snapshot {
  /// A level from the options; 0 stands for `usual`.
  func level(_ options: Options, _ key: String, usual: Double) throws -> Double {
    guard let value = options.number(key), value != 0 else { return usual }
    let (low, high) = (description.sigmaMin, description.sigmaMax)
    guard value >= low * (1 - 1e-6), value <= high * (1 + 1e-6) else {
      throw Options.bad(key, "is \(value); the model was trained from \(low) to \(high)")
    }
    return value
  }

  /// The range from sigma_max down to sigma_min.
  func range(_ options: Options) throws -> ClosedRange<Double> {
    let low = try level(options, "sigma_min", usual: description.sigmaMin)
    let high = try level(options, "sigma_max", usual: description.sigmaMax)
    guard low < high else { throw Options.bad("sigma_min", "is not below sigma_max") }
    return low ... high
  }
}

extension ModelDescription {
  /// A class for a row, in the training set's proportions; -1 for a model without classes.
  func drawClass(seed: UInt64, row: UInt64) -> Int {
    guard !classes.isEmpty else { return -1 }
    let high = UInt32(truncatingIfNeeded: row >> 32) & 0x00ff_ffff
    let words = philox4x32(
      counter: SIMD4(0, UInt32(truncatingIfNeeded: row), 0, UInt32(Stream.labels) << 24 | high),
      seed: seed)
    let total = classCounts.reduce(0, +)
    var rest = Int(
      (UInt64(words[0]) << 32 | UInt64(words[1])).multipliedFullWidth(by: UInt64(max(total, 1)))
        .high)
    for (index, count) in classCounts.enumerated() {
      rest -= count
      if rest < 0 { return index }
    }
    return classes.count - 1
  }
}

extension Walkers {
  /// N(mean, σ² + σ_data²): the data, whose variance is σ_data², with noise of σ.
  package func begin(at sigma: Double, sigmaData: Double, location: [Double] = []) {
    draw(Stream.start, step: 0)
    let deviation = (sigma * sigma + sigmaData * sigmaData).squareRoot()
    for index in 0 ..< count {
      let mean = location.isEmpty ? 0 : location[index % dimension]
      state[index] = mean + deviation * Double(normals[index])
    }
  }
}

/// A worker's memory for sampling.
private struct Bench: Sendable {
  let state: Storage<Double>
  let spare: Storage<Double>
  let normals: Storage<Float>
  let row: Storage<Double>

  init(rows: Int, dimension: Int, columns: Int, memory: Memory) throws {
    state = try Storage(memory, count: rows * dimension)
    spare = try Storage(memory, count: rows * dimension)
    normals = try Storage(memory, count: rows * dimension)
    row = try Storage(memory, count: columns)
  }
}
