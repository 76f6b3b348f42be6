package import Core
import Execution
import Kernels
import Models
package import Platform

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
  /// Without them classes are drawn; from given normals on there is no chance, so rows are then of
  /// no class.
  var labels: TensorView?
  /// [n, ...], or with states on the way [n, snapshots, ...].
  let out: TensorView
  var logWeights: TensorView?
  var known: (observation: LinearObservation, method: Condition.Method)?
  let monitor: any Monitor

  var snapshots: Int { options[SamplerKey.trajectory] }
}

extension Model {
  /// Draws rows.
  package func sample(
    start: TensorView?, labels: TensorView?, options text: String, out: TensorView,
    monitor: any Monitor
  ) throws {
    let options = try Options(text, .sampler)
    let now = snapshot
    let snapshots = options[SamplerKey.trajectory]
    try now.checkRows(out, "out", snapshots: snapshots)
    var call = SamplingCall(options: options, labels: labels, out: out, monitor: monitor)
    if let start {
      try now.checkRows(start, "start")
      guard start.rows == out.rows else {
        throw SteinError(
          .badShape, "start has \(start.rows) rows, out \(out.rows)", argument: "start")
      }
      try checkFinite(start, "start", monitor)
      call.start = .states(start)
    }
    let kind = try samplerKind(options, now, usual: .heun)
    let sampler = try kind.make(options, now, kind)
    try draw(call, sampler, now)
  }

  /// Draws rows with their importance, by annealed Langevin steps that accept and reject.
  package func sampleWeighted(
    labels: TensorView?, options text: String, out: TensorView, logWeights: TensorView,
    monitor: any Monitor
  ) throws {
    let options = try Options(
      text, .sampler, chosen: ["sampler": SamplerKind.annealedLangevin.rawValue, "accept": "true"])
    for key in ["sampler", "accept"] where options.isSet(key) {
      throw Options.bad(
        key, "is not asked: rows with weights are drawn by annealed_langevin with accept")
    }
    let now = snapshot
    try now.checkRows(out, "out")
    for key in ["trajectory", "denoise"] where options.isSet(key) {
      throw Options.bad(
        key, "is not for rows with weights, which are of the lowest level's density")
    }
    for key in ["temperature", "guidance"] where options.isSet(key) {
      throw Options.bad(key, "is not for rows with weights, which are of the model's own density")
    }
    guard logWeights.shape == [out.rows] else {
      throw SteinError(
        .badShape, "log_weights has shape \(logWeights.shape); it needs [\(out.rows)]",
        argument: "log_weights")
    }
    var call = SamplingCall(options: options, labels: labels, out: out, monitor: monitor)
    call.logWeights = logWeights
    let kind = try samplerKind(options, now, usual: .annealedLangevin)
    let sampler = try kind.make(options, now, kind)
    try draw(call, sampler, now)
  }

  /// The labels of the classes that rows are drawn of where none are given.
  package func sampleLabels(options text: String, out: TensorView) throws {
    let options = try Options(text, .impute)
    let description = snapshot.description
    guard !description.classes.isEmpty else {
      throw SteinError(
        .unsupported, "the model was made without classes; there are none to draw",
        argument: "model")
    }
    let classDistribution = ClassDistribution(description)
    let seed = options[SamplerKey.seed]
    let firstIndex = options[SamplerKey.firstIndex]
    for row in 0 ..< out.rows {
      out.write(
        description.classes[classDistribution.draw(seed: seed, row: firstIndex &+ UInt64(row))],
        at: row)
    }
  }

  /// Moves the rows of a call from their start to the end of a sampler's way.
  func draw(_ call: SamplingCall, _ sampler: any Sampler, _ now: Snapshot) throws {
    try now.checkReach(call.out)
    let (options, description) = (call.options, now.description)
    let change = try FieldChange(options, description, oneLevel: sampler.isOneLevel)
    if sampler.needsEnergy, change.guidance != 1 || change.temperature != 1 || call.known != nil {
      throw Options.bad(
        "accept", "is for the model's own density, without guidance, temperature or known values")
    }
    let classes = try now.classes(call.labels, rows: call.out.rows, memory: context.memory)
    let precision = try Precision(options)
    let evaluator = try Evaluator(
      self, now, sampler.needsEnergy ? .scaledScoreAndEnergy : .scaledScore, precision)
    let wantsSlopes = [.covariance, .dps].contains(call.known?.method)
    let tangents = wantsSlopes ? try Evaluator(self, now, .scaledScoreAndTangent, precision) : nil
    let seed = options[SamplerKey.seed]
    let firstIndex = options[SamplerKey.firstIndex]
    let classDistribution = ClassDistribution(description)
    let workspaces = try (0 ..< context.workers.count).map { worker in
      let condition = try call.known.map { known in
        try Condition(
          known.method, known.observation, rows: evaluator.rows, dimension: evaluator.dimension,
          iterations: options[Condition.Key.iterations],
          strength: options[Condition.Key.strength], description, memory: context.memory)
      }
      let field = try ShardField(
        evaluator, tangents, change, condition, worker: worker, needsEnergy: sampler.needsEnergy,
        memory: context.memory)
      return try SamplingWorkspace(
        field, description, rows: evaluator.rows, spares: sampler.spares, snapshots: call.snapshots,
        memory: context.memory)
    }
    let run = RowRun(rows: call.out.rows, shardRows: evaluator.rows, monitor: call.monitor)
    try run.run(context.workers) { worker, first, count in
      let workspace = workspaces[worker]
      let batch = workspace.batch(firstIndex: firstIndex &+ UInt64(first), seed: seed)
      workspace.field.begin(run, first: first, count: count) { r in
        if let classes { return Int(classes.view[first + min(r, count - 1)]) }
        if case .normals = call.start { return -1 }
        return classDistribution.draw(seed: seed, row: batch.firstIndex &+ UInt64(r))
      }
      try workspace.begin(batch, call.start, sigma: sampler.firstSigma, first: first, count: count)
      if call.logWeights != nil { workspace.weigh(sigma: sampler.firstSigma) }
      batch.recorder?.begin(batch.state)
      try sampler.sample(batch, workspace.field.scaledScore)
      try workspace.write(call, batch, first: first, count: count)
    }
  }
}

extension Model.Snapshot {
  /// Whether a tensor's rows are those of the model, in its shape or flat, with `snapshots` states
  /// of each if that is not 0.
  func checkRows(_ tensor: TensorView, _ argument: String, snapshots: Int) throws {
    guard snapshots > 0 else { return try checkRows(tensor, argument) }
    let given = Array(tensor.shape.dropFirst())
    let own = Array(description.shape.dropFirst())
    guard given == [snapshots] + own || given == [snapshots, description.units.count] else {
      throw SteinError(
        .badShape,
        "\(argument) has shape \(tensor.shape); with trajectory=\(snapshots) it needs [n, \(snapshots)] and the model's own \(own)",
        argument: argument)
    }
  }
}

/// The distribution of a row's class where none is given: the training set's proportions.
struct ClassDistribution: Sendable {
  /// Rows of the training set up to the end of each class.
  private let ends: [Int]

  init(_ description: ModelDescription) {
    var sum = 0
    ends = description.classCounts.map { count in
      sum += count
      return sum
    }
  }

  /// A class for a row, by number; -1 for a model without classes.
  func draw(seed: UInt64, row: UInt64) -> Int {
    guard let total = ends.last else { return -1 }
    let words = RandomSource(seed: seed, stream: Stream.labels, step: 0).words(row: row)
    let place = Int(
      (UInt64(words[0]) << 32 | UInt64(words[1])).multipliedFullWidth(by: UInt64(max(total, 1)))
        .high)
    // The first class that ends beyond the place.
    var (low, high) = (0, ends.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] > place { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
