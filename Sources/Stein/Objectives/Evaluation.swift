import Execution

/// An objective's mean over rows, with the same noise draws every time.
struct Evaluation {
  /// Mean loss, and that within each tenth of the noise law, from low levels to high.
  struct Result {
    var mean = 0.0
    var levels: [(sigma: Double, loss: Double)] = []
  }

  static let bins = 10

  let runner: ObjectiveRunner
  /// Which rows of the data.
  let rows: RowList
  let draws: Int
  let seed: UInt64
  let sigma: @Sendable (Double) -> Double

  /// Draw i is draw i mod `draws` of row i / `draws`; a row's draws are spread evenly over the noise law.
  func run(_ workers: Workers, memory: Memory, monitor: any Monitor) throws -> Result {
    let total = rows.count * draws
    let shard = runner.program.rows
    let shards = (total + shard - 1) / shard
    let bins = Evaluation.bins
    // Each shard's sums by level, so that the total does not depend on who ran what.
    let sums = try Storage<Double>(memory, count: shards * bins)
    runner.prepare()
    let run = RowRun(rows: total, shardRows: shard, monitor: Silenced(monitor))
    try run.run(workers) { worker, first, count in
      let source = DrawSource(seed: seed, step: 0, evaluation: true)
      let loss = runner.run(frame: worker, first: first, source) { index, u in
        guard index < total else { return nil }
        let row = rows[index / draws]
        let level = (Double(index % draws) + Double(u[2])) / Double(draws)
        return Draw(
          row: row, sigma: sigma(level), classIndex: runner.data.classIndex(row), weight: 0)
      }
      let own = sums.view.slice(first / shard * bins, bins)
      for r in 0 ..< count { own[(first + r) % draws * bins / draws] += Double(loss[r]) }
    }
    return summary(sums.view, shards, total)
  }

  private func summary(_ sums: View<Double>, _ shards: Int, _ total: Int) -> Result {
    let bins = Evaluation.bins
    var result = Result()
    for bin in 0 ..< bins {
      let sum = (0 ..< shards).reduce(0.0) { $0 + sums[$1 * bins + bin] }
      // Draws of a row that fall into this tenth of the law.
      let share = (0 ..< draws).filter { $0 * bins / draws == bin }.count
      guard share > 0 else { continue }
      result.mean += sum / Double(total)
      let middle = (Double(bin) + 0.5) / Double(bins)
      result.levels.append((sigma(middle), sum / Double(share * rows.count)))
    }
    return result
  }
}

/// Passes on requests to stop, but reports no steps: for work within a step of another.
private struct Silenced: Monitor {
  let monitor: any Monitor
  init(_ monitor: any Monitor) { self.monitor = monitor }
  func begin(steps: Int) {}
  func report(step: Int) {}
  func report(loss: Double, validation: Double) {}
  var stopRequested: Bool { monitor.stopRequested }
  func poll() throws(SteinError) { try monitor.poll() }
}

extension Model {
  /// An objective's mean over a data set, as `stein_model_loss` gives it.
  package func loss(dataset: Dataset, options: String, monitor: any Monitor) throws -> Double {
    let options = try Options(options, .loss)
    let now = snapshot
    guard now.description.trained else {
      throw SteinError(.badState, "the model is not trained yet", argument: "model")
    }
    let objective: Objective
    switch options.choice("objective") {
    case "exact": objective = .exact
    case "sliced_vr": objective = .slicedVR(projections: 1)
    default: objective = .denoising
    }
    let sigmaData = now.description.sigmaData
    let law: @Sendable (Double) -> Double
    if objective == .denoising, family.isNoiseConditional {
      let range = now.description.sigmaMin ... now.description.sigmaMax
      law = { NoiseLaw.standard.sigma(at: $0, sigmaData: sigmaData, range: range) }
    } else {
      let level = try now.level(options.number("sigma") ?? 0)
      law = { _ in level }
    }
    let data = try TrainingRows(dataset, now.description, memory: context.memory)
    let program = try ObjectiveProgram(objective, family, now.description, training: false)
    let runner = try ObjectiveRunner(program, data, weights: now.weights.view, context: context)
    let evaluation = Evaluation(
      runner: runner, rows: try RowList(data.count, memory: context.memory) { _ in true },
      draws: options.integer("draws") ?? 64,
      seed: UInt64(options.integer("seed") ?? 0), sigma: law)
    let mean = try evaluation.run(context.workers, memory: context.memory, monitor: monitor).mean
    guard mean.isFinite else { throw SteinError(.diverged, "the loss is not finite on these rows") }
    return mean
  }
}

extension NoiseLaw {
  /// ln(σ/σ_data) ~ N(−0.5, 1.2²): a little higher than EDM's −1.2, which suits tables and small pictures.
  static let standard = NoiseLaw.edm(mean: -0.5, deviation: 1.2)
}
