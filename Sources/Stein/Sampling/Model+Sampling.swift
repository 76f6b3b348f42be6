package import Execution
import Kernels

/// Rows to be drawn, apart from how.
struct SamplingCall {
  /// Where the rows begin.
  enum Start {
    /// N(m, Σ + σ²).
    case own
    /// States in the data's units.
    case states(TensorView)
    /// Standard normals, from which the states are made.
    case normals(TensorView)
  }

  let options: Options
  var start = Start.own
  var labels: TensorView?
  /// [n, ...], or with states on the way [n, moments, ...].
  let out: TensorView
  var logWeights: TensorView?
  var known: (observation: LinearObservation, method: Condition.Method)?
  let monitor: any Monitor

  var moments: Int { options.integer("trajectory") ?? 0 }
}

extension Model {
  /// Draws rows.
  package func sample(
    start: TensorView?, labels: TensorView?, options text: String, out: TensorView,
    monitor: any Monitor
  ) throws {
    let options = try Options(text, .sampler)
    let now = snapshot
    let moments = options.integer("trajectory") ?? 0
    try now.checkRows(out, "out", moments: moments)
    var call = SamplingCall(options: options, labels: labels, out: out, monitor: monitor)
    if let start {
      try now.checkRows(start, "start")
      guard start.rows == out.rows else {
        throw SteinError(
          .badShape, "start has \(start.rows) rows, out \(out.rows)", argument: "start")
      }
      try checkFinite(start, "start")
      call.start = .states(start)
    }
    let sampler = try sampler(samplerKind(options, now, usual: .heun), options, now)
    try draw(call, sampler, now)
  }

  /// Draws rows with their importance, by annealed Langevin steps that accept and reject.
  package func sampleWeighted(
    labels: TensorView?, options text: String, out: TensorView, logWeights: TensorView,
    monitor: any Monitor
  ) throws {
    let given = try Options(text, .sampler)
    for key in ["sampler", "accept"] where given.isSet(key) {
      throw Options.bad(
        key, "is not asked: rows with weights are drawn by annealed_langevin with accept")
    }
    let options = given.replaced(by: try Options("sampler=annealed_langevin accept=true", .sampler))
    let now = snapshot
    try now.checkRows(out, "out")
    for key in ["trajectory", "denoise"] where options.isSet(key) {
      throw Options.bad(
        key, "is not for rows with weights, which are of the lowest level's density")
    }
    guard logWeights.shape == [out.rows] else {
      throw SteinError(
        .badShape, "log_weights has shape \(logWeights.shape); it needs [\(out.rows)]",
        argument: "log_weights")
    }
    var call = SamplingCall(options: options, labels: labels, out: out, monitor: monitor)
    call.logWeights = logWeights
    let sampler = try sampler(samplerKind(options, now, usual: .annealedLangevin), options, now)
    try draw(call, sampler, now)
  }

  /// Moves the rows of a call from their start to the end of a sampler's way.
  func draw(_ call: SamplingCall, _ sampler: any Sampler, _ now: Snapshot) throws {
    let (options, description, units) = (call.options, now.description, now.description.units)
    let change = try FieldChange(options, description, oneLevel: sampler is Langevin)
    if sampler.needsEnergy, change.guidance != 1 || change.temperature != 1 || call.known != nil {
      throw Options.bad(
        "accept", "is for the model's own density, without guidance, temperature or known values")
    }
    let classes = try now.classes(call.labels, rows: call.out.rows, memory: context.memory)
    let evaluator = try Evaluator(
      self, now, sampler.needsEnergy ? .scaledScoreAndEnergy : .scaledScore)
    let wantsSlopes = [.covariance, .dps].contains(call.known?.method)
    let tangents = wantsSlopes ? try Evaluator(self, now, .scaledScoreAndTangent) : nil
    let law = try StartLaw(description, sigma: sampler.firstSigma, memory: context.memory)
    // Of rows almost without noise, which what is known of them then moves.
    let clean =
      try wantsSlopes
      ? StartLaw(description, sigma: 1e-3 * description.sigmaData, memory: context.memory) : law
    let seed = UInt64(options.integer("seed") ?? 0)
    let firstIndex = UInt64(options.integer("first_index") ?? 0)
    let benches = try (0 ..< context.workers.count).map { worker in
      let condition = try call.known.map { known in
        try Condition(
          known.method, known.observation, rows: evaluator.rows, dimension: evaluator.dimension,
          iterations: options.integer("iterations") ?? 20,
          strength: options.number("strength") ?? 1, sigmaData: description.sigmaData,
          memory: context.memory)
      }
      let field = try ShardField(
        evaluator, tangents, change, condition, worker: worker, needsEnergy: sampler.needsEnergy,
        memory: context.memory)
      return try SamplingBench(
        field, rows: evaluator.rows, dimension: evaluator.dimension, columns: units.count,
        spares: sampler.spares, moments: call.moments, memory: context.memory)
    }
    let run = RowRun(rows: call.out.rows, shardRows: evaluator.rows, monitor: call.monitor)
    try run.run(context.workers) { worker, first, count in
      let bench = benches[worker]
      let walkers = bench.walkers(firstIndex: firstIndex &+ UInt64(first), seed: seed)
      bench.field.begin(run, first: first, count: count) { r in
        if let classes { return Int(classes.view[first + min(r, count - 1)]) }
        return description.drawClass(seed: seed, row: walkers.firstIndex &+ UInt64(r))
      }
      try bench.begin(
        walkers, call.start, law, clean, sigma: sampler.firstSigma, units, first: first,
        count: count)
      if let weights = walkers.logWeights, call.logWeights != nil {
        bench.weigh(weights, walkers.state, law)
      }
      walkers.recorder?.begin(walkers.state)
      try sampler.walk(walkers, bench.field.scaledScore)
      bench.write(call, walkers, units, first: first, count: count)
    }
  }
}

extension Model.Snapshot {
  /// Whether a tensor's rows are those of the model, in its shape or flat, with `moments` states of each if that is not 0.
  func checkRows(_ tensor: TensorView, _ argument: String, moments: Int) throws {
    guard moments > 0 else { return try checkRows(tensor, argument) }
    let given = Array(tensor.shape.dropFirst())
    let own = Array(description.shape.dropFirst())
    guard given == [moments] + own || given == [moments, description.units.count] else {
      throw SteinError(
        .badShape,
        "\(argument) has shape \(tensor.shape); with trajectory=\(moments) it needs [n, \(moments)] and the model's own \(own)",
        argument: argument)
    }
  }
}

extension ModelDescription {
  /// A class for a row, in the training set's proportions; -1 for a model without classes.
  func drawClass(seed: UInt64, row: UInt64) -> Int {
    guard !classes.isEmpty else { return -1 }
    let words = philox4x32(
      counter: RandomSource.counter(Stream.labels, row: row, step: 0), seed: seed)
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

/// A worker's memory for sampling.
private final class SamplingBench {
  let field: ShardField
  private let rows: Int
  private let dimension: Int
  private let moments: Int
  private let state: View<Double>
  private let spares: View<Double>
  private let normals: View<Float>
  private let row: View<Double>
  /// Of two rows.
  private let scratch: View<Double>
  private let logWeights: View<Double>
  private let recorder: Recorder?

  init(
    _ field: ShardField, rows: Int, dimension: Int, columns: Int, spares: Int, moments: Int,
    memory: Memory
  ) throws {
    (self.field, self.rows, self.dimension, self.moments) = (field, rows, dimension, moments)
    let size = rows * dimension
    state = try Storage<Double>(memory, count: size).view
    self.spares = try Storage<Double>(memory, count: spares * size).view
    normals = try Storage<Float>(memory, count: size).view
    row = try Storage<Double>(memory, count: max(moments, 1) * columns).view
    scratch = try Storage<Double>(memory, count: 2 * columns).view
    logWeights = try Storage<Double>(memory, count: rows).view
    let states = try Storage<Double>(memory, count: moments * size).view
    recorder = moments > 0 ? Recorder(moments: moments, states: states) : nil
  }

  func walkers(firstIndex: UInt64, seed: UInt64) -> Walkers {
    var walkers = Walkers(
      state: state, spares: spares, normals: normals, rows: rows, dimension: dimension,
      firstIndex: firstIndex, seed: seed)
    walkers.recorder = recorder
    walkers.logWeights = logWeights
    return walkers
  }

  /// The first states; rows beyond the last repeat it.
  func begin(
    _ walkers: Walkers, _ start: SamplingCall.Start, _ law: StartLaw, _ clean: StartLaw,
    sigma: Double, _ units: Units, first: Int, count: Int
  ) throws {
    func read(_ tensor: TensorView, _ value: (_ column: Int) -> Double) {
      for r in 0 ..< rows {
        tensor.readRow(first + min(r, count - 1), into: row)
        for (index, column) in units.active.enumerated() {
          state[r * dimension + index] = value(column)
        }
      }
    }
    func place(_ law: StartLaw) {
      for r in 0 ..< rows { law.place(state.slice(r * dimension, dimension)) }
    }
    switch start {
    case .own:
      walkers.draw(Stream.start, step: 0)
      for i in 0 ..< walkers.count { state[i] = Double(normals[i]) }
      guard let condition = field.condition, condition.method == .covariance else {
        place(law)
        return
      }
      place(clean)
      let source = RandomSource(seed: walkers.seed, stream: Stream.start, step: 2)
      try condition.place(state, clean, source, firstRow: walkers.firstIndex)
      walkers.draw(Stream.start, step: 1)
      for i in 0 ..< walkers.count { state[i] += sigma * Double(normals[i]) }
    case .states(let tensor):
      read(tensor) { (row[$0] - units.mean[$0]) / units.scale[$0] }
    case .normals(let tensor):
      read(tensor) { row[$0] }
      place(law)
    }
  }

  /// −ln of the density that the first states were drawn from.
  func weigh(_ weights: View<Double>, _ state: View<Double>, _ law: StartLaw) {
    let scratch = spares.slice(0, dimension)
    for r in 0 ..< rows {
      scratch.copy(state.slice(r * dimension, dimension))
      weights[r] = -law.logDensity(scratch)
    }
  }

  func write(_ call: SamplingCall, _ walkers: Walkers, _ units: Units, first: Int, count: Int) {
    for r in 0 ..< count {
      if let recorder {
        for moment in 0 ..< moments {
          let state = recorder.state(moment, count: walkers.count)
          units.restore(into: row.slice(moment * units.count, units.count)) {
            state[r * dimension + $0]
          }
        }
      } else {
        units.restore(into: row) { walkers.state[r * dimension + $0] }
        call.known?.observation.restore(first + r, into: row, scratch: scratch)
      }
      call.out.writeRow(first + r, from: row)
      if let weights = call.logWeights {
        row[0] = logWeights[r]
        weights.writeRow(first + r, from: row.slice(0, 1))
      }
    }
  }
}
