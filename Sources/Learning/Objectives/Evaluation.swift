package import Core
package import Data
import Models
package import Platform

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
  let levels: NoiseLevels
  /// Noise of the caller's, if it is his.
  var noise: SuppliedNoise?
  /// Of several ranks: the number of the first row over all, and how many there are in all; nil: as
  /// many as here.
  var firstRow = 0
  var totalRows: Int?
  var ranks: Ranks?

  /// Draw i is draw i mod `draws` of row i / `draws`; a row's draws are spread evenly over the
  /// noise law.
  ///
  /// `each`: [rows · draws], gets the loss of every draw.
  func run(
    _ workers: Workers, memory: Memory, monitor: any Monitor, each: View<Float>? = nil
  ) throws -> Result {
    let total = rows.count * draws
    let shard = runner.program.rows
    let shards = (total + shard - 1) / shard
    let bins = Evaluation.bins
    // Each shard's sums by level, so that the total does not depend on who ran what.
    let sums = try Storage<Double>(memory, count: shards * bins)
    runner.prepare()
    let before = firstRow * draws
    func evaluate(_ worker: Int, _ first: Int, _ count: Int, _ supplied: SuppliedRows?) {
      let source = DrawSource(seed: seed, step: 0, evaluation: true)
      let loss = runner.run(
        frame: worker, first: before + first, source, supplied: supplied
      ) { index, u in
        index - before < total ? draw(index - before, Double(u[2])) : nil
      }
      let own = sums.view.slice(first / shard * bins, bins)
      for r in 0 ..< count {
        own[(first + r) % draws * bins / draws] += Double(loss[r])
        each?[first + r] = loss[r]
      }
    }
    if let noise {
      // The caller's function runs on the caller's thread, a shard at a time; with the level that
      // the runner will tell.
      let u = try Storage<Float>(memory, count: ObjectiveRunner.uniformsPerRow)
      let source = DrawSource(seed: seed, step: 0, evaluation: true).source(Stream.rows)
      for first in stride(from: 0, to: total, by: shard) {
        try monitor.poll()
        let count = min(shard, total - first)
        let supplied = try noise.rows(
          count, first: first, data: runner.data, seed: seed, step: 0, evaluation: true
        ) { index in
          u.view.fillUniform(rows: 1, columns: u.count, source, firstRow: UInt64(index))
          return draw(index, Double(u.view[2]))
        }
        evaluate(0, first, count, supplied)
      }
    } else {
      let work = {
        let run = RowRun(rows: total, shardRows: shard, monitor: SilentMonitor(monitor))
        try run.run(workers) { worker, first, count in evaluate(worker, first, count, nil) }
      }
      if let ranks { ranks.part(work) } else { try work() }
    }
    var binSums = (0 ..< bins).map { bin in
      (0 ..< shards).reduce(0.0) { $0 + sums.view[$1 * bins + bin] }
    }
    try ranks?.sum(&binSums)
    return summary(binSums)
  }

  private func draw(_ index: Int, _ u: Double) -> Draw {
    let row = rows[index / draws]
    let (sigma, weight) = levels.draw((Double(index % draws) + u) / Double(draws))
    return Draw(
      row: row, sigma: sigma, classIndex: runner.data.classIndex(row), weight: 0, level: weight)
  }

  private func summary(_ sums: [Double]) -> Result {
    let (bins, count) = (Evaluation.bins, totalRows ?? rows.count)
    var result = Result()
    for (bin, sum) in sums.enumerated() {
      // Draws of a row that fall into this tenth of the law.
      let share = (0 ..< draws).filter { $0 * bins / draws == bin }.count
      guard share > 0 else { continue }
      result.mean += sum / Double(count * draws)
      let middle = (Double(bin) + 0.5) / Double(bins)
      result.levels.append((levels.sigma(middle), sum / Double(share * count)))
    }
    return result
  }
}

extension Model {
  /// An objective's mean over a data set, as `stein_model_loss` gives it.
  package func loss(dataset: Dataset, options: String, monitor: any Monitor) throws -> Double {
    let (evaluation, _) = try evaluation(dataset, options)
    let mean = try evaluation.run(context.workers, memory: context.memory, monitor: monitor).mean
    guard mean.isFinite else { throw SteinError(.diverged, "the loss is not finite on these rows") }
    return mean
  }

  /// The same of each row by itself.
  package func losses(
    dataset: Dataset, options: String, out: TensorView, monitor: any Monitor
  ) throws {
    guard out.shape == [dataset.rowCount] else {
      throw SteinError(
        .badShape, "out has shape \(out.shape); it needs [\(dataset.rowCount)]", argument: "out")
    }
    let (evaluation, draws) = try evaluation(dataset, options)
    let each = try Storage<Float>(context.memory, count: dataset.rowCount * draws)
    _ = try evaluation.run(
      context.workers, memory: context.memory, monitor: monitor, each: each.view)
    guard each.view.allFinite else {
      throw SteinError(.diverged, "the loss is not finite on these rows")
    }
    let value = try Storage<Double>(context.memory, count: 1)
    for row in 0 ..< dataset.rowCount {
      value.view[0] = 0
      for draw in 0 ..< draws {
        value.view[0] += Double(each.view[row * draws + draw]) / Double(draws)
      }
      out.writeRow(row, from: value.view)
    }
  }

  private func evaluation(_ dataset: Dataset, _ text: String) throws -> (Evaluation, draws: Int) {
    var options = try Options(text, .loss)
    let now = snapshot
    guard now.description.trained else {
      throw SteinError(.badState, "the model is not trained yet", argument: "model")
    }
    let description = now.description
    let usual = family.isNoiseConditional ? Objective.Form.denoising : .exact
    let form = options[Evaluation.Key.objective] ?? usual
    let objective = try Objective(form, options, description)
    options = options.choosing(Evaluation.Key.objective, form)
      .knowing(Objective.Key.hasDomain, description.domain != .real)
    try options.check()
    guard objective.kernel != .caller else {
      throw Options.bad("noise_kernel", "is 'caller'; only a trainer has the caller's noise")
    }
    let levels: NoiseLevels
    if objective.form == .denoising, family.isNoiseConditional, !options.isSet(Evaluation.Key.sigma)
    {
      levels = NoiseLevels(
        distribution: .standard, range: description.sigmaMin ... description.sigmaMax,
        sigmaData: description.sigmaData, weighting: .edm, isScaled: true)
    } else {
      let level = try now.level(options[Evaluation.Key.sigma] ?? 0)
      guard objective.form != .denoising || level > 0 else {
        throw Options.bad(
          Evaluation.Key.sigma, "is 0 for this model; denoising wants a level above 0")
      }
      levels = NoiseLevels(one: level)
    }
    let isRandom = levels.range.upperBound > 0 || objective.form.isSliced
    try options.knowing(Evaluation.Key.isRandom, isRandom).check()
    let data = try TrainingRows(dataset, description, memory: context.memory)
    let draws = options[Evaluation.Key.draws]
    let program = try ObjectiveProgram(
      objective, family, description, training: false, isNoisy: levels.range.upperBound > 0,
      innerSolve: false)
    let runner = try ObjectiveRunner(program, data, weights: now.weights.view, context: context)
    let evaluation = Evaluation(
      runner: runner, rows: try RowList(data.count, memory: context.memory) { _ in true },
      draws: draws, seed: options[Evaluation.Key.seed], levels: levels)
    return (evaluation, draws)
  }
}
