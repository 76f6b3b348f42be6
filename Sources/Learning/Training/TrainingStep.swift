import Core
import Data
import Glibc
import Models
import Platform
import Synchronization

/// What one batch gave.
struct StepResult {
  var loss: Double
  /// Of the whole gradient, before it was limited.
  var norm: Double
  /// The level of the row with the largest loss.
  let worstSigma: Double
}

/// The programs and memory of training: made with the first step, nothing is allocated after.
final class TrainingStep {
  // Not the trainer itself, which holds this step.
  private let data: TrainingRows
  /// Rows that batches are drawn from, by their numbers over all ranks.
  private var trainRows: RowList
  private let validation: Trainer.Validation
  private let ranks: Ranks?
  private let memory: Memory
  private let runner: ObjectiveRunner
  /// Nil where no rows are held out.
  private let validator: ObjectiveRunner?
  private let optimizer: Optimizer
  private let workers: Workers
  private let trace: Trace?
  private let shards: Int
  private let losses: View<Float>
  private let sigmas: View<Double>
  private let isStopping = Atomic<Bool>(false)
  /// Why, where the caller's thread found it out; of that thread alone.
  private var stop: SteinError?
  // The step at hand, for the job.
  private var plan: TrainingPlan
  private var step = 0
  private var monitor: any Monitor = Unwatched()
  private var mapping: Job?
  private var preparing: Job?
  /// Noise of the caller's, and what it made for the step at hand.
  private let noise: SuppliedNoise?
  private var supplied: SuppliedRows?
  private let uniforms: View<Float>
  /// With several ranks: the numbers of the draws whose rows are here.
  private let own: View<Int32>
  private var ownCount = 0
  /// Weights and moments with room for what ranks tell each other, where they are averaged.
  private let averaged: View<Float>

  /// Gradients are added up in at most so many lanes.
  private static let mostLanes = 8

  init(_ trainer: Trainer, _ objective: Objective) throws {
    let (model, memory) = (trainer.model, trainer.model.context.memory)
    let description = model.snapshot.description
    let isNoisy = trainer.plan.levels.range.upperBound > 0
    let program = try ObjectiveProgram(
      objective, model.family, description, training: true, isNoisy: isNoisy,
      precision: trainer.plan.precision, batch: trainer.plan.batch, ofPart: trainer.ranks != nil)
    let quiet =
      trainer.validation.count == 0
      ? nil
      : try ObjectiveProgram(
        objective, model.family, description, training: false, isNoisy: isNoisy, innerSolve: false)
    data = trainer.data
    trainRows = trainer.drawnRows
    validation = trainer.validation
    ranks = trainer.ranks
    self.memory = memory
    workers = model.context.workers
    trace = model.context.trace
    runner = try ObjectiveRunner(
      program, trainer.data, weights: trainer.weights.parameters.view, context: model.context)
    validator = try quiet.map { program in
      try ObjectiveRunner(
        program, trainer.data, weights: trainer.weights.average.view, context: model.context)
    }
    shards = (trainer.plan.batch + program.rows - 1) / program.rows
    optimizer = try Optimizer(
      trainer.weights, program.program, lanes: min(shards, TrainingStep.mostLanes),
      context: model.context
    ) { [runner] in runner.prepare($0) }
    losses = try Storage<Float>(memory, count: shards * program.rows).view
    sigmas = try Storage<Double>(memory, count: shards * program.rows).view
    plan = trainer.plan
    let most = max(shards * program.rows, quiet?.rows ?? 0)
    let drawn = ranks == nil ? 1 : trainer.plan.batch
    uniforms = try Storage<Float>(memory, count: drawn * ObjectiveRunner.uniformsPerRow).view
    own = try Storage<Int32>(memory, count: ranks == nil ? 0 : drawn).view
    noise = try trainer.noise.map { source in
      try SuppliedNoise(source, rows: most, dimension: description.dimension, memory: memory)
    }
    let isLocal = ranks != nil && plan.localSteps > 1
    averaged = try Storage<Float>(
      memory, count: isLocal ? 4 * trainer.weights.parameters.count + Ranks.tailCount : 0
    ).view
    preparing = Job { [unowned self] _, part in runner.prepare(part: part) }
    mapping = Job { [unowned self] worker, lane in map(lane, on: worker) }
  }

  /// Takes one step of Adam against the gradient of the mean loss over the batch of `step`.
  ///
  /// Stopped in the middle it leaves the weights as they were.
  func run(
    _ step: Int, _ plan: TrainingPlan, _ adam: AdamStep, _ monitor: any Monitor
  ) throws -> StepResult {
    guard let trace else { return try untraced(step, plan, adam, monitor) }
    return try trace.span("training step", "\"number\":\(step)") {
      try untraced(step, plan, adam, monitor)
    }
  }

  private func untraced(
    _ step: Int, _ plan: TrainingPlan, _ adam: AdamStep, _ monitor: any Monitor
  ) throws -> StepResult {
    self.plan = plan
    self.step = step
    self.monitor = monitor
    defer { self.monitor = Unwatched() }
    try supply()
    gather()
    try addGradients()
    var result = result(rows: ranks == nil ? plan.batch : ownCount)
    if let ranks, !isLocal {
      result.norm = try optimizer.step(adam, clip: plan.clip, loss: &result.loss, ranks)
    } else {
      if isLocal { result.loss *= Double(plan.batch) / Double(max(ownCount, 1)) }
      result.norm = optimizer.step(adam, clip: plan.clip)
    }
    if let preparing, runner.parts > 0 { workers.run(tasks: runner.parts, preparing) }
    runner.finishPreparing()
    return result
  }

  /// Runs all shards of the batch; the other ranks are told of a stop with the next exchange.
  private func addGradients() throws {
    guard let mapping else { return }
    while true {
      stop = nil
      isStopping.store(false, ordering: .relaxed)
      workers.run(tasks: optimizer.lanes, mapping)
      guard isStopping.load(ordering: .relaxed) else { return }
      do {
        if let stop { throw stop }
        try monitor.poll()
        // What was asked for was taken back: once more.
      } catch {
        guard let ranks else { throw error }
        return ranks.part { throw error }
      }
    }
  }

  /// Whether the step at hand shall be left; asked between two shards.
  private func isStopped(_ worker: Int) -> Bool {
    // A rank that goes by itself takes its step: the others hear of a stop with the next average only.
    if isLocal { return false }
    if isStopping.load(ordering: .relaxed) { return true }
    if worker == 0 {
      do { try monitor.poll() } catch { stop = error }
    }
    guard worker == 0 && stop != nil || monitor.stopRequested else { return false }
    isStopping.store(true, ordering: .relaxed)
    return true
  }

  private var isLocal: Bool { ranks != nil && plan.localSteps > 1 }

  /// Replaces weights and moments by their means over the ranks, each counting by its rows; also where a rank stops, which is thrown then.
  func average(_ weights: Weights) throws {
    guard let ranks else { return }
    let (share, n) = (Float(Double(data.count) / Double(ranks.totalRows)), weights.parameters.count)
    for (k, vector) in weights.all.enumerated() {
      let part = averaged.slice(k * n, n)
      part.copy(vector.storage.view)
      part.scale(by: share)
    }
    try ranks.sum(averaged) {
      for (k, vector) in weights.all.enumerated() {
        vector.storage.view.copy(averaged.slice(k * n, n))
      }
      runner.prepare()
    }
  }

  /// Finds the draws of the batch whose rows are this rank's.
  private func gather() {
    guard let ranks else { return }
    let perRow = ObjectiveRunner.uniformsPerRow
    uniforms.fillUniform(
      rows: plan.batch, columns: perRow, source.source(Stream.rows), firstRow: 0)
    ownCount = 0
    for index in 0 ..< plan.batch {
      let row = drawnRow(uniforms.slice(index * perRow, perRow))
      guard ranks.local(row, of: data.count) != nil else { continue }
      own[ownCount] = Int32(index)
      ownCount += 1
    }
  }

  /// Asks the caller for the noise of the whole batch.
  private func supply() throws {
    guard let noise else { return }
    let source = source
    supplied = try noise.rows(
      plan.batch, first: 0, data: data, seed: source.seed, step: source.step, evaluation: false
    ) { index in
      uniforms.fillUniform(
        rows: 1, columns: uniforms.count, source.source(Stream.rows), firstRow: UInt64(index))
      return draw(index, uniforms, plan) ?? Draw(row: 0, sigma: 1, classIndex: -1, weight: 0)
    }
  }

  private var source: DrawSource {
    DrawSource(seed: plan.seed, step: UInt32(truncatingIfNeeded: step), evaluation: false)
  }

  /// Adds up the gradients of a lane's shards, one after the other.
  private func map(_ lane: Int, on worker: Int) {
    let rows = runner.program.rows
    let sums = optimizer.lane(lane)
    let source = source
    let used = ranks == nil ? shards : (ownCount + rows - 1) / rows
    if lane >= used { sums.fill(0) }
    for shard in stride(from: lane, to: used, by: optimizer.lanes) {
      if isStopped(worker) { return }
      let numbers =
        ranks == nil ? nil : own.slice(shard * rows, min(rows, ownCount - shard * rows))
      var place = shard * rows
      let loss = runner.run(
        frame: worker, first: shard * rows, source, numbers: numbers, sums: sums,
        isFirst: shard == lane, supplied: supplied,
        ahead: { trainRows.prefetch(drawnPosition($0)) }
      ) { index, u in
        let draw = draw(index, u, plan)
        sigmas[place] = draw?.sigma ?? 0
        place += 1
        return draw
      }
      losses.slice(shard * rows, rows).copy(loss.slice(0, rows))
    }
  }

  /// The share of `rows` rows in the mean loss of the batch.
  private func result(rows: Int) -> StepResult {
    var (sum, worst) = (0.0, 0)
    for row in 0 ..< rows {
      sum += Double(losses[row])
      if !(losses[row] <= losses[worst]) { worst = row }
    }
    return StepResult(loss: sum / Double(plan.batch), norm: 0, worstSigma: sigmas[worst])
  }

  /// The number of the row that uniforms choose.
  private func drawnRow(_ u: View<Float>) -> Int { trainRows[drawnPosition(u)] }

  /// Its place among the rows that batches are drawn from.
  private func drawnPosition(_ u: View<Float>) -> Int {
    let count = trainRows.count
    let position = Double(u[0]) + (Double(u[1]) - 0.5) * 0x1p-23
    return min(max(Int(position * Double(count)), 0), count - 1)
  }

  /// Row i of a batch: a row of the data with replacement, and a level from the i-th part of the noise law.
  private func draw(_ index: Int, _ u: View<Float>, _ plan: TrainingPlan) -> Draw? {
    guard index < plan.batch else { return nil }
    let number = drawnRow(u)
    let row = ranks?.local(number, of: data.count) ?? number
    let level = (Double(index) + Double(u[2])) / Double(plan.batch)
    let (sigma, weight) = plan.levels.draw(level)
    let shown = Double(u[3]) >= plan.labelDropout
    return Draw(
      row: row, sigma: sigma, classIndex: shown ? data.classIndex(row) : -1,
      weight: 1 / Double(isLocal ? max(ownCount, 1) : plan.batch), level: weight)
  }

  /// From now on batches are drawn from all rows, those held out too.
  func join() throws {
    trainRows = try RowList(ranks?.totalRows ?? data.count, memory: memory) { _ in true }
  }

  /// After the weights were changed by others.
  func prepare() { runner.prepare() }

  /// The average's loss on the rows held out.
  func validate(_ plan: TrainingPlan, monitor: any Monitor) throws -> Evaluation.Result {
    guard let validator else { return Evaluation.Result() }
    let evaluation = Evaluation(
      runner: validator, rows: validation.rows, draws: plan.validationDraws, seed: plan.seed,
      levels: plan.levels, noise: noise, firstRow: validation.first,
      totalRows: validation.count, ranks: ranks)
    return try evaluation.run(workers, memory: memory, monitor: monitor)
  }
}
