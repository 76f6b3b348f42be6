// Which objectives a family admits, and why not another.

import Core
import Models

extension Objective {
  /// What a trainer's options ask for; nil for a closed form.
  init?(training options: Options, _ model: ModelDescription) throws {
    let family = model.family
    let asked = options[TrainingPlan.Key.objective]
    let closed = family.hasClosedForm
    if asked == TrainingPlan.Key.closedForm || asked == nil && closed {
      guard closed else {
        throw Objective.unsupported(
          "objective=closed_form is for gaussian, exponential and kernel_exponential, whose loss is quadratic; family=\(family.rawValue) takes \(Objective.names(for: model))"
        )
      }
      return nil
    }
    guard family.fit != .closedForm else {
      throw Objective.unsupported(
        "a gaussian is fitted by objective=closed_form, the minimiser of all of them at every noise level; family=mixture components=1 is the same density trained by gradients"
      )
    }
    let usual: Form =
      model.isNoiseConditional ? .denoising : model.dimension <= 32 ? .exact : .slicedVR
    try self.init(asked.flatMap(Form.init) ?? usual, options, model)
  }

  /// What options name, if the model admits it.
  init(_ form: Form, _ options: Options, _ model: ModelDescription) throws {
    self.init(form)
    guard Objective.forms(for: model).contains(form) else { throw refusal(model) }
    projections = options[Key.projections]
    projectionDistribution = options[Key.projectionLaw]
    step = options[Key.differenceStep] ?? 0.05 * model.sigmaData
    controlVariate = options[Key.controlVariate]
    kernel = NoiseKernel(named: options[Key.noiseKernel]) ?? .gaussian
    if model.family.fit == .innerSolve, kernel != .gaussian {
      throw Options.bad(
        "noise_kernel", "other than gaussian is not for deep kernels, whose weights are solved for")
    }
    if case .studentT = kernel { kernel = .studentT(options[Key.degrees]) }
    if controlVariate, kernel == .caller {
      throw Options.bad(Key.controlVariate, "is for a noise_kernel of the library's")
    }
    if model.domain != .real {
      boundary = Boundary(options, model)
    }
  }

  /// The forms that a model admits.
  static func forms(for model: ModelDescription) -> [Form] {
    Form.allCases.filter { form in
      if form == .maximumLikelihood { return model.family.isNormalized && model.domain == .real }
      if model.domain != .real, !form.allowsBoundary { return false }
      if model.family.fit == .innerSolve, form == .finiteDifference { return false }
      if model.family == .graph, let graph = model.familyParameters.graph {
        return graph.refusal(of: form) == nil
      }
      return true
    }
  }

  private static func names(for model: ModelDescription) -> String {
    forms(for: model).map(\.rawValue).joined(separator: ", ")
  }

  private static func unsupported(_ what: String) -> SteinError {
    SteinError(.unsupported, what, argument: "options", option: "objective")
  }

  private func refusal(_ model: ModelDescription) -> SteinError {
    let why: String
    if model.domain != .real, !form.allowsBoundary {
      why =
        form == .maximumLikelihood
        ? "the density is not normalised on its domain"
        : "the noise or the step that it adds would leave the model's domain"
    } else if form == .maximumLikelihood {
      why = "family=\(model.family.rawValue) has no normalised density"
    } else if let own = model.familyParameters.graph?.refusal(of: form) {
      why = own
    } else {
      why =
        "a kernel's weights are solved for, and finite differences of the energy are no quadratic of theirs"
    }
    return Objective.unsupported(
      "objective=\(form.rawValue): \(why); there are \(Objective.names(for: model))")
  }
}

extension Boundary {
  init(_ options: Options, _ model: ModelDescription) {
    self.init(
      domain: model.domain, cap: options[Objective.Key.boundaryCap] ?? model.sigmaData,
      power: options[Objective.Key.boundaryPower])
  }
}
