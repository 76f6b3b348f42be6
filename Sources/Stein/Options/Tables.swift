// The options of contexts, data, models, training and chains.

import Execution

extension OptionTable {
  package static let context = OptionTable(
    kind: "context",
    specs: [
      .init(
        "threads", .integer(0 ... 1024), "0",
        "Worker threads; 0: as many as the process may use processors, by affinity and quota"),
      .init(
        "memory_limit", .integer(0 ... 1 << 62), "0",
        "Bytes that data, models and work may take together; 0: no limit"),
      .init(
        "trace", .text, "",
        "A file for the time, sizes and bytes of every step that runs, with its thread, in Chrome's trace format (chrome://tracing, Perfetto), up to 1 GiB; without it nothing is timed"
      ),
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
        "family", .choice(FamilyKind.built.map(\.rawValue)), "score_mlp",
        "score_mlp: noise-conditional score network; score_unet: the same of convolutions, for pictures and signals (Ho et al. 2020); energy_mlp: scalar energy, score its negative gradient; gaussian; mixture of Gaussians; exponential: natural parameters; kernel_exponential (Sutherland et al. 2018) and deep_kernel_exponential (Wenliang et al. 2019); nice: flow of additive couplings (Dinh et al. 2015); autoregressive"
      ),
      .init(
        "scale", .choice(["auto", "columns", "common", "none"]), "auto",
        "Standardise each column by its own deviation, all by one, or not at all (u = x); auto: common from 3 axes on, for score_unet and for a ball"
      ),
      .init(
        "widths", .integers(1 ... 8192), "auto",
        "Hidden layers, or residual blocks; auto: 64,64 under 500 rows of up to 20 columns, 128,128 under 5000 of up to 100, else 256,256, and for scale=common 256,256,256; score_unet: channels of each level, of half the length of the one before, 32,64,128 or as many of them as leave a length of 4; nice, autoregressive: 64,64 or from 5000 rows 256,256; deep_kernel_exponential: 30,30,30"
      ),
      .init(
        "blocks", .integer(1 ... UNet.mostBlocks), "2",
        "score_unet: residual blocks of a level, on the way down and up"),
      .init(
        "spatial_axes", .integer(1 ... 2), "auto",
        "score_unet: 1: signals, rows [length] or [length, channels]; 2: pictures, [height, width] or [height, width, channels]; auto: 1 for rows of one axis, else 2"
      ),
      .init(
        "activation", .choice(["auto", "silu", "tanh", "softplus", "relu"]), "auto",
        "auto: silu, softplus for deep kernels. relu has no second derivative and is refused in energies"
      ),
      .init(
        "residual", .choice(["auto", "true", "false"]), "auto",
        "Blocks around a skip, all of one width; auto: true for score_mlp, false for energy_mlp"),
      .init(
        "embedding", .choice(["fourier", "log"]), "fourier",
        "How a network is told of the noise: ln(σ)/4 with Fourier features, or alone"),
      .init(
        "noise_conditional", .flag, "true",
        "score_mlp, score_unet, energy_mlp: one network for every noise level, or false: for one level"
      ),
      .init(
        "parameterization", .choice(["auto"] + Parameterization.allCases.map(\.rawValue)), "auto",
        "score_mlp, score_unet: what its output F stands for; edm: D = c_skip u + c_out F (Karras et al. 2022); v: velocity (Salimans & Ho 2022); score: s = F/σ; noise: ε = F; clean: D = F. auto: edm, and score for one level"
      ),
      .init(
        "preconditioning",
        .choice(["auto"] + ModelDescription.PreconditioningKind.allCases.map(\.rawValue)), "auto",
        "score_mlp, energy_mlp: what a network begins as, and what scales it. covariance: the Gaussian with the covariance of the data, so that it learns what is not Gaussian alone; isotropic: one deviation for all directions (Karras et al. 2022). auto: covariance up to 256 columns, where there is no domain, parameterization is edm or v and the scale not common"
      ),
      .init(
        "dropout", .number(0 ... 0.9), "auto",
        "In residual blocks while training; auto: 0.1, under 500 rows 0.25, but with scale=common 0.1"
      ),
      .init(
        "components", .integer(1 ... 4096), "auto",
        "mixture: Gaussians, 5; autoregressive: of each conditional density, 1"),
      .init(
        "covariance", .choice(Structure.Covariance.allCases.map(\.rawValue)), "full",
        "gaussian, mixture: full, diagonal, or low_rank: of `rank` and a diagonal (gaussian: a multiple of the identity)"
      ),
      .init("rank", .integer(1 ... 4096), "2", "Of covariance=low_rank"),
      .init(
        "statistics", .choice(Structure.Statistics.allCases.map(\.rawValue)), "polynomial",
        "exponential: every monomial up to `degree`, or pairwise: powers of each column and products of each pair, a graphical model"
      ),
      .init("degree", .integer(1 ... 16), "2", "exponential: highest power"),
      .init(
        "exponents", .numbers, "1,1",
        "exponential, statistics=pairwise domain=positive: a,b of u^a u^a and u^b; b = 0 is the logarithm (Yu, Drton & Shojaie 2019)"
      ),
      .init(
        "points", .integer(1 ... 20_000), "200",
        "Kernel families: points at which kernels stand; at most as many as rows"),
      .init(
        "kernels", .integer(1 ... 64), "auto",
        "deep_kernel_exponential: kernels in the sum; auto: 3. kernel_exponential has one"),
      .init("couplings", .integer(1 ... 64), "4", "nice: additive couplings"),
      .init(
        "conditional", .choice(Structure.Conditional.allCases.map(\.rawValue)), "gaussian",
        "autoregressive: law of the components"),
      .init(
        "domain", .choice(["real", "positive", "box", "ball"]), "real",
        "Where the density lives. With a boundary exact, sliced and sliced_vr are weighted by the distance to it (Hyvärinen 2007; Yu et al. 2019; Liu et al. 2022)"
      ),
      .init(
        "lower", .numbers, "auto",
        "domain=box: in the data's units, one number or one for each column; auto: none"),
      .init("upper", .numbers, "auto", "domain=box: as lower"),
      .init("centre", .numbers, "auto", "domain=ball: in the data's units; auto: the origin"),
      .init("radius", .number(0 ... 1e30), "auto", "domain=ball: in the data's units"),
      .init(
        "output", .choice(GraphModel.Output.allCases.map(\.rawValue)), "energy",
        "stein_model_from_graph: what the node is"),
      .init(
        "classes", .choice(["use", "ignore"]), "use",
        "ignore: the labels of the data set are left out; families without classes refuse them else"
      ),
      .init("seed", .integer(0 ... .max), "0", "Of the starting weights"),
    ])

  package static let graph = OptionTable(
    kind: "graph",
    specs: [
      .init("columns", .integer(1 ... 1 << 20), "auto", "x: columns of a row"),
      .init("name", .text, "", "parameter: its name"),
      .init(
        "shape", .integers(1 ... 1 << 20), "auto",
        "parameter, broadcast, reshape: lengths of the axes of one row; parameter: auto is one number"
      ),
      .init(
        "start", .choice(["zeros", "ones", "normal", "identity"]), "zeros",
        "parameter: where training begins, unless a value is given"),
      .init("deviation", .number(0 ... 1e30), "1", "parameter, start=normal"),
      .init(
        "value", .number(-1e30 ... 1e30), "auto",
        "constant: one number; parameter: where every element begins"),
      .init("size", .integer(1 ... 4096), "1", "identity: rows"),
      .init("exponent", .number(-1e6 ... 1e6), "auto", "power"),
      .init(
        "axes", .integers(-4 ... 3), "auto",
        "sum, mean, max, log_sum_exp: those that go, negative from the end; auto: all. transpose: the order; auto: reversed"
      ),
      .init("keep_axes", .flag, "false", "sum, mean, max, log_sum_exp: leaves length 1"),
      .init("starts", .integers(0 ... 1 << 20), "auto", "slice: first element of each axis"),
      .init("sizes", .integers(1 ... 1 << 20), "auto", "slice: length of each axis"),
      .init("axis", .integer(-4 ... 3), "0", "concatenate"),
      .init("indices", .integers(0 ... 1 << 20), "auto", "gather: entries of the first axis"),
      .init(
        "stride", .integers(1 ... 1 << 20), "1",
        "convolution, transposed_convolution: from one window to the next; one number, or height and width"
      ),
      .init(
        "padding", .integers(0 ... 255), "auto",
        "convolution, transposed_convolution: zeros on each side; one number, or height and width; auto: half of an odd kernel, which with stride 1 keeps the lengths"
      ),
    ])

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

  package static let importWeights = OptionTable(
    kind: "import_weights",
    specs: [
      .init(
        "prefix", .text, "", "Of the names of the layers to take, where a file holds others too"),
      .init(
        "sigma_min", .number(0 ... 1e9), "auto", "Lowest level that the network was trained for"),
      .init("sigma_max", .number(0 ... 1e9), "auto", "Highest level"),
      .init("unconditional", .flag, "false", "Whether it was also trained without a class"),
    ])

  static let precision = OptionSpec(
    "precision", .choice(Precision.allCases.map(\.rawValue)), "float32",
    "Of the factors of matrix products: bf16 takes half of their time or less with AMX (Intel from Sapphire Rapids on) or a fast AVX-512 BF16 (AMD Zen 5); sums, weights and all else stay float32"
  )

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

  package static let denoising = OptionTable(
    kind: "denoising",
    specs: [
      .init("draws", .integer(1 ... 100_000), "4", "Noise draws a row"),
      .init(
        "reference", .integer(1 ... 1_000_000), "2000",
        "At most so many rows make the exact denoiser; evenly chosen"),
      .init("seed", .integer(0 ... .max), "0", "Of the draws"),
    ])

  package static let chains = OptionTable(
    kind: "chains",
    specs: [
      .init(
        "kernel", .choice(Chain.Kernel.allCases.map(\.rawValue)), "nuts",
        "langevin: unadjusted; mala; underdamped: BAOAB (Leimkuhler & Matthews 2013); hmc; nuts: multinomial (Betancourt 2017)"
      ),
      .init("chains", .integer(1 ... 1_000_000), "4", "Chains side by side"),
      .init(
        "warmup", .integer(0 ... 1_000_000_000), "auto",
        "Transitions before the first draw, in which step size and metric adapt; auto: 1000, 0 for langevin and underdamped"
      ),
      .init("thin", .integer(1 ... 1_000_000), "1", "Transitions a draw"),
      .init(
        "step_size", .number(1e-300 ... 1e300), "auto",
        "ε of x' = x + ε s(x) + √(2ε) z for langevin and mala, h of a leapfrog or BAOAB step for the others, in units of the metric; where kernels adapt, the first one. auto: found by doubling, 0.01 without warm-up (hmc, nuts 0.1)"
      ),
      .init(
        "target_acceptance", .number(0.01 ... 0.999), "auto",
        "What the step size is adapted to; auto: 0.8, mala 0.574"),
      .init(
        "metric", .choice(["auto"] + Metric.Kind.allCases.map(\.rawValue)), "auto",
        "The covariance that warm-up estimates; auto: diagonal where kernels adapt"),
      .init(
        "leapfrog_steps", .integer(1 ... 1_000_000), "20",
        "hmc: at most so many a transition, drawn evenly from 1 on"),
      .init("max_tree_depth", .integer(1 ... 24), "10", "nuts: doublings"),
      .init("friction", .number(0 ... 1e6), "1", "underdamped: γ, per unit of time"),
      .init("seed", .integer(0 ... .max), "0", "Of all that is random"),
    ])

  package static let sampleSize = OptionTable(
    kind: "effective_sample_size",
    specs: [
      .init(
        "kind", .choice(Convergence.Kind.allCases.map(\.rawValue)), "bulk",
        "bulk: of rank-normalised draws; tail: the smaller one of the 5 % and 95 % quantiles; mean: of the draws"
      )
    ])
}
