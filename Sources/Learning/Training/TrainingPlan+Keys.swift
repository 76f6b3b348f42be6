package import Core
import Execution
import Models

extension TrainingPlan {
  enum Decay: String, CaseIterable, Sendable { case cosine, none }

  enum Key {
    static let objective = OptionKey<String?>(
      "objective", choices: Objective.Form.allCases.map(\.rawValue) + [closedForm],
      "auto: closed_form for gaussian, exponential and kernel_exponential; for other models of one level exact, from 33 columns on sliced_vr; else denoising"
    )
    static let steps = OptionKey<Int?>(
      "steps", 1 ... 1_000_000_000,
      "Of the optimiser; auto: for score_mlp and energy_mlp over many levels with scale=columns 10 a row, from 1200 to 8000, or if that is more 100 passes over the rows up to 20000; else 600 passes, from 500 to 20000",
      for: byGradients)
    static let batch = OptionKey<Int?>(
      "batch", 1 ... 1_048_576, "Rows a step, drawn with replacement; auto: 256, score_unet 64",
      for: byGradients)
    static let rate = OptionKey<Double?>(
      "rate", 0 ... 1e30,
      "Adam's learning rate at its highest; auto: 0.003 for score_mlp and energy_mlp over many levels with scale=columns, else 0.001",
      for: byGradients)
    static let beta1 = OptionKey<Double>(
      "beta1", 0 ... 0.999999, default: 0.9, "Adam's decay of the first moment", for: byGradients)
    static let beta2 = OptionKey<Double>(
      "beta2", 0 ... 0.999999, default: 0.99, "Adam's decay of the second moment", for: byGradients)
    static let warmup = OptionKey<Int>(
      "warmup", 0 ... 1_000_000_000, default: 100, "Steps in which the rate rises from 0",
      for: byGradients)
    static let decay = OptionKey<Decay>(
      "decay", default: .cosine,
      "Of the rate after warm-up: along a cosine to 1 % at the last step, or not", for: byGradients)
    static let clip = OptionKey<Double>(
      "clip", 0 ... 1e30, default: 10, "Largest norm of the gradient; 0: no limit", for: byGradients
    )
    static let ema = OptionKey<Double>(
      "ema", 0 ... 0.9999999, default: 0.999, "Decay of the moving average of the weights",
      for: byGradients)
    static let validation = OptionKey<Double?>(
      "validation", 0 ... 0.5,
      "Share of the rows held out, to judge by and to stop early; auto: 0.1 and at least 20 rows, of score_unet at most 512, 0 under 60 rows, and for exponential, mixture and graphs from 20 rows a parameter on; for score_mlp and energy_mlp over many levels with scale=columns 0 under 500 rows, then 0.1 up to 1000 rows, which are trained on too once the network, after three fifths of the steps, is better on them than a Gaussian",
      for: mayHoldOut.holds)
    static let checks = OptionKey<Int>(
      "checks", 1 ... 10000, default: 40, "Validations in the course of `steps`", for: byGradients)
    static let patience = OptionKey<Int?>(
      "patience", 0 ... 10000,
      "Checks without a better validation loss that end training, whose best weights are then taken; 0: never, and the last are taken. auto: 8, but 0 for score_mlp and energy_mlp over many levels with scale=columns, where one loss is too little to judge all levels by",
      for: byGradients, holdsOut)
    static let schedule = OptionKey<NoiseLevels.Schedule>(
      "schedule", default: .edm,
      "Law of the noise levels: ln(σ/σ_data) ~ N(-0.5, 1.2²) (Karras et al. 2022); a geometric ladder (Song & Ermon 2020); the times of the VE, VP and sub-VP processes (Song et al. 2021) or of the cosine schedule (Nichol & Dhariwal 2021), as levels of noise over signal",
      for: hasLevels.holds)
    static let weighting = OptionKey<Weighting>(
      "weighting", default: .edm,
      "λ of ½ λ ‖σ s - σ ∇ log q‖²: σ²/σ_data² + 1; 1; g² of the process (Song et al. 2021); min(1, 5σ²/σ_data²) (Hang et al. 2023)",
      for: byGradients, hasLevels.holds)
    static let sigmaMin = OptionKey<Double?>(
      "sigma_min", 1e-6 ... 1e6,
      "Lowest noise level, in units of the columns' scale; auto: 0.01 σ_data", for: hasLevels.holds)
    static let sigmaMax = OptionKey<Double?>(
      "sigma_max", 1e-6 ... 1e9,
      "Highest; auto: the largest distance between two rows, for edm and cosine from 10 to 80 σ_data, the process's own end for vp and subvp",
      for: hasLevels.holds)
    static let noise = OptionKey<Double?>(
      "noise", 0 ... 1e9,
      "Models of one level: deviation of noise added to the rows, without which repeated or rounded data may have no bounded loss; auto: 0.05 σ_data (denoising 0.1), but 0 for exponential, kernel_exponential, graphs, domains and maximum_likelihood",
      for: hasLevels.fails, Objective.Key.hasDomain.fails)
    static let labelDropout = OptionKey<Double>(
      "label_dropout", 0 ... 1, default: 0,
      "Share of rows whose class is hidden while training; above 0 the model also knows its score without a class",
      for: byGradients, ModelDescription.Key.hasClasses.holds)
    static let seed = OptionKey<UInt64>("seed", "Of rows, noise and dropout")
    static let rescale = OptionKey<Bool>(
      "rescale", default: false,
      "For a model of other rows: takes its location and scale from these. The weights stay, in those units, and the model shows the change at once"
    )
    static let localSteps = OptionKey<Int>(
      "local_steps", 1 ... 1_000_000, default: 1,
      "With ranks on a slow network: steps that each takes by itself, on its own rows of the batch, before weights and moments are averaged by the number of rows (McMahan et al. 2017); 1: every gradient is summed",
      for: byGradients)

    static let closedForm = "closed_form"
    static let hasLevels = Fact("models of many noise levels", not: "a model of one noise level")
    static let mayHoldOut = Fact(
      "training by gradients and kernel_exponential", not: "a fit that has nothing to choose")

    private static let holdsOut = Need("validation above 0") {
      $0[validation] == 0 ? "validation=0" : nil
    }
    private static let byGradients = Need.choice(
      "objective", Objective.Form.allCases.map(\.rawValue))

    /// Before an objective's own, and after.
    static let all: [any AnyOptionKey] =
      [
        objective, steps, batch, rate, beta1, beta2, warmup, decay, clip, ema, validation, checks,
        patience, schedule, weighting, sigmaMin, sigmaMax, noise,
      ] + Objective.Key.all + [labelDropout, seed, rescale, localSteps, Precision.key]
  }
}

extension OptionTable {
  package static let trainer = OptionTable("trainer", TrainingPlan.Key.all)
}
