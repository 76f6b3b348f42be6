/// The families of models, by the names that options and files use.
package enum FamilyKind: String, CaseIterable, Sendable {
  case scoreMLP = "score_mlp"
  case scoreUNet = "score_unet"
  case energyMLP = "energy_mlp"
  case gaussian
  case mixture
  case exponential
  case kernelExponential = "kernel_exponential"
  case deepKernelExponential = "deep_kernel_exponential"
  case nice
  case autoregressive
  case graph

  /// Families that `stein_model_new` makes; a graph is made of its nodes.
  static let built = allCases.filter { $0 != .graph }

  /// Whether ∫p = 1 by construction, so that the energy is −ln p itself.
  package var isNormalized: Bool { [.gaussian, .mixture, .nice, .autoregressive].contains(self) }

  /// Whether ln p is linear in one block of parameters, which a linear system then solves for.
  package var isLinear: Bool { [.exponential, .kernelExponential].contains(self) }

  /// Whether the family has one network told of noise and class.
  var hasNetwork: Bool { [.scoreMLP, .scoreUNet, .energyMLP].contains(self) }

  /// Whether a family may be told of the noise level; nil where the options decide.
  var isNoiseConditional: Bool? {
    switch self {
    case .gaussian, .mixture: true
    case .exponential, .kernelExponential, .deepKernelExponential, .nice, .autoregressive: false
    case .scoreMLP, .scoreUNet, .energyMLP, .graph: nil
    }
  }

  /// Whether it may live on a domain with a boundary, where a density is neither normalised nor convolved with noise.
  var allowsDomain: Bool {
    switch self {
    case .scoreMLP, .scoreUNet, .energyMLP, .exponential, .graph: true
    case .gaussian, .mixture, .kernelExponential, .deepKernelExponential, .nice, .autoregressive:
      false
    }
  }

  /// The options that it takes beside those of every family.
  var options: Set<String> {
    switch self {
    case .scoreMLP:
      [
        "widths", "activation", "residual", "embedding", "noise_conditional", "dropout",
        "parameterization", "preconditioning",
      ]
    case .scoreUNet:
      [
        "widths", "blocks", "spatial_axes", "activation", "embedding", "noise_conditional",
        "parameterization",
      ]
    case .energyMLP:
      [
        "widths", "activation", "residual", "embedding", "noise_conditional", "dropout",
        "preconditioning",
      ]
    case .gaussian: ["covariance", "rank"]
    case .mixture: ["components", "covariance", "rank"]
    case .exponential: ["statistics", "degree", "exponents"]
    case .kernelExponential: ["points"]
    case .deepKernelExponential: ["points", "kernels", "widths"]
    case .nice: ["couplings", "widths", "activation"]
    case .autoregressive: ["conditional", "components", "widths", "activation"]
    case .graph: ["output"]
    }
  }

  static let commonOptions: Set<String> = [
    "family", "scale", "classes", "seed", "domain", "lower", "upper", "centre", "radius",
  ]
}
