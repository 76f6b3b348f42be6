// The options of models.

package import Core
import Execution

extension OptionTable {
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

  package static let precision = OptionSpec(
    "precision", .choice(Precision.allCases.map(\.rawValue)), "float32",
    "Of the factors of matrix products: bf16 takes half of their time or less with AMX (Intel from Sapphire Rapids on) or a fast AVX-512 BF16 (AMD Zen 5); sums, weights and all else stay float32"
  )

  package static let denoising = OptionTable(
    kind: "denoising",
    specs: [
      .init("draws", .integer(1 ... 100_000), "4", "Noise draws a row"),
      .init(
        "reference", .integer(1 ... 1_000_000), "2000",
        "At most so many rows make the exact denoiser; evenly chosen"),
      .init("seed", .integer(0 ... .max), "0", "Of the draws"),
    ])
}
