// The options of training and of losses.

package import Core
import Models

extension OptionTable {
  /// What a trainer and a loss say of an objective.
  private static let objectiveOptions: [OptionSpec] = [
    .init(
      "projections", .integer(1 ... 1024), "1",
      "sliced, sliced_vr, finite_difference: random directions a row"),
    .init(
      "projection_law", .choice(ProjectionLaw.allCases.map(\.rawValue)), "rademacher",
      "Of the directions: signs, normal, or the sphere of radius √D"),
    .init(
      "difference_step", .number(1e-6 ... 1e6), "auto",
      "finite_difference: ε, in units of the columns' scale; auto: 0.05 σ_data, since float32 loses the difference below 0.01"
    ),
    .init(
      "noise_kernel", .choice(["gaussian", "laplace", "logistic", "student_t", "caller"]),
      "gaussian",
      "denoising: law of the noise, of unit variance; caller: stein_trainer_set_noise"),
    .init("degrees", .number(2.01 ... 1e4), "5", "noise_kernel=student_t: degrees of freedom"),
    .init(
      "control_variate", .flag, "false",
      "denoising: subtracts t·s(u), of mean 0, which keeps the variance finite at small σ"),
    .init(
      "boundary_cap", .number(1e-9 ... 1e9), "auto",
      "Models with a domain: distance from which the boundary is not felt, in units of the columns' scale; auto: σ_data"
    ),
    .init(
      "boundary_power", .integer(1 ... 2), "1",
      "Of the distance in the weight; 2 where the density may diverge at the boundary"),
  ]

  package static let trainer = OptionTable(
    kind: "trainer",
    specs: [
      .init(
        "objective",
        .choice(["auto"] + Objective.Form.allCases.map(\.rawValue) + ["closed_form"]), "auto",
        "auto: closed_form for gaussian, exponential and kernel_exponential; for other models of one level exact, from 33 columns on sliced_vr; else denoising"
      ),
      .init(
        "steps", .integer(1 ... 1_000_000_000), "auto",
        "Of the optimiser; auto: for score_mlp and energy_mlp over many levels with scale=columns 10 a row, from 1200 to 8000, or if that is more 100 passes over the rows up to 20000; else 600 passes, from 500 to 20000"
      ),
      .init(
        "batch", .integer(1 ... 1_048_576), "auto",
        "Rows a step, drawn with replacement; auto: 256, score_unet 64"),
      .init(
        "rate", .number(0 ... 1e30), "auto",
        "Adam's learning rate at its highest; auto: 0.003 for score_mlp and energy_mlp over many levels with scale=columns, else 0.001"
      ),
      .init("beta1", .number(0 ... 0.999999), "0.9", "Adam's decay of the first moment"),
      .init("beta2", .number(0 ... 0.999999), "0.99", "Adam's decay of the second moment"),
      .init("warmup", .integer(0 ... 1_000_000_000), "100", "Steps in which the rate rises from 0"),
      .init(
        "decay", .choice(["cosine", "none"]), "cosine",
        "Of the rate after warm-up: along a cosine to 1 % at the last step, or not"),
      .init("clip", .number(0 ... 1e30), "10", "Largest norm of the gradient; 0: no limit"),
      .init("ema", .number(0 ... 0.9999999), "0.999", "Decay of the moving average of the weights"),
      .init(
        "validation", .number(0 ... 0.5), "auto",
        "Share of the rows held out, to judge by and to stop early; auto: 0.1 and at least 20 rows, of score_unet at most 512, 0 under 60 rows, and for exponential, mixture and graphs from 20 rows a parameter on; for score_mlp and energy_mlp over many levels with scale=columns 0 under 500 rows, then 0.1 up to 1000 rows, which are trained on too once the network, after three fifths of the steps, is better on them than a Gaussian"
      ),
      .init("checks", .integer(1 ... 10000), "40", "Validations in the course of `steps`"),
      .init(
        "patience", .integer(0 ... 10000), "auto",
        "Checks without a better validation loss that end training, whose best weights are then taken; 0: never, and the last are taken. auto: 8, but 0 for score_mlp and energy_mlp over many levels with scale=columns, where one loss is too little to judge all levels by"
      ),
      .init(
        "schedule", .choice(["edm", "geometric", "ve", "vp", "subvp", "cosine"]), "edm",
        "Law of the noise levels: ln(σ/σ_data) ~ N(-0.5, 1.2²) (Karras et al. 2022); a geometric ladder (Song & Ermon 2020); the times of the VE, VP and sub-VP processes (Song et al. 2021) or of the cosine schedule (Nichol & Dhariwal 2021), as levels of noise over signal"
      ),
      .init(
        "weighting", .choice(["edm", "sigma2", "likelihood", "min_snr"]), "edm",
        "λ of ½ λ ‖σ s - σ ∇ log q‖²: σ²/σ_data² + 1; 1; g² of the process (Song et al. 2021); min(1, 5σ²/σ_data²) (Hang et al. 2023)"
      ),
      .init(
        "sigma_min", .number(1e-6 ... 1e6), "auto",
        "Lowest noise level, in units of the columns' scale; auto: 0.01 σ_data"),
      .init(
        "sigma_max", .number(1e-6 ... 1e9), "auto",
        "Highest; auto: the largest distance between two rows, for edm and cosine from 10 to 80 σ_data, the process's own end for vp and subvp"
      ),
      .init(
        "noise", .number(0 ... 1e9), "auto",
        "Models of one level: deviation of noise added to the rows, without which repeated or rounded data may have no bounded loss; auto: 0.05 σ_data (denoising 0.1), but 0 for exponential, kernel_exponential, graphs, domains and maximum_likelihood"
      ),
    ] + objectiveOptions + [
      .init(
        "label_dropout", .number(0 ... 1), "0",
        "Share of rows whose class is hidden while training; above 0 the model also knows its score without a class"
      ),
      .init("seed", .integer(0 ... .max), "0", "Of rows, noise and dropout"),
      .init(
        "rescale", .flag, "false",
        "For a model of other rows: takes its location and scale from these. The weights stay, in those units, and the model shows the change at once"
      ),
      .init(
        "local_steps", .integer(1 ... 1_000_000), "1",
        "With ranks on a slow network: steps that each takes by itself, on its own rows of the batch, before weights and moments are averaged by the number of rows (McMahan et al. 2017); 1: every gradient is summed"
      ),
      precision,
    ])

  package static let loss = OptionTable(
    kind: "loss",
    specs: [
      .init(
        "objective", .choice(["auto"] + Objective.Form.allCases.map(\.rawValue)), "auto",
        "auto: denoising for models of many noise levels, else exact. denoising: ½ (σ²/σ_data² + 1) ‖σ s - σ ∇ log q‖² over EDM's noise levels, or at `sigma` ½ ‖σ s - σ ∇ log q‖²; the others at `sigma`"
      ),
      .init("draws", .integer(1 ... 100_000), "64", "Noise draws a row"),
      .init("sigma", .number(0 ... 1e9), "auto", "The level; 0, auto: the lowest trained"),
      .init("seed", .integer(0 ... .max), "0", "Of the draws"),
    ] + objectiveOptions)
}
