import Core
import Glibc
import Models

/// The samplers by the names that options use: the one list of them.
@dynamicMemberLookup
enum SamplerKind: String, Sendable, CaseIterable {
  case euler
  case heun
  case rk45
  case ddim
  case dpmpp2m = "dpmpp_2m"
  case dpmpp3mSDE = "dpmpp_3m_sde"
  case predictorCorrector = "predictor_corrector"
  case annealedLangevin = "annealed_langevin"
  case underdampedLangevin = "underdamped_langevin"
  case langevin

  var definition: SamplerDefinition {
    switch self {
    case .euler: ProbabilityFlow.euler
    case .heun: ProbabilityFlow.heun
    case .rk45: AdaptiveFlow.definition
    case .ddim: ImplicitDiffusion.definition
    case .dpmpp2m: Multistep.second
    case .dpmpp3mSDE: Multistep.third
    case .predictorCorrector: PredictorCorrector.definition
    case .annealedLangevin: AnnealedLangevin.definition
    case .underdampedLangevin: UnderdampedLangevin.definition
    case .langevin: Langevin.definition
    }
  }

  /// What the sampler's type says of it.
  subscript<Value>(dynamicMember path: KeyPath<SamplerDefinition, Value>) -> Value {
    definition[keyPath: path]
  }

  /// Levels of the grid unless options say so, or what else steps are.
  func steps(over range: ClosedRange<Double>) -> Int {
    guard let perFold = definition.stepsPerFold else { return definition.steps }
    return max(2, Int((perFold * log(range.upperBound / range.lowerBound)).rounded(.up)))
  }
}

/// What there is to know of a sampler before one is made: beside its type, in one place.
struct SamplerDefinition: Sendable {
  /// Those that it takes beside the options of every sampler.
  var options: [any AnyOptionKey]
  /// Levels of the grid unless options say so, or what else steps are.
  var steps: Int
  /// Or so many for each factor of e between the highest level and the lowest.
  var stepsPerFold: Double?
  var grid = NoiseGrid.edm
  /// Whether it follows the probability flow or its SDE, which hold for Gaussian noise alone.
  var isDiffusion = true
  /// Whether what is known of a row stands still while it moves the rest.
  var holdsKnown = false
  /// Whether its steps are its own, and the grid's levels places to stop at.
  var choosesSteps = false
  /// Whether diffusion posterior sampling may push its steps.
  var canBeSteered = false
  let make: @Sendable (Options, Model.Snapshot, SamplerKind) throws -> any Sampler
}

extension Model {
  /// The sampler that options name; `usual`: the one for models of many levels where they name
  /// none.
  func samplerKind(_ options: Options, _ now: Snapshot, usual: SamplerKind) throws -> SamplerKind {
    let description = now.description
    guard description.trained else {
      throw SteinError(.badState, "the model is not trained yet", argument: "model")
    }
    let oneLevel = description.sigmaMin == description.sigmaMax && !family.isNoiseConditional
    let kind = options[SamplerKey.kind] ?? (oneLevel ? .langevin : usual)
    guard !oneLevel || kind == .langevin else {
      throw SteinError(
        .unsupported,
        "sampler=\(kind.rawValue) goes through many noise levels, this model has one; take sampler=langevin",
        argument: "options", option: "sampler")
    }
    try options.choosing(SamplerKey.kind, kind).choosing(
      SamplerKey.grid, options[SamplerKey.grid] ?? kind.grid
    ).check()
    if options[SamplerKey.trajectory] == 1 {
      throw Options.bad("trajectory", "is 1; it is 2 states or more, or 0 for the end alone")
    }
    if kind.isDiffusion || options[SamplerKey.denoise] == true { try checkGaussianNoise() }
    return kind
  }
}
