import Core
import Glibc
import Models

/// The samplers by the names that options use.
enum SamplerKind: String, Sendable, CaseIterable {
  case euler
  case heun
  case rk45
  case ddim
  case dpmpp2m = "dpmpp_2m"
  case dpmpp3mSDE = "dpmpp_3m_sde"
  case predictorCorrector = "predictor_corrector"
  case annealedLangevin = "annealed_langevin"
  case underdampedLangevin = "underdamped_langevin"
  case langevin

  /// Whether it follows the probability flow or its SDE, which hold for Gaussian noise alone.
  var isDiffusion: Bool { self != .annealedLangevin && self != .langevin }

  /// Levels of the grid unless options say so, or what else steps are.
  func usualSteps(_ range: ClosedRange<Double>) -> Int {
    guard self == .underdampedLangevin else { return usualSteps }
    let folds = log(range.upperBound / range.lowerBound)
    return max(2, Int((UnderdampedLangevin.stepsPerFold * folds).rounded(.up)))
  }

  var usualSteps: Int {
    switch self {
    case .euler, .ddim: 50
    case .heun, .rk45: 18
    case .dpmpp2m: 25
    case .dpmpp3mSDE: 50
    case .predictorCorrector: 200
    case .underdampedLangevin: 50
    case .annealedLangevin: 20
    case .langevin: 1000
    }
  }

  private static let gridOptions: Set<String> = [
    "grid", "rho", "levels", "sigma_min", "sigma_max",
  ]
  private static let churnOptions: Set<String> = ["churn", "churn_min", "churn_max", "churn_noise"]

  /// The options that it takes beside those of every sampler.
  var options: Set<String> {
    switch self {
    case .euler, .heun: SamplerKind.gridOptions.union(SamplerKind.churnOptions)
    case .rk45: SamplerKind.gridOptions.union(["tolerance"])
    case .ddim, .dpmpp2m, .dpmpp3mSDE: SamplerKind.gridOptions.union(["eta"])
    case .predictorCorrector:
      SamplerKind.gridOptions.union(["predictor", "process", "corrector_steps", "corrector_ratio"])
    case .underdampedLangevin: SamplerKind.gridOptions.union(["step_ratio"])
    case .annealedLangevin: ["sigma_min", "sigma_max", "step_size", "accept"]
    case .langevin: ["sigma", "step_size"]
    }
  }

  static let commonOptions: Set<String> = [
    "sampler", "steps", "seed", "first_index", "precision", "denoise", "trajectory", "temperature",
    "guidance",
    "guidance_min", "guidance_max", "method", "noise", "iterations", "strength",
  ]
}

extension Model {
  /// The sampler that options name; `usual`: the one for models of many levels where they name none.
  func samplerKind(_ options: Options, _ now: Snapshot, usual: SamplerKind) throws -> SamplerKind {
    let description = now.description
    guard description.trained else {
      throw SteinError(.badState, "the model is not trained yet", argument: "model")
    }
    let oneLevel = description.sigmaMin == description.sigmaMax && !family.isNoiseConditional
    let kind =
      options.choice("sampler").flatMap(SamplerKind.init) ?? (oneLevel ? .langevin : usual)
    guard !oneLevel || kind == .langevin else {
      throw SteinError(
        .unsupported,
        "sampler=\(kind.rawValue) goes through many noise levels, this model has one; take sampler=langevin",
        argument: "options", option: "sampler")
    }
    let taken = kind.options.union(SamplerKind.commonOptions)
    if let stranger = options.keys.first(where: { !taken.contains($0) }) {
      throw Options.bad(
        stranger,
        "is not for sampler=\(kind.rawValue), which takes \(kind.options.sorted().joined(separator: ", "))"
      )
    }
    if options.value("trajectory") == 1 {
      throw Options.bad("trajectory", "is 1; it is 2 states or more, or 0 for the end alone")
    }
    if kind.isDiffusion || options.flag("denoise") == true { try checkGaussianNoise() }
    return kind
  }

  func sampler(_ kind: SamplerKind, _ options: Options, _ now: Snapshot) throws -> any Sampler {
    let sigmaData = now.description.sigmaData
    switch kind {
    case .langevin: return try Langevin(options, now)
    case .annealedLangevin: return try AnnealedLangevin(options, now)
    case .underdampedLangevin:
      return UnderdampedLangevin(
        grid: try now.grid(options, kind), stepRatio: options.value("step_ratio"))
    case .euler, .heun:
      return ProbabilityFlow(
        grid: try now.grid(options, kind), isSecondOrder: kind == .heun,
        churn: try ProbabilityFlow.Churn(options))
    case .ddim:
      return ImplicitDiffusion(grid: try now.grid(options, kind), eta: options.number("eta") ?? 0)
    case .dpmpp2m, .dpmpp3mSDE:
      let isThird = kind == .dpmpp3mSDE
      return Multistep(
        grid: try now.grid(options, kind), order: isThird ? 3 : 2,
        eta: options.number("eta") ?? (isThird ? 1 : 0))
    case .predictorCorrector:
      return PredictorCorrector(
        grid: try now.grid(options, kind),
        predictor: options.value("predictor"),
        process: options.value("process"),
        correctorSteps: options.value("corrector_steps"),
        ratio: options.value("corrector_ratio"), sigmaData: sigmaData)
    case .rk45:
      let grid = try now.grid(options, kind)
      return AdaptiveFlow(
        levels: grid.filter { $0 > 0 }, denoise: grid.contains(0), control: .adaptive,
        tolerance: options.value("tolerance"), sigmaData: sigmaData)
    }
  }
}

extension ProbabilityFlow.Churn {
  init?(_ options: Options) throws {
    let amount: Double = options.value("churn")
    let low: Double = options.value("churn_min")
    let high = options.number("churn_max") ?? .infinity
    guard low <= high else { throw Options.bad("churn_min", "is above churn_max") }
    guard amount > 0 else { return nil }
    self.init(amount: amount, range: low ... high, noise: options.value("churn_noise"))
  }
}

extension Langevin {
  init(_ options: Options, _ model: Model.Snapshot) throws {
    let usual = min(max(model.description.sigmaMin, 0.1), model.description.sigmaMax)
    let sigma = try model.level(options, "sigma", usual: usual)
    // Noise of σ leaves no direction narrower than σ, where steps below 2σ² are stable; T σ² when it is colder.
    let spread = model.description.sigmaData * model.description.sigmaData
    let warm = sigma > 0 ? min(sigma * sigma / 4, 0.1 * spread) : 0.01 * spread
    let stepSize =
      options.number("step_size") ?? warm * min(options.value("temperature"), 1)
    let denoise = options.flag("denoise") ?? false
    if denoise, model.description.domain != .real {
      throw Options.bad("denoise", "is for densities without a domain")
    }
    guard stepSize > 0 else { throw Options.bad("step_size", "is 0; nothing would move") }
    self.init(
      sigma: sigma, stepSize: stepSize,
      steps: options.integer("steps") ?? SamplerKind.langevin.usualSteps, denoise: denoise,
      domain: model.description.domain)
  }
}

extension AnnealedLangevin {
  init(_ options: Options, _ model: Model.Snapshot) throws {
    let description = model.description
    let range = try model.range(options)
    // Beyond the largest distance between two points there is nothing to learn about them (technique 1).
    let highest = min(range.upperBound, max(description.largestDistance, 2 * range.lowerBound))
    let ladder = GeometricLadder(
      sigmaMax: options.value("sigma_max") > 0.0 ? range.upperBound : highest,
      sigmaMin: range.lowerBound, dimension: description.dimension)
    let steps = options.integer("steps") ?? SamplerKind.annealedLangevin.usualSteps
    let accepts: Bool = options.value("accept")
    var usual = ladder.stepSize(stepsPerLevel: steps)
    if accepts {
      // Proposals of ℓ² D^{−1/3}/2 with ℓ = 1.65 are accepted in 57 of 100 (Roberts & Rosenthal 1998).
      let best = 1.36 / cbrt(Double(description.dimension))
      usual = min(usual, best * range.lowerBound * range.lowerBound)
    }
    let stepSize = options.number("step_size") ?? usual
    guard stepSize > 0 else { throw Options.bad("step_size", "is 0; nothing would move") }
    self.init(
      ladder: ladder, stepSize: stepSize, stepsPerLevel: steps,
      denoise: options.flag("denoise") ?? (description.noiseKernel == .gaussian && !accepts),
      accepts: accepts)
  }
}

extension Model.Snapshot {
  /// A level from the options; 0 stands for `usual`.
  func level(_ options: Options, _ key: String, usual: Double) throws -> Double {
    let value: Double = options.value(key)
    guard value != 0 else { return usual }
    try check(value, key)
    return value
  }

  private func check(_ value: Double, _ key: String) throws {
    let (low, high) = (description.sigmaMin, description.sigmaMax)
    guard value >= low * (1 - 1e-6), value <= high * (1 + 1e-6) else {
      throw Options.bad(key, "is \(value); the model was trained from \(low) to \(high)")
    }
  }

  /// The range from sigma_max down to sigma_min, or another option for the lowest level.
  func range(_ options: Options, lowest: String = "sigma_min") throws -> ClosedRange<Double> {
    let low = try level(options, lowest, usual: description.sigmaMin)
    let high = try level(options, "sigma_max", usual: description.sigmaMax)
    guard low < high else { throw Options.bad(lowest, "is not below sigma_max") }
    return low ... high
  }

  /// The levels that options describe, then 0 where a last denoising step is wanted.
  func grid(_ options: Options, _ kind: SamplerKind) throws -> [Double] {
    let last = options.flag("denoise") ?? true ? [0.0] : []
    if let given = options.numbers("levels") {
      for key in ["steps", "grid", "rho", "sigma_min", "sigma_max"] where options.isSet(key) {
        throw Options.bad(key, "has no meaning beside levels")
      }
      guard given.count >= 2, zip(given, given.dropFirst()).allSatisfy(>) else {
        throw Options.bad("levels", "are two or more, each below the one before")
      }
      for level in given { try check(level, "levels") }
      return given + last
    }
    let range = try range(options)
    let steps = options.integer("steps") ?? kind.usualSteps(range)
    guard steps >= 2, steps <= 1_000_000 else {
      throw Options.bad("steps", "is \(steps); \(kind.rawValue) takes 2 to 1000000 levels")
    }
    let usual = kind == .underdampedLangevin ? NoiseGrid.geometric : .edm
    let grid = options.choice("grid").flatMap(NoiseGrid.init) ?? usual
    if options.isSet("rho"), grid != .edm { throw Options.bad("rho", "is for grid=edm") }
    return grid.levels(
      steps, from: range.upperBound, to: range.lowerBound, rho: options.value("rho")) + last
  }
}
