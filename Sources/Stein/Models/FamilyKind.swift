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
  var isNormalized: Bool { [.gaussian, .mixture, .nice, .autoregressive].contains(self) }

  /// Whether ln p is linear in one block of parameters, which a linear system then solves for.
  var isLinear: Bool { [.exponential, .kernelExponential].contains(self) }

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
  var options: [any AnyOptionKey] {
    typealias Network = ModelDescription.NetworkOptions.Key
    typealias Form = Structure.Key
    switch self {
    case .scoreMLP:
      return [
        Network.widths, Network.activation, Network.residual, Network.embedding,
        Network.noiseConditional, Network.dropout, Network.parameterization,
        Network.preconditioning,
      ]
    case .scoreUNet:
      return [
        Network.widths, Network.blocks, Network.spatialAxes, Network.activation, Network.embedding,
        Network.noiseConditional, Network.parameterization,
      ]
    case .energyMLP:
      return [
        Network.widths, Network.activation, Network.residual, Network.embedding,
        Network.noiseConditional, Network.dropout, Network.preconditioning,
      ]
    case .gaussian: return [Form.covariance, Form.rank]
    case .mixture: return [Form.components, Form.covariance, Form.rank]
    case .exponential: return [Form.statistics, Form.degree, Form.exponents]
    case .kernelExponential: return [Form.points]
    case .deepKernelExponential: return [Form.points, Form.kernels, Network.widths]
    case .nice: return [Form.couplings, Network.widths, Network.activation]
    case .autoregressive:
      return [Form.conditional, Form.components, Network.widths, Network.activation]
    case .graph: return [GraphModel.Key.output]
    }
  }
}
