package import Core
import Models

/// What samplers share.
enum SamplerKey {
  static let kind = OptionKey<SamplerKind?>(
    "sampler",
    "Probability-flow ODE: euler, heun (Karras et al. 2022), rk45 (adaptive), dpmpp_2m (Lu et al. 2022); with noise: ddim (Song et al. 2021, by eta), dpmpp_3m_sde, predictor_corrector (Song et al. 2021), annealed_langevin (Song & Ermon 2020), underdamped_langevin: steps with momentum; langevin: at one level. auto: langevin for a model of one level, else heun; where values are known by method"
  )
  static let steps = OptionKey<Int?>(
    "steps", 1 ... 100_000_000,
    "Levels of the grid: heun, rk45 18, dpmpp_2m 25, euler, ddim, dpmpp_3m_sde 50, predictor_corrector 200, underdamped_langevin 8 for each factor of e between the highest and the lowest, and with fewer more steps at each; annealed_langevin: steps a level, 20; langevin: steps, 1000",
    for: levels.isAbsent, goesByGrid)
  static let seed = OptionKey<UInt64>("seed", "Of all that is random")
  static let firstIndex = OptionKey<UInt64>("first_index", 0 ... 1 << 55, "Number of the first row")
  static let grid = OptionKey<NoiseGrid?>(
    "grid",
    "How levels lie: edm (Karras et al. 2022, by rho), geometric, or uniform in sigma; auto: edm, geometric for underdamped_langevin",
    for: levels.isAbsent, goesByGrid)
  static let rho = OptionKey<Double>(
    "rho", 1 ... 100, default: 7, "edm: how the levels crowd towards the lowest",
    for: levels.isAbsent, goesByGrid, grid.isOne(of: .edm))
  static let levels = OptionKey<[Double]?>(
    "levels", "The levels themselves, from the highest down, instead of a grid")
  static let sigmaMin = OptionKey<Double>(
    "sigma_min", 0 ... 1e9, default: 0,
    "Lowest level of what goes through many; 0: the lowest trained", for: levels.isAbsent)
  static let sigmaMax = OptionKey<Double>(
    "sigma_max", 0 ... 1e9, default: 0, "Highest level; 0: the highest trained",
    for: levels.isAbsent)
  static let denoise = OptionKey<Bool?>(
    "denoise",
    "A last step to E[clean | x] (Tweedie); auto: true, but false for langevin and with accept",
    for: isNoisy.holds)
  static let eta = OptionKey<Double?>(
    "eta", 0 ... 1,
    "ddim, dpmpp_2m, dpmpp_3m_sde: 0 for the ODE, 1 for the whole noise of the SDE; auto: 0, dpmpp_3m_sde 1"
  )
  static let stepSize = OptionKey<Double?>(
    "step_size", 0 ... 1e12,
    "ε of x' = x + ε s(x) + √(2ε) z, in squared units of the columns' scale; annealed_langevin: at the lowest level. auto: by technique 4, and σ²/4 but at most 0.1 for langevin, times a temperature below 1"
  )
  static let trajectory = OptionKey<Int>(
    "trajectory", 0 ... 100_000, default: 0,
    "States of every row to write, evenly over its steps from the start to the end: 2 or more, and out is [n, trajectory, ...]; 0: the end alone"
  )

  /// Of the states from which the last step is taken.
  static let isNoisy = Fact("levels of noise", not: "the level 0")

  private static let goesByGrid = Need(
    "samplers that go from level to level, or trajectory above 0"
  ) { options in
    guard let kind = options[kind], kind.choosesSteps, options[trajectory] == 0 else { return nil }
    return "sampler=\(kind.rawValue), which chooses its steps"
  }

  static let gridOptions: [any AnyOptionKey] = [grid, rho, levels, sigmaMin, sigmaMax]
}

extension OptionTable {
  private static let samplerKeys: [any AnyOptionKey] =
    [
      SamplerKey.kind, SamplerKey.steps, SamplerKey.seed, SamplerKey.firstIndex, Model.precisionKey,
      SamplerKey.grid, SamplerKey.rho, SamplerKey.levels, SamplerKey.sigmaMin, SamplerKey.sigmaMax,
      SamplerKey.denoise, AdaptiveFlow.Key.tolerance,
    ] + ProbabilityFlow.Key.all + [SamplerKey.eta] + PredictorCorrector.Key.all + [
      UnderdampedLangevin.Key.stepRatio, AnnealedLangevin.Key.accept, Langevin.Key.sigma,
      SamplerKey.stepSize, FieldChange.Key.temperature, FieldChange.Key.guidance,
      FieldChange.Key.guidanceMin, FieldChange.Key.guidanceMax, SamplerKey.trajectory,
    ]

  private static var bySampler: [Chooser] {
    [Chooser("sampler", SamplerKind.allCases.map { ($0.rawValue, $0.options) })]
  }

  package static let sampler = OptionTable("sampler", samplerKeys, choosers: bySampler)

  package static let impute = OptionTable(
    "impute", samplerKeys + Condition.Key.all, choosers: bySampler)
}
