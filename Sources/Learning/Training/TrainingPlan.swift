import Core
import Execution
import Glibc
import Graph
import Models

/// What a trainer is asked to do, resolved from its options, the model and the data.
struct TrainingPlan: Sendable {
  /// nil: closed form.
  private(set) var objective: Objective?
  var steps: Int
  let batch: Int
  var rate: Double
  let beta1: Double
  let beta2: Double
  let warmup: Int
  let cosine: Bool
  var clip: Double
  var average: Double
  let validationRows: Int
  let checks: Int
  var patience: Int
  let levels: NoiseLevels
  /// Of a model with a domain.
  let boundary: Boundary?
  let labelDropout: Double
  /// Steps of a rank between two averages of the weights; 1: gradients are summed instead.
  let localSteps: Int
  let seed: UInt64
  let precision: Precision

  /// From this step on rows that were held out are trained on too, if the network has proved itself
  /// on them by then.
  let joinStep: Int?

  /// Whether it is a network over many levels on a table, which is trained to the end: see `TrainingPlan.init`.
  let isOfTable: Bool

  /// Whether a row is so much work that checks are made with few.
  let isOfPictures: Bool

  /// Draws of noise for each held-out row: 64, but not more than about 65,000 in all, of tables
  /// 16,000; of pictures about a tenth of the work between two checks, of which a draw in a step
  /// takes three times as much as one in a check.
  ///
  /// Without noise and random directions every draw is the same.
  var validationDraws: Int {
    let isFixed = levels.range.upperBound == 0 && objective?.form.isSliced == false
    var most = isOfTable ? 16_384 : 65_536
    if isOfPictures { most = min(most, 3 * steps / checks * batch / 10) }
    return isFixed ? 1 : max(1, min(64, most / max(validationRows, 1)))
  }

  /// The rate at `step`, counted from 0: a straight rise, then half a cosine down to 1 %.
  func rate(at step: Int) -> Double {
    let rise = min(1, Double(step + 1) / Double(max(warmup, 1)))
    guard cosine else { return rate * rise }
    let phase = Double(min(step + 1, steps)) / Double(steps)
    return rate * rise * (0.5 * (1 + cos(phase * .pi)) * 0.99 + 0.01)
  }

  /// The average's decay, short at first: min(ema, (1 + t)/(10 + t)).
  func averageDecay(at step: Int) -> Double { min(average, Double(2 + step) / Double(11 + step)) }

  /// Whether the weights of the best check are taken in the end, not the last ones.
  var keepsBest: Bool { patience > 0 || !isOfTable }

  /// Whether the weights are looked at after so many steps.
  func isCheck(after step: Int) -> Bool { step % max(1, steps / checks) == 0 || step == steps }
}

extension TrainingPlan {
  init(_ options: Options, _ model: ModelDescription, rows: Int) throws {
    objective = try Objective(training: options, model)
    let options = TrainingPlan.settled(options, model, objective)
    try options.check()
    boundary =
      model.domain == .real
      ? nil : objective?.boundary ?? Boundary(options, model)
    isOfPictures = model.family.isOnGrid
    batch = options[Key.batch] ?? (isOfPictures ? 64 : 256)
    if model.family.fit == .innerSolve, batch % 256 != 0 {
      throw Options.bad(
        "batch", "is \(batch); deep kernels are trained on whole shards, multiples of 256 rows")
    }
    isOfTable =
      model.family.isPerceptron && model.isNoiseConditional
      && model.isOfTable
    // Below these a table's levels are still being learnt, the low ones last; far above them few
    // rows are learnt by heart.
    let passes = Double(rows) / Double(batch)
    let usual =
      isOfTable
      ? max(min(max(10 * Double(rows), 1200), 8000), min(100 * passes, 20_000))
      : min(max(600 * passes, 500), 20_000)
    steps = objective == nil ? 1 : options[Key.steps] ?? Int(usual)
    rate = options[Key.rate] ?? (isOfTable ? 3e-3 : 1e-3)
    beta1 = options[Key.beta1]
    beta2 = options[Key.beta2]
    warmup = options[Key.warmup]
    cosine = options[Key.decay] == .cosine
    clip = options[Key.clip]
    average = options[Key.ema]
    checks = options[Key.checks]
    patience = options[Key.patience] ?? (isOfTable ? 0 : 8)
    labelDropout = options[Key.labelDropout]
    // A tenth of the rows is worth more in training than at its end, but the user's own share stays
    // held out.
    joinStep =
      isOfTable && options[Key.validation] == nil && patience == 0 && steps >= checks
      ? steps / checks * (checks * 3 / 5) : nil
    localSteps = options[Key.localSteps]
    seed = options[Key.seed]
    precision = try Precision(options)
    if objective == nil && !model.family.closedFormHoldsOut {
      validationRows = 0
    } else if let share = options[Key.validation] {
      validationRows = min(Int((share * Double(rows)).rounded()), rows - 1)
    } else if rows < (isOfTable ? 500 : 60) || TrainingPlan.hasFewParameters(model, rows: rows) {
      validationRows = 0
    } else {
      let tenth = max(20, Int((0.1 * Double(rows)).rounded()))
      validationRows = isOfPictures ? min(tenth, 512) : isOfTable ? min(tenth, 1000) : tenth
    }
    if model.isNoiseConditional {
      levels = try NoiseLevels(options, model, objective)
    } else {
      levels = NoiseLevels(one: try TrainingPlan.noise(options, model, objective))
    }
    if var objective {
      objective.isByAxis =
        objective.form == .denoising && objective.kernel == .gaussian && !objective.controlVariate
        && model.isNoiseConditional && model.base != nil && levels.weighting == .edm
      self.objective = objective
    }
  }

  /// What the model and its objective say of the options.
  private static func settled(
    _ options: Options, _ model: ModelDescription, _ objective: Objective?
  ) -> Options {
    options.choosing(Key.objective, objective?.name ?? Key.closedForm)
      .knowing(Key.hasLevels, model.isNoiseConditional)
      .knowing(Key.mayHoldOut, objective != nil || model.family.closedFormHoldsOut)
      .knowing(ModelDescription.Key.hasClasses, !model.classes.isEmpty)
      .knowing(Objective.Key.hasDomain, model.domain != .real)
  }

  /// Whether there is nothing to overfit with, so that holding rows out would only cost accuracy.
  private static func hasFewParameters(_ model: ModelDescription, rows: Int) -> Bool {
    guard model.family.canBeSmall else { return false }
    let count = model.makeFamily().parameters.reduce(0) { $0 + $1.shape.count }
    return count * 20 <= rows
  }

  /// The single level of a density that is not conditioned on noise.
  private static func noise(
    _ options: Options, _ model: ModelDescription, _ objective: Objective?
  ) throws -> Double {
    let asked = options[Key.noise]
    guard model.domain == .real else { return 0 }
    let denoising = objective?.form == .denoising
    if let asked {
      guard asked > 0 || !denoising else {
        throw Options.bad("noise", "is 0; denoising wants some to take away")
      }
      return asked
    }
    if denoising { return 0.1 * model.sigmaData }
    if model.family.isBoundedOnData || objective?.form == .maximumLikelihood { return 0 }
    return 0.05 * model.sigmaData
  }
}

extension NoiseLevels {
  enum Schedule: String, CaseIterable, Sendable { case edm, geometric, ve, vp, subvp, cosine }

  /// The levels of a model that is told of them.
  init(_ options: Options, _ model: ModelDescription, _ objective: Objective?) throws {
    let schedule = options[TrainingPlan.Key.schedule]
    let lowest = options[TrainingPlan.Key.sigmaMin] ?? model.lowestLevel
    let farthest = max(model.largestDistance, 2 * lowest)
    let named: NoiseDistribution =
      switch schedule {
      case .ve: .varianceExploding
      case .vp: .variancePreserving
      case .subvp: .subVariancePreserving
      case .cosine: .cosine
      case .edm, .geometric: model.standardDistribution
      }
    let highest =
      options[TrainingPlan.Key.sigmaMax] ?? named.ownMaximum.map { $0 * model.sigmaData }
      ?? ([.geometric, .ve].contains(schedule)
        ? farthest : min(max(farthest, 10 * model.sigmaData), 80 * model.sigmaData))
    guard lowest < highest else {
      throw Options.bad("sigma_min", "is not below sigma_max, \(highest)")
    }
    let ladder = GeometricLadder(
      sigmaMax: highest, sigmaMin: lowest, dimension: model.dimension)
    self.init(
      distribution: schedule == .geometric ? .geometric(levels: ladder.levels) : named,
      range: lowest ... highest, sigmaData: model.sigmaData,
      weighting: options[TrainingPlan.Key.weighting],
      isScaled: objective?.form == .denoising || objective?.form == .maximumLikelihood)
  }
}
