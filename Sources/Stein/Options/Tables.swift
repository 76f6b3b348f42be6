// Every option of the library.

extension OptionTable {
  package static let context = OptionTable(
    kind: "context",
    specs: [
      .init("threads", .integer(0 ... 1024), "0", "Worker threads; 0: as many as processors"),
      .init(
        "memory_limit", .integer(0 ... 1 << 62), "0",
        "Bytes that data, models and work may take together; 0: no limit"),
    ])

  package static let dataset = OptionTable(
    kind: "dataset",
    specs: [
      .init("names", .texts, "", "The columns' names, in order"),
      .init(
        "format", .choice(["auto", "npy", "csv"]), "auto", "Of a file; auto goes by its ending"),
      .init(
        "separator", .choice(["auto", "comma", "semicolon", "tab", "space", "pipe"]), "auto",
        "Between fields of a .csv; auto takes the one that splits the first lines alike"),
      .init(
        "header", .choice(["auto", "true", "false"]), "auto",
        "Whether the first line of a .csv holds names; auto: when it holds a word"),
      .init(
        "label", .text, "",
        "The column with each row's class, whole numbers: its name, or its number from 0, from the end if negative"
      ),
      .init("columns", .texts, "", "The columns to keep, in order, by name or number from 0"),
    ])

  package static let model = OptionTable(
    kind: "model",
    specs: [
      .init(
        "family", .choice(["score_mlp", "energy_mlp", "gaussian"]), "score_mlp",
        "score_mlp: noise-conditional score network; energy_mlp: scalar energy, score its negative gradient; gaussian: mean and covariance"
      ),
      .init(
        "scale", .choice(["auto", "columns", "common"]), "auto",
        "Standardise each column by its own deviation, or all by one; auto: common from 3 axes on"),
      .init(
        "widths", .integers(1 ... 8192), "auto",
        "Hidden layers, or residual blocks; auto: 64,64 under 500 rows, 128,128,128 under 5000 (energy_mlp 128,128), else and for scale=common 256,256,256"
      ),
      .init(
        "activation", .choice(["auto", "silu", "tanh", "softplus", "relu"]), "auto",
        "auto: silu. relu has no second derivative and is refused in energies"),
      .init(
        "residual", .choice(["auto", "true", "false"]), "auto",
        "Blocks around a skip, all of one width; auto: true for score_mlp, false for energy_mlp"),
      .init(
        "embedding", .choice(["fourier", "log"]), "fourier",
        "How a network is told of the noise: ln(σ)/4 with Fourier features, or alone"),
      .init(
        "noise_conditional", .flag, "true",
        "energy_mlp: one energy for every noise level (denoising), or false: for one level (exact, sliced_vr)"
      ),
      .init("dropout", .number(0 ... 0.9), "auto", "In residual blocks while training; auto: 0.1"),
      .init("seed", .integer(0 ... .max), "0", "Of the starting weights"),
    ])

  package static let trainer = OptionTable(
    kind: "trainer",
    specs: [
      .init(
        "objective", .choice(["auto", "denoising", "exact", "sliced_vr", "closed_form"]), "auto",
        "auto: closed_form for gaussian; for an energy of one level exact, from 33 columns on sliced_vr; else denoising"
      ),
      .init(
        "steps", .integer(1 ... 1_000_000_000), "auto",
        "Of the optimiser; auto: 600 passes over the rows at this batch, from 500 to 20000"),
      .init("batch", .integer(1 ... 1_048_576), "256", "Rows a step, drawn with replacement"),
      .init("rate", .number(0 ... 1e30), "0.001", "Adam's learning rate at its highest"),
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
        "Share of the rows held out to stop early; auto: 0.1 and at least 20 rows, 0 under 60 rows"),
      .init("checks", .integer(1 ... 10000), "40", "Validations in the course of `steps`"),
      .init(
        "patience", .integer(0 ... 10000), "8",
        "Checks without a better validation loss that end training; 0: never"),
      .init(
        "schedule", .choice(["edm", "geometric"]), "edm",
        "Noise levels of denoising: ln(σ/σ_data) ~ N(-0.5, 1.2²) (Karras et al. 2022), or a geometric ladder (Song & Ermon 2020)"
      ),
      .init(
        "sigma_min", .number(1e-6 ... 1e6), "0.01",
        "Lowest noise level, in units of the columns' scale"),
      .init(
        "sigma_max", .number(1e-6 ... 1e9), "auto",
        "Highest; auto: the largest distance between two rows, for edm from 10 to 80"),
      .init(
        "noise", .number(0 ... 10), "0.05",
        "exact, sliced_vr: deviation of noise added to the rows, without which repeated or rounded data have no bounded loss"
      ),
      .init("projections", .integer(1 ... 1024), "1", "sliced_vr: random directions a row"),
      .init(
        "label_dropout", .number(0 ... 1), "0",
        "Share of rows whose class is hidden while training; above 0 the model also knows its score without a class"
      ),
      .init("seed", .integer(0 ... .max), "0", "Of rows, noise and dropout"),
    ])

  package static let sampler = OptionTable(
    kind: "sampler",
    specs: [
      .init(
        "sampler", .choice(["auto", "heun", "annealed_langevin", "langevin"]), "auto",
        "heun: probability-flow ODE by Heun's method (Karras et al. 2022); annealed_langevin (Song & Ermon 2020); langevin: at one level. auto: langevin for a model of one level, else heun"
      ),
      .init(
        "steps", .integer(1 ... 100_000_000), "auto",
        "heun: levels, 18; annealed_langevin: steps a level, 20; langevin: steps, 1000"),
      .init("seed", .integer(0 ... .max), "0", "Of all that is random"),
      .init("first_index", .integer(0 ... 1 << 55), "0", "Number of the first row"),
      .init(
        "sigma", .number(0 ... 1e9), "0",
        "langevin: the level; 0: the lowest trained, or 0.1 if that is higher"),
      .init(
        "sigma_min", .number(0 ... 1e9), "0",
        "Last level of heun and annealed_langevin; 0: the lowest trained"),
      .init("sigma_max", .number(0 ... 1e9), "0", "First level; 0: the highest trained"),
      .init("rho", .number(1 ... 100), "7", "heun: how the levels crowd towards the lowest"),
      .init(
        "step_size", .number(0 ... 1e12), "auto",
        "ε of x' = x + ε s(x) + √(2ε) z, in squared units of the columns' scale; annealed_langevin: at the lowest level. auto: by technique 4, and σ²/4 but at most 0.1 for langevin"
      ),
      .init(
        "denoise", .flag, "auto",
        "A last step to E[clean | x] (Tweedie); auto: true, but false for langevin"),
    ])

  package static let loss = OptionTable(
    kind: "loss",
    specs: [
      .init(
        "objective", .choice(["denoising", "exact", "sliced_vr"]), "denoising",
        "denoising: ½ (σ²/σ_data² + 1) ‖σ s + z‖² over EDM's noise levels; exact and sliced_vr at `sigma`"
      ),
      .init("draws", .integer(1 ... 100_000), "64", "Noise draws a row"),
      .init("sigma", .number(0 ... 1e9), "0", "exact, sliced_vr: the level; 0: the lowest trained"),
      .init("seed", .integer(0 ... .max), "0", "Of the draws"),
    ])
}
