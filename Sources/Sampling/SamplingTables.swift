// The options of what a model draws, and of what the probability flow says of rows.

package import Core
import Models

extension OptionTable {
  package static let sampler = OptionTable(kind: "sampler", specs: samplerSpecs)

  package static let impute = OptionTable(
    kind: "impute",
    specs: samplerSpecs + [
      .init(
        "method", .choice(["auto", "covariance", "replacement", "dps", "held"]), "auto",
        "held: what is known stands still while langevin or underdamped_langevin moves the rest; covariance: the score of what is known by the denoised row's covariance, exact for Gaussians, too wide where a law bends (Boys et al. 2023); replacement of the known part (Song et al. 2021), too wide wherever columns depend on each other; dps (Chung et al. 2023), another approximation. auto: held, but covariance for gaussian, with noise, iterations, a sampler that does not hold, and for sums"
      ),
      .init(
        "noise", .number(0 ... 1e12), "0",
        "covariance: deviation of the noise in what is known: of values in units of the columns' scale, of sums in their own. The lowest level's is added"
      ),
      .init(
        "iterations", .integer(1 ... 10_000), "20", "covariance: of conjugate gradients, at most"),
      .init(
        "strength", .number(0 ... 1e6), "1",
        "dps: the step against the distance to what is known, ζ of algorithm 1"),
    ])

  package static let encode = OptionTable(
    kind: "encode", specs: [lowestLevel, highestLevel, tolerance])

  package static let decode = OptionTable(
    kind: "decode",
    specs: [
      lowestLevel, highestLevel, tolerance,
      .init(
        "denoise", .flag, "false",
        "A last step to E[clean | x], after which encode does not lead back"
      ),
    ])

  package static let logLikelihood = OptionTable(
    kind: "log_likelihood",
    specs: [
      .init(
        "method", .choice(["auto", "flow", "density"]), "auto",
        "flow: along the probability flow (Song et al. 2021); density: of normalised families, at once. auto: density where there is one"
      ),
      .init("sigma", .number(0 ... 1e9), "0", "The level of the density; 0: the lowest trained"),
      highestLevel, tolerance,
      .init(
        "trace", .choice(["auto", "exact", "hutchinson"]), "auto",
        "Of the Jacobian: exact, or estimated along random signs (Hutchinson 1989); auto: exact up to 64 columns"
      ),
      .init(
        "probes", .integer(1 ... 256), "8",
        "hutchinson: directions a row; the deviation is told from the spread of 2 or more"),
      .init(
        "unit", .choice(["nats", "bits_per_dimension"]), "nats",
        "nats: ln p(x); bits_per_dimension: -log2 p(x)/d"),
      .init("seed", .integer(0 ... .max), "0", "Of the directions"),
      .init("first_index", .integer(0 ... 1 << 55), "0", "Number of the first row"),
    ])

  private static let tolerance = OptionSpec(
    "tolerance", .number(1e-9 ... 0.1), "1e-5",
    "Error of a step of the flow, in deviations of the data, and of a log density in nats")

  private static let lowestLevel = OptionSpec(
    "sigma_min", .number(0 ... 1e9), "0",
    "Lowest level of what goes through many; 0: the lowest trained")
  private static let highestLevel = OptionSpec(
    "sigma_max", .number(0 ... 1e9), "0", "Highest level; 0: the highest trained")

  private static let samplerSpecs: [OptionSpec] = [
    .init(
      "sampler", .choice(["auto"] + SamplerKind.allCases.map(\.rawValue)), "auto",
      "Probability-flow ODE: euler, heun (Karras et al. 2022), rk45 (adaptive), dpmpp_2m (Lu et al. 2022); with noise: ddim (Song et al. 2021, by eta), dpmpp_3m_sde, predictor_corrector (Song et al. 2021), annealed_langevin (Song & Ermon 2020), underdamped_langevin: steps with momentum; langevin: at one level. auto: langevin for a model of one level, else heun; where values are known by method"
    ),
    .init(
      "steps", .integer(1 ... 100_000_000), "auto",
      "Levels of the grid: heun, rk45 18, dpmpp_2m 25, euler, ddim, dpmpp_3m_sde 50, predictor_corrector 200, underdamped_langevin 8 for each factor of e between the highest and the lowest, and with fewer more steps at each; annealed_langevin: steps a level, 20; langevin: steps, 1000"
    ),
    .init("seed", .integer(0 ... .max), "0", "Of all that is random"),
    .init("first_index", .integer(0 ... 1 << 55), "0", "Number of the first row"),
    precision,
    .init(
      "grid", .choice(["auto"] + NoiseGrid.allCases.map(\.rawValue)), "auto",
      "How levels lie: edm (Karras et al. 2022, by rho), geometric, or uniform in sigma; auto: edm, geometric for underdamped_langevin"
    ),
    .init("rho", .number(1 ... 100), "7", "edm: how the levels crowd towards the lowest"),
    .init(
      "levels", .numbers, "auto", "The levels themselves, from the highest down, instead of a grid"),
    lowestLevel, highestLevel,
    .init(
      "denoise", .flag, "auto",
      "A last step to E[clean | x] (Tweedie); auto: true, but false for langevin and with accept"),
    .init(
      "tolerance", .number(1e-9 ... 0.1), "1e-4", "rk45: error of a step, in deviations of the data"
    ),
    .init(
      "churn", .number(0 ... 1e6), "0",
      "euler, heun: S_churn, noise added over all steps (Karras et al. 2022, algorithm 2)"),
    .init("churn_min", .number(0 ... 1e9), "0", "Lowest level with churn"),
    .init("churn_max", .number(0 ... 1e9), "auto", "Highest level with churn; auto: all"),
    .init("churn_noise", .number(0 ... 10), "1", "S_noise, the deviation of that noise"),
    .init(
      "eta", .number(0 ... 1), "auto",
      "ddim, dpmpp_2m, dpmpp_3m_sde: 0 for the ODE, 1 for the whole noise of the SDE; auto: 0, dpmpp_3m_sde 1"
    ),
    .init(
      "predictor", .choice(PredictorCorrector.Predictor.allCases.map(\.rawValue)),
      "reverse_diffusion", "predictor_corrector: the step of the reverse SDE"),
    .init(
      "process", .choice(PredictorCorrector.Process.allCases.map(\.rawValue)), "ve",
      "predictor_corrector: the SDE that is discretised, variance exploding or preserving"),
    .init(
      "corrector_steps", .integer(0 ... 10_000), "1", "predictor_corrector: Langevin steps a level"),
    .init(
      "corrector_ratio", .number(0 ... 0.9), "0.16",
      "predictor_corrector: r of the Langevin steps ε = 2 r² σ², which widen a level by 1/(1 - r²)"),
    .init(
      "step_ratio", .number(1e-3 ... 1.9), "1.1",
      "underdamped_langevin: the time of a step over σ; from 2 on steps would not be stable"),
    .init(
      "accept", .flag, "false",
      "annealed_langevin: accept or reject (Metropolis) at each level; for models with an energy"),
    .init(
      "sigma", .number(0 ... 1e9), "0",
      "langevin: the level; 0: the lowest trained, or 0.1 if that is higher"),
    .init(
      "step_size", .number(0 ... 1e12), "auto",
      "ε of x' = x + ε s(x) + √(2ε) z, in squared units of the columns' scale; annealed_langevin: at the lowest level. auto: by technique 4, and σ²/4 but at most 0.1 for langevin, times a temperature below 1"
    ),
    .init(
      "temperature", .number(1e-3 ... 1e3), "1",
      "T of p^(1/T): exact for langevin, elsewhere for Gaussians of up to 128 columns (Ingraham et al. 2023)"
    ),
    .init(
      "guidance", .number(-1e3 ... 1e3), "1",
      "w of (1 - w) s(x) + w s(x | class): 1 for the class alone, more to stress it (Ho & Salimans 2022)"
    ),
    .init("guidance_min", .number(0 ... 1e9), "0", "Lowest level that is guided"),
    .init("guidance_max", .number(0 ... 1e9), "0", "Highest level that is guided; 0: all"),
    .init(
      "trajectory", .integer(0 ... 100_000), "0",
      "States of every row to write, evenly over its steps from the start to the end: 2 or more, and out is [n, trajectory, ...]; 0: the end alone"
    ),
  ]
}
