/// The families of models, by the names that options and files use: the one list of them.
@dynamicMemberLookup
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

  var definition: FamilyDefinition {
    switch self {
    case .scoreMLP: ScoreNetwork.definition
    case .scoreUNet: ScoreNetwork.convolutional
    case .energyMLP: EnergyMLP.definition
    case .gaussian: Gaussian.definition
    case .mixture: Mixture.definition
    case .exponential: Exponential.definition
    case .kernelExponential: KernelExponential.definition
    case .deepKernelExponential: KernelExponential.deep
    case .nice: Nice.definition
    case .autoregressive: Autoregressive.definition
    case .graph: GraphModel.definition
    }
  }

  /// What the family's type says of it.
  package subscript<Value>(dynamicMember path: KeyPath<FamilyDefinition, Value>) -> Value {
    definition[keyPath: path]
  }
}
