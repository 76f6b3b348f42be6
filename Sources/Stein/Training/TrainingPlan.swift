/// What a trainer is asked to do, resolved from its options, the model and the data.
struct TrainingPlan: Sendable {
  /// nil: closed form.
  let objective: Objective?
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
  let law: NoiseLaw
  let sigmaMin: Double
  let sigmaMax: Double
  let labelDropout: Double
  let seed: UInt64

  /// Draws of noise for each held-out row: 64, but not more than about 65,000 in all.
  var validationDraws: Int { max(1, min(64, 65_536 / max(validationRows, 1))) }

  /// The rate at `step`, counted from 0: a straight rise, then half a cosine down to 1 %.
  func rate(at step: Int) -> Double {
    let rise = min(1, Double(step + 1) / Double(max(warmup, 1)))
    guard cosine else { return rate * rise }
    let phase = Double(min(step + 1, steps)) / Double(steps)
    return rate * rise * (0.5 * (1 + cosineOf(phase)) * 0.99 + 0.01)
  }

  /// The average's decay, short at first: min(ema, (1 + t)/(10 + t)).
  func averageDecay(at step: Int) -> Double { min(average, Double(2 + step) / Double(11 + step)) }

  /// Whether the weights are looked at after so many steps.
  func isCheck(after step: Int) -> Bool { step % max(1, steps / checks) == 0 || step == steps }
}

extension TrainingPlan {
  init(_ options: Options, _ model: ModelDescription, rows: Int) throws {
    let conditional = model.family != "energy_mlp" || model.network.noiseConditional
    objective = try TrainingPlan.objective(options, model, conditional: conditional)
    let batch = options.integer("batch") ?? 256
    self.batch = batch
    let passes = 600.0 * Double(rows) / Double(batch)
    steps = objective == nil ? 1 : options.integer("steps") ?? Int(min(max(passes, 500), 20_000))
    rate = options.number("rate") ?? 1e-3
    beta1 = options.number("beta1") ?? 0.9
    beta2 = options.number("beta2") ?? 0.99
    warmup = options.integer("warmup") ?? 100
    cosine = options.choice("decay") != "none"
    clip = options.number("clip") ?? 10
    average = options.number("ema") ?? 0.999
    checks = options.integer("checks") ?? 40
    patience = options.integer("patience") ?? 8
    labelDropout = options.number("label_dropout") ?? 0
    seed = UInt64(options.integer("seed") ?? 0)
    if objective == nil {
      validationRows = 0
    } else if let share = options.number("validation") {
      validationRows = min(Int((share * Double(rows)).rounded()), rows - 1)
    } else {
      validationRows = rows < 60 ? 0 : max(20, Int((0.1 * Double(rows)).rounded()))
    }
    if objective == .denoising || objective == nil {
      let geometric = options.choice("schedule") == "geometric"
      let lowest = options.number("sigma_min") ?? 0.01
      let farthest = max(model.largestDistance, 2 * lowest)
      let highest =
        options.number("sigma_max") ?? (geometric ? farthest : min(max(farthest, 10), 80))
      guard lowest < highest else {
        throw Options.bad("sigma_min", "is not below sigma_max, \(highest)")
      }
      (sigmaMin, sigmaMax) = (lowest, highest)
      law =
        geometric
        ? .geometric(
          levels: GeometricLadder(sigmaMax: highest, sigmaMin: lowest, dimension: model.dimension)
            .levels)
        : .standard
    } else {
      let noise = options.number("noise") ?? 0.05
      guard noise > 0 else {
        throw Options.bad(
          "noise", "is 0; on finite or rounded data the loss then has no lower bound")
      }
      (sigmaMin, sigmaMax) = (noise, noise)
      law = .geometric(levels: [noise])
    }
  }

  /// Which objective a family is trained by, and why not another.
  private static func objective(
    _ options: Options, _ model: ModelDescription, conditional: Bool
  ) throws -> Objective? {
    let sliced = Objective.slicedVR(projections: options.integer("projections") ?? 1)
    func unsupported(_ what: String) -> SteinError {
      SteinError(.unsupported, what, argument: "options", option: "objective")
    }
    let asked = options.choice("objective")
    if model.family == "gaussian" {
      guard asked == nil || asked == "closed_form" else {
        throw unsupported(
          "a gaussian is fitted by objective=closed_form, at every noise level at once")
      }
      return nil
    }
    switch asked {
    case "closed_form":
      throw unsupported("objective=closed_form is for family=gaussian; a network takes denoising")
    case "denoising":
      guard conditional else {
        throw unsupported(
          "an energy of one level is trained by exact or sliced_vr; denoising over many levels wants noise_conditional=true"
        )
      }
      return .denoising
    case "exact", "sliced_vr":
      guard !conditional else {
        throw unsupported(
          "objective=\(asked ?? "") trains an energy at one level: make the model with family=energy_mlp noise_conditional=false; this one takes denoising"
        )
      }
      return asked == "exact" ? .exact : sliced
    default:
      if conditional { return .denoising }
      return model.dimension <= 32 ? .exact : sliced
    }
  }
}
