// Which objectives a family admits, and why not another.

import Core
import Models

extension Objective {
  /// What a trainer's options ask for; nil for a closed form.
  init?(training options: Options, _ model: ModelDescription) throws {
    let family = model.family
    let asked = options.choice("objective")
    let closed = family == .gaussian || family.isLinear
    if asked == "closed_form" || asked == nil && closed {
      guard closed else {
        throw Objective.unsupported(
          "objective=closed_form is for gaussian, exponential and kernel_exponential, whose loss is quadratic; family=\(family.rawValue) takes \(Objective.names(for: model))"
        )
      }
      let strangers = [
        "noise_kernel", "degrees", "projections", "projection_law", "control_variate",
        "difference_step", "schedule", "weighting",
      ]
      if let stranger = strangers.first(where: {
        options.isSet($0) && !(family == .gaussian && $0 == "schedule")
      }) {
        throw Options.bad(stranger, "is not for objective=closed_form")
      }
      return nil
    }
    guard family != .gaussian else {
      throw Objective.unsupported(
        "a gaussian is fitted by objective=closed_form, the minimiser of all of them at every noise level; family=mixture components=1 is the same density trained by gradients"
      )
    }
    let usual: Form =
      model.isNoiseConditional ? .denoising : model.dimension <= 32 ? .exact : .slicedVR
    try self.init(options, model, default: usual)
  }

  /// What options name, if the model admits it.
  init(_ options: Options, _ model: ModelDescription, default usual: Form) throws {
    self.init(options.choice("objective").flatMap(Form.init) ?? usual)
    guard Objective.forms(for: model).contains(form) else { throw refusal(model) }
    projections = options.value("projections")
    law = options.value("projection_law")
    step = options.number("difference_step") ?? 0.05 * model.sigmaData
    controlVariate = options.value("control_variate")
    kernel = options.value("noise_kernel")
    if model.family == .deepKernelExponential, kernel != .gaussian {
      throw Options.bad(
        "noise_kernel", "other than gaussian is not for deep kernels, whose weights are solved for")
    }
    if case .studentT = kernel { kernel = .studentT(options.value("degrees")) }
    guard form == .denoising || kernel == .gaussian else {
      throw Options.bad(
        "noise_kernel", "other than gaussian is for objective=denoising, not \(form.rawValue)")
    }
    if controlVariate, kernel == .caller || form != .denoising {
      throw Options.bad(
        "control_variate", "is for objective=denoising with a kernel of the library's")
    }
    if model.domain != .real {
      boundary = Boundary(options, model)
    } else if options.isSet("boundary_cap") || options.isSet("boundary_power") {
      throw Options.bad("boundary_cap", "and boundary_power are for models with a domain")
    }
  }

  /// The forms that a model admits.
  static func forms(for model: ModelDescription) -> [Form] {
    Form.allCases.filter { form in
      if form == .maximumLikelihood { return model.family.isNormalized && model.domain == .real }
      if model.domain != .real, !form.allowsBoundary { return false }
      if model.family == .deepKernelExponential, form == .finiteDifference { return false }
      if model.family == .graph, let graph = model.structure.graph {
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
    } else if let own = model.structure.graph?.refusal(of: form) {
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
      domain: model.domain, cap: options.number("boundary_cap") ?? model.sigmaData,
      power: options.value("boundary_power"))
  }
}
