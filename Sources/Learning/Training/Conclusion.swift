import Core
import Data
import Execution
import Glibc
import Models
import Platform

/// What the end of training finds out: how far the network is to be trusted at each level beside
/// the Gaussian that it began as, and at which level the score of the data themselves is known
/// best.
struct Conclusion: Sendable {
  struct Level: Sendable {
    let sigma: Double
    /// ½ E‖σ s + z‖² on rows held out, of the network as it was trained and of the Gaussian.
    let network: Double
    let gaussian: Double
    /// By which its part would be the best on them.
    let gain: Double
  }

  let levels: [Level]
  /// σ of `stein_model_score(sigma=0)`; nil: the lowest.
  let cleanLevel: Double?

  /// By which the network's part is multiplied: 1 where it is the better one over all levels
  /// together.
  var gains: [Double] { Conclusion.gains(levels) }

  private static func gains(_ levels: [Level]) -> [Double] {
    isBetter(levels) ? levels.map { _ in 1 } : levels.map(\.gain)
  }

  /// Whether the network is nearer to rows held out than the Gaussian, in the mean of its loss's
  /// logarithm over levels.
  ///
  /// A network that learns what is not Gaussian in the data may still lose at a level or two, which
  /// is said and no more.
  fileprivate static func isBetter(_ levels: [Level]) -> Bool {
    levels.reduce(0) { $0 + log($1.network / $1.gaussian) } < -0.01 * Double(levels.count)
  }

  /// Nil where there is nothing to say.
  init?(_ trainer: Trainer, monitor: any Monitor) throws {
    let now = trainer.model.snapshot
    let description = now.description
    guard description.family.isPerceptron, description.isNoiseConditional,
      description.noiseKernel == .gaussian
    else { return nil }
    let judged =
      description.base == nil || !trainer.hasHeldOut
      ? [] : try trainer.judgeByLevel(now.weights, monitor)
    levels = judged
    cleanLevel =
      try trainer.ranks == nil
      ? trainer.bestCleanLevel(Conclusion.gains(judged), monitor) : nil
  }

  var warnings: [String] {
    let lost = levels.filter { $0.network > 1.01 * $0.gaussian }
    guard !lost.isEmpty else { return [] }
    let list = lost.map { rounded($0.sigma) }.joined(separator: ", ")
    let what =
      Conclusion.isBetter(levels)
      ? "over all levels together it is better, and is kept"
      : "there the model keeps to that Gaussian"
    return [
      "on rows held out the network lost to the Gaussian with the data's covariance at noise level \(list); \(what). More rows, a smaller network or more dropout help, and where the data are Gaussian family=gaussian"
    ]
  }

  var json: JSON {
    .object([
      ("clean_level", cleanLevel.map(JSON.number) ?? .null),
      (
        "levels",
        .array(
          levels.map {
            .object([
              ("sigma", .number($0.sigma)), ("network", .number($0.network)),
              ("gaussian", .number($0.gaussian)), ("gain", .number($0.gain)),
            ])
          })
      ),
    ])
  }

  init?(_ json: JSON) throws {
    guard case .object = json else { return nil }
    levels = try (json["levels"]?.array ?? []).map {
      guard let sigma = $0["sigma"]?.double, let gain = $0["gain"]?.double,
        (0 ... 1).contains(gain)
      else { throw SteinError(.badFile, "the checkpoint's conclusion", argument: "path") }
      return Level(
        sigma: sigma, network: $0["network"]?.double ?? .nan,
        gaussian: $0["gaussian"]?.double ?? .nan, gain: gain)
    }
    guard [0, LevelGain.knots.count].contains(levels.count) else {
      throw SteinError(.badFile, "the checkpoint's conclusion", argument: "path")
    }
    cleanLevel = json["clean_level"]?.double
  }
}

extension Model {
  /// Multiplies the network's gains by level.
  func apply(_ gains: [Double], to weights: View<Float>) {
    guard !gains.isEmpty, family.base != nil, family.parameters.last?.name == LevelGain.spec.name
    else { return }
    let place = weights.slice(layout.offsets[layout.offsets.count - 1], LevelGain.knots.count)
    for (index, gain) in gains.enumerated() { place[index] *= Float(gain) }
  }
}

extension Trainer {
  /// Finds the best factor of the network's part f at each level, on rows held out.
  ///
  /// With a = σ s + z of the Gaussian and f what the network adds to its σ s, it and its error are
  ///
  ///     g = −Σ a·f / Σ ‖f‖²,     se(g)² = Σ (a·f + g ‖f‖²)² / (Σ ‖f‖²)²
  ///
  /// Taken is g − 2 se(g) (1 − g) within 0 and 1: what is 1 stays, and what may be chance is left
  /// out.
  fileprivate func judgeByLevel(_ shown: Storage<Float>, _ monitor: any Monitor) throws
    -> [Conclusion.Level]
  {
    let (description, memory) = (model.snapshot.description, model.context.memory)
    let silent = try Storage<Float>(memory, count: shown.count)
    silent.view.copy(shown.view)
    model.apply(LevelGain.knots.map { _ in 0 }, to: silent.view)
    let full = try Evaluator(
      model, Model.Snapshot(description: description, weights: shown), .scaledScore)
    let base = try Evaluator(
      model, Model.Snapshot(description: description, weights: silent), .scaledScore)
    let (d, rows) = (full.dimension, validationRows)
    let draws = max(1, min(16, 4096 / max(validation.count, 1)))
    let normals = try (0 ..< model.context.workers.count).map { _ in
      try Storage<Float>(memory, count: full.rows * d)
    }
    // Of each level Σ a·f, Σ ‖f‖², Σ ‖a‖², Σ (a·f)², Σ a·f ‖f‖², Σ ‖f‖⁴ over rows: one exchange
    // between ranks for all.
    var totals: [Double] = []
    var sigmas: [Double] = []
    for (number, knot) in LevelGain.knots.enumerated() {
      let range = plan.levels.range
      let sigma = min(max(knot * description.sigmaData, range.lowerBound), range.upperBound)
      // For each draw: a·f, ‖f‖², ‖a‖².
      let sums = try Storage<Double>(memory, count: 3 * rows.count * draws)
      let run = RowRun(
        rows: rows.count * draws, shardRows: full.rows, monitor: SilentMonitor(monitor))
      let work = { [self] in
        try run.run(model.context.workers) { worker, first, count in
          let z = normals[worker].view
          let source = DrawSource(seed: plan.seed, step: UInt32(number), evaluation: true)
          z.fillNormal(
            rows: full.rows, columns: d, source.source(Stream.noise),
            firstRow: UInt64(validation.first * draws + first))
          for r in 0 ..< full.rows {
            let row = rows[min(first + r, rows.count * draws - 1) / draws]
            for j in 0 ..< d {
              let x = data.values[row * d + j] + Float(sigma) * z[r * d + j]
              full.x(worker)[r * d + j] = x
              base.x(worker)[r * d + j] = x
            }
          }
          for evaluator in [full, base] {
            evaluator.setSigma(sigma, worker)
            evaluator.setClasses(worker) { r in
              data.classIndex(rows[min(first + r, rows.count * draws - 1) / draws])
            }
          }
          let (whole, gaussian) = (full.run(worker), base.run(worker))
          for r in 0 ..< count {
            let own = sums.view.slice(3 * (first + r), 3)
            for j in r * d ..< (r + 1) * d {
              let a = Double(gaussian[j] + z[j])
              let f = Double(whole[j] - gaussian[j])
              own[0] += a * f
              own[1] += f * f
              own[2] += a * a
            }
          }
        }
      }
      if let ranks { ranks.part(work) } else { try work() }
      totals += Trainer.totals(sums.view, draws: draws)
      sigmas.append(sigma)
    }
    try ranks?.sum(&totals)
    return sigmas.indices.map { level in
      judged(Array(totals[6 * level ..< 6 * level + 6]), sigma: sigmas[level])
    }
  }

  /// `sums`: a·f, ‖f‖² and ‖a‖² of each draw.
  private static func totals(_ sums: View<Double>, draws: Int) -> [Double] {
    let count = sums.count / (3 * draws)
    func mean(_ row: Int, _ part: Int) -> Double {
      (0 ..< draws).reduce(0.0) { $0 + sums[3 * (row * draws + $1) + part] } / Double(draws)
    }
    var totals = [Double](repeating: 0, count: 6)
    for row in 0 ..< count {
      let (p, q) = (mean(row, 0), mean(row, 1))
      totals[0] += p
      totals[1] += q
      totals[2] += mean(row, 2)
      totals[3] += p * p
      totals[4] += p * q
      totals[5] += q * q
    }
    return totals
  }

  private func judged(_ totals: [Double], sigma: Double) -> Conclusion.Level {
    let rows = Double(max(validation.count, 1))
    let (network, gaussian) = (
      0.5 * (totals[2] + 2 * totals[0] + totals[1]) / rows, 0.5 * totals[2] / rows
    )
    guard totals[1] > 0, network.isFinite else {
      return Conclusion.Level(
        sigma: sigma, network: network, gaussian: gaussian, gain: network.isFinite ? 1 : 0)
    }
    let g = -totals[0] / totals[1]
    let variance = totals[3] + 2 * g * totals[4] + g * g * totals[5]
    let error = max(variance, 0).squareRoot() / totals[1]
    let gain = min(max(g - 2 * error * max(1 - g, 0), 0), 1)
    return Conclusion.Level(sigma: sigma, network: network, gaussian: gaussian, gain: gain)
  }

  /// Whether the average of the weights, as it is, is better on the rows held out than the
  /// Gaussian.
  func isBetterThanGaussian(_ monitor: any Monitor) throws -> Bool {
    guard model.family.base != nil, plan.objective?.kernel == .gaussian else { return true }
    return Conclusion.isBetter(try judgeByLevel(weights.average, monitor))
  }

  /// The level whose score is nearest to that of the data themselves.
  ///
  /// It is the one of the least
  ///
  ///     J(σ) = E[½ ‖s(x; σ)‖² + tr ∇s(x; σ)]
  ///
  /// on rows without noise, which is ½ E‖s(x; σ) − ∇ ln p(x)‖² but for a constant (Hyvärinen 2005,
  /// theorem 1). High levels blur; at low ones an error of the network is divided by σ.
  fileprivate func bestCleanLevel(_ gains: [Double], _ monitor: any Monitor) throws -> Double? {
    let (now, memory) = (model.snapshot, model.context.memory)
    let description = now.description
    let (weights, range) = (try Storage<Float>(memory, count: now.weights.count), plan.levels.range)
    weights.view.copy(now.weights.view)
    model.apply(gains, to: weights.view)
    let d = description.dimension
    guard d <= 256 else { return nil }
    let isExact = d <= 32
    let evaluator = try Evaluator(
      model, Model.Snapshot(description: description, weights: weights),
      isExact ? .scaledScoreAndTrace : .scaledScoreAndSlopes(directions: 1))
    let pool = validationRows.isEmpty ? trainRows : validationRows
    let rows = try RowList(pool, every: max(1, pool.count / 512), memory: memory)
    guard !rows.isEmpty else { return nil }
    let top = min(0.5 * description.sigmaData, range.upperBound)
    let count = 1 + Int(2 * max(log2(top / range.lowerBound), 0))
    let levels = (0 ..< count).map { range.lowerBound * pow(2, Double($0) / 2) }
    var best: (level: Double, loss: Double)?
    for sigma in levels {
      let losses = try Storage<Double>(memory, count: rows.count)
      let run = RowRun(rows: rows.count, shardRows: evaluator.rows, monitor: SilentMonitor(monitor))
      try run.run(model.context.workers) { worker, first, count in
        let x = evaluator.x(worker)
        for r in 0 ..< evaluator.rows {
          let row = rows[min(first + r, rows.count - 1)]
          for j in 0 ..< d { x[r * d + j] = data.values[row * d + j] }
        }
        evaluator.setSigma(sigma, worker)
        evaluator.setClasses(worker) { r in
          data.classIndex(rows[min(first + r, rows.count - 1)])
        }
        if !isExact {
          let source = DrawSource(seed: plan.seed, step: 0, evaluation: true)
          let v = evaluator.directions(worker)
          v.fillUniform(
            rows: evaluator.rows, columns: d, source.source(Stream.probes), firstRow: UInt64(first))
          for index in 0 ..< v.count { v[index] = v[index] < 0.5 ? -1 : 1 }
        }
        let g = evaluator.run(worker)
        let trace = evaluator.output(1, worker)
        for r in 0 ..< count {
          var square = 0.0
          for j in r * d ..< (r + 1) * d { square += Double(g[j]) * Double(g[j]) }
          losses.view[first + r] = 0.5 * square / (sigma * sigma) + Double(trace[r]) / sigma
        }
      }
      let mean = (0 ..< rows.count).reduce(0.0) { $0 + losses.view[$1] } / Double(rows.count)
      if mean.isFinite, mean < best?.loss ?? .infinity { best = (sigma, mean) }
    }
    return best?.level
  }
}
