package import Core
import Models

/// What goes along the probability flow shares.
enum FlowKey {
  static let sigmaMin = OptionKey<Double>(
    "sigma_min", 0 ... 1e9, default: 0,
    "Lowest level of what goes through many; 0: the lowest trained")
  static let sigmaMax = OptionKey<Double>(
    "sigma_max", 0 ... 1e9, default: 0, "Highest level; 0: the highest trained")
  static let tolerance = OptionKey<Double>(
    "tolerance", 1e-9 ... 0.1, default: 1e-5,
    "Error of a step of the flow, in deviations of the data, and of a log density in nats")
  static let denoise = OptionKey<Bool>(
    "denoise", default: false, "A last step to E[clean | x], after which encode does not lead back")
}

extension LikelihoodResult {
  enum Method: String, CaseIterable, Sendable { case flow, density }

  enum Unit: String, CaseIterable, Sendable {
    case nats
    case bitsPerDimension = "bits_per_dimension"
  }

  enum Key {
    static let method = OptionKey<Method?>(
      "method",
      "flow: along the probability flow (Song et al. 2021); density: of normalised families, at once. auto: density where there is one"
    )
    static let sigma = OptionKey<Double>(
      "sigma", 0 ... 1e9, default: 0, "The level of the density; 0: the lowest trained")
    static let sigmaMax = OptionKey<Double>(
      "sigma_max", 0 ... 1e9, default: 0, "Highest level; 0: the highest trained",
      for: method.isOne(of: .flow))
    static let tolerance = OptionKey<Double>(
      "tolerance", 1e-9 ... 0.1, default: 1e-5,
      "Error of a step of the flow, in deviations of the data, and of a log density in nats",
      for: method.isOne(of: .flow))
    static let trace = OptionKey<TraceEstimate.Kind?>(
      "trace",
      "Of the Jacobian: exact, or estimated along random signs (Hutchinson 1989); auto: exact up to 64 columns",
      for: method.isOne(of: .flow))
    static let probes = OptionKey<Int>(
      "probes", 1 ... 256, default: 8,
      "hutchinson: directions a row; the deviation is told from the spread of 2 or more",
      for: method.isOne(of: .flow), trace.isOne(of: .hutchinson))
    static let unit = OptionKey<Unit>(
      "unit", default: .nats, "nats: ln p(x); bits_per_dimension: -log2 p(x)/d")
    static let seed = OptionKey<UInt64>("seed", "Of the directions")
    static let firstIndex = OptionKey<UInt64>(
      "first_index", 0 ... 1 << 55, "Number of the first row")
  }
}

extension LikelihoodResult {
  /// Options with the method and the trace that a model gets where they are auto.
  static func options(_ text: String, _ description: ModelDescription) throws -> Options {
    let given = try Options(text, .logLikelihood)
    let options = given.choosing(
      Key.method, given[Key.method] ?? (description.family.isNormalized ? .density : .flow)
    ).choosing(Key.trace, given[Key.trace] ?? (description.dimension <= 64 ? .exact : .hutchinson))
    try options.check()
    return options
  }
}

extension TraceEstimate {
  enum Kind: String, CaseIterable, Sendable { case exact, hutchinson }
}

extension OptionTable {
  package static let encode = OptionTable(
    "encode", [FlowKey.sigmaMin, FlowKey.sigmaMax, FlowKey.tolerance])

  package static let decode = OptionTable(
    "decode", [FlowKey.sigmaMin, FlowKey.sigmaMax, FlowKey.tolerance, FlowKey.denoise])

  package static let logLikelihood: OptionTable = {
    typealias Key = LikelihoodResult.Key
    return OptionTable(
      "log_likelihood",
      [
        Key.method, Key.sigma, Key.sigmaMax, Key.tolerance, Key.trace, Key.probes, Key.unit,
        Key.seed, Key.firstIndex,
      ])
  }()
}
