import Execution
import Graph

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

  /// From this step on rows that were held out are trained on too, if the network has proved itself on them by then.
  let joinStep: Int?

  /// Whether it is a network over many levels on a table, which is trained to the end: see `TrainingPlan.init`.
  let isOfTable: Bool

  /// Whether a row is so much work that checks are made with few.
  let isOfPictures: Bool

  /// Draws of noise for each held-out row: 64, but not more than about 65,000 in all, of tables 16,000; of pictures about a tenth of the work between two
  /// checks, of which a draw in a step takes three times as much as one in a check.
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
    return rate * rise * (0.5 * (1 + cosineOf(phase)) * 0.99 + 0.01)
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
    boundary =
      model.domain == .real
      ? nil : objective?.boundary ?? Boundary(options, model)
    isOfPictures = model.family == .scoreUNet
    batch = options.integer("batch") ?? (isOfPictures ? 64 : 256)
    if model.family == .deepKernelExponential, batch % 256 != 0 {
      throw Options.bad(
        "batch", "is \(batch); deep kernels are trained on whole shards, multiples of 256 rows")
    }
    isOfTable =
      [.scoreMLP, .energyMLP].contains(model.family) && model.isNoiseConditional
      && model.isOfTable
    // Below these a table's levels are still being learnt, the low ones last; far above them few rows are learnt by heart.
    let passes = Double(rows) / Double(batch)
    let usual =
      isOfTable
      ? max(min(max(10 * Double(rows), 1200), 8000), min(100 * passes, 20_000))
      : min(max(600 * passes, 500), 20_000)
    steps = objective == nil ? 1 : options.integer("steps") ?? Int(usual)
    rate = options.number("rate") ?? (isOfTable ? 3e-3 : 1e-3)
    beta1 = options.value("beta1")
    beta2 = options.value("beta2")
    warmup = options.value("warmup")
    cosine = options.value("decay") != "none"
    clip = options.value("clip")
    average = options.value("ema")
    checks = options.value("checks")
    patience = options.integer("patience") ?? (isOfTable ? 0 : 8)
    labelDropout = options.value("label_dropout")
    // A tenth of the rows is worth more in training than at its end, but the user's own share stays held out.
    joinStep =
      isOfTable && options.number("validation") == nil && patience == 0 && steps >= checks
      ? steps / checks * (checks * 3 / 5) : nil
    localSteps = options.value("local_steps")
    seed = options.value("seed")
    precision = try options.precision()
    if objective == nil && model.family != .kernelExponential {
      validationRows = 0
    } else if let share = options.number("validation") {
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

  /// Whether there is nothing to overfit with, so that holding rows out would only cost accuracy.
  private static func hasFewParameters(_ model: ModelDescription, rows: Int) -> Bool {
    guard [.exponential, .mixture, .graph].contains(model.family) else { return false }
    let count = model.makeFamily().parameters.reduce(0) { $0 + $1.shape.count }
    return count * 20 <= rows
  }

  /// The single level of a density that is not conditioned on noise.
  private static func noise(
    _ options: Options, _ model: ModelDescription, _ objective: Objective?
  ) throws -> Double {
    for key in ["sigma_min", "sigma_max", "schedule", "weighting"] where options.isSet(key) {
      throw Options.bad(key, "is for models of many noise levels; this one has one: noise=...")
    }
    let asked = options.number("noise")
    guard model.domain == .real else {
      guard asked ?? 0 == 0 else {
        throw Options.bad("noise", "is above 0, which would carry rows out of the model's domain")
      }
      return 0
    }
    let denoising = objective?.form == .denoising
    if let asked {
      guard asked > 0 || !denoising else {
        throw Options.bad("noise", "is 0; denoising wants some to take away")
      }
      return asked
    }
    if denoising { return 0.1 * model.sigmaData }
    switch model.family {
    // With few parameters, a ridge or a likelihood the loss is bounded on finite data too.
    case .exponential, .kernelExponential, .graph: return 0
    default: return objective?.form == .maximumLikelihood ? 0 : 0.05 * model.sigmaData
    }
  }
}

extension ModelDescription {
  /// Whether rows are those of a table: of one axis, whose columns have each a scale of their own, or none.
  var isOfTable: Bool { shape.count == 2 && ownScaling != .common }

  /// The lowest level to train for: a quarter of the data's resolution, from .001 to .01 of σ_data.
  var lowestLevel: Double {
    (resolution > 0 ? min(max(resolution / 4, 0.001), 0.01) : 0.01) * sigmaData
  }

  /// EDM's law of levels, carried down where the data are thin: 95 of 100 levels lie from half the resolution up.
  var standardLaw: NoiseLaw {
    guard case .edm(let mean, let deviation) = NoiseLaw.standard, resolution > 0 else {
      return .standard
    }
    let (low, high) = (mean - 2 * deviation, mean + 2 * deviation)
    let lower = min(low, naturalLog(resolution / 2))
    return .edm(mean: (lower + high) / 2, deviation: (high - lower) / 4)
  }
}

extension NoiseLevels {
  /// The levels of a model that is told of them.
  init(_ options: Options, _ model: ModelDescription, _ objective: Objective?) throws {
    if options.isSet("noise") {
      throw Options.bad(
        "noise", "is for models of one level; this one takes sigma_min and sigma_max")
    }
    let schedule: String = options.value("schedule")
    let lowest = options.number("sigma_min") ?? model.lowestLevel
    let farthest = max(model.largestDistance, 2 * lowest)
    let named: NoiseLaw =
      switch schedule {
      case "ve": .varianceExploding
      case "vp": .variancePreserving
      case "subvp": .subVariancePreserving
      case "cosine": .cosine
      default: model.standardLaw
      }
    let highest =
      options.number("sigma_max") ?? named.ownMaximum.map { $0 * model.sigmaData }
      ?? (["geometric", "ve"].contains(schedule)
        ? farthest : min(max(farthest, 10 * model.sigmaData), 80 * model.sigmaData))
    guard lowest < highest else {
      throw Options.bad("sigma_min", "is not below sigma_max, \(highest)")
    }
    let ladder = GeometricLadder(
      sigmaMax: highest, sigmaMin: lowest, dimension: model.dimension)
    let weighting: Weighting =
      switch options.value("weighting") as String {
      case "sigma2": .sigmaSquared
      case "likelihood": .likelihood
      case "min_snr": .minimumSNR
      default: .edm
      }
    self.init(
      law: schedule == "geometric" ? .geometric(levels: ladder.levels) : named,
      range: lowest ... highest, sigmaData: model.sigmaData, weighting: weighting,
      isScaled: objective?.form == .denoising || objective?.form == .maximumLikelihood)
  }
}
