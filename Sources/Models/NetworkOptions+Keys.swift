import Core

extension ModelDescription.NetworkOptions {
  enum Key {
    static let widths = OptionKey<[Int]?>(
      "widths", 1 ... 8192,
      "Hidden layers, or residual blocks; auto: 64,64 under 500 rows of up to 20 columns, 128,128 under 5000 of up to 100, else 256,256, and for scale=common 256,256,256; score_unet: channels of each level, of half the length of the one before, 32,64,128 or as many of them as leave a length of 4; nice, autoregressive: 64,64 or from 5000 rows 256,256; deep_kernel_exponential: 30,30,30"
    )
    static let blocks = OptionKey<Int>(
      "blocks", 1 ... UNet.mostBlocks, default: 2,
      "score_unet: residual blocks of a level, on the way down and up")
    static let spatialAxes = OptionKey<Int?>(
      "spatial_axes", 1 ... 2,
      "score_unet: 1: signals, rows [length] or [length, channels]; 2: pictures, [height, width] or [height, width, channels]; auto: 1 for rows of one axis, else 2"
    )
    static let activation = OptionKey<Network.Activation?>(
      "activation",
      "auto: silu, softplus for deep kernels. relu has no second derivative and is refused in energies"
    )
    static let residual = OptionKey<String?>(
      "residual", choices: ["true", "false"],
      "Blocks around a skip, all of one width; auto: true for score_mlp, false for energy_mlp")
    static let embedding = OptionKey<Network.Embedding>(
      "embedding", choices: [.fourier, .log], default: .fourier,
      "How a network is told of the noise: ln(σ)/4 with Fourier features, or alone",
      for: noiseConditional.isTrue)
    static let noiseConditional = OptionKey<Bool>(
      "noise_conditional", default: true,
      "score_mlp, score_unet, energy_mlp: one network for every noise level, or false: for one level"
    )
    static let parameterization = OptionKey<Parameterization?>(
      "parameterization",
      "score_mlp, score_unet: what its output F stands for; edm: D = c_skip u + c_out F (Karras et al. 2022); v: velocity (Salimans & Ho 2022); score: s = F/σ; noise: ε = F; clean: D = F. auto: edm, and score for one level",
      for: noiseConditional.isTrue)
    static let preconditioning = OptionKey<ModelDescription.PreconditioningKind?>(
      "preconditioning",
      "score_mlp, energy_mlp: what a network begins as, and what scales it. covariance: the Gaussian with the covariance of the data, so that it learns what is not Gaussian alone; isotropic: one deviation for all directions (Karras et al. 2022). auto: covariance up to 256 columns, where there is no domain, parameterization is edm or v and the scale not common"
    )
    static let dropout = OptionKey<Double?>(
      "dropout", 0 ... 0.9,
      "In residual blocks while training; auto: 0.1, under 500 rows 0.25, but with scale=common 0.1",
      for: residual.isOne(of: "true"))

    static let all: [any AnyOptionKey] = [
      widths, blocks, spatialAxes, activation, residual, embedding, noiseConditional,
      parameterization, preconditioning, dropout,
    ]
  }
}
