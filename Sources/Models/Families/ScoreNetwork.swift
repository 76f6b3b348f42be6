import Core
package import Graph

/// What a score network's output F stands for.
///
/// With v = σ² + σ_data², as σ s:
///
///     edm    D = c_skip u + c_out F   σ s = −(σ/v) u + (σ_data/√v) F
///     v      the same with −F: the velocity α ε − σ_α x₀ of the variance-preserving process (Salimans & Ho 2022)
///     score  s = F/σ                  σ s = F
///     noise  ε = F                    σ s = −F
///     clean  D = F                    σ s = (F − u)/σ
package enum Parameterization: String, Sendable, CaseIterable, JSONValue {
  case edm
  case velocity = "v"
  case score
  case noise
  case clean
}

/// A score network; noise-conditional unless made for one level, where s = F/σ, or s = F without
/// noise.
///
/// Inputs are scaled by c_in = 1/√v and the level is told as c_noise = ¼ ln(σ/σ_data). Karras et
/// al. (2022), "Elucidating the Design Space of Diffusion-Based Generative Models", table 1; σ s is
/// made without the cancellation of D − u at small σ.
///
/// With a `base` all this is by axis of the data's covariance, and F counts by a gain of the level.
/// For one level alone then
///
///     s_i = −y_i/λ_i + F_i(y/√λ)/√(max(τ² λ_i, σ_min²))     σ_min = σ_data/50
package struct ScoreNetwork: Family {
  let network: any Backbone
  let sigmaData: Double
  let parameterization: Parameterization
  package let isNoiseConditional: Bool
  package let base: GaussianBase?

  init(network: any Backbone, _ description: ModelDescription) {
    self.network = network
    sigmaData = description.sigmaData
    parameterization = description.network.parameterization
    isNoiseConditional = description.network.noiseConditional
    base = description.base
  }

  package var parameters: [ParameterSpec] {
    network.parameters + (hasGain ? [LevelGain.spec] : [])
  }
  private var hasGain: Bool { base != nil && isNoiseConditional }
  package var dropoutWidths: [Int] { network.dropoutWidths }
  package var work: RowWork { network.work }

  package func energy(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node? {
    nil
  }

  package func score(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node {
    if let base, !isNoiseConditional { return oneLevelScore(&graph, parameters, inputs, base) }
    guard isNoiseConditional else {
      let f = network(
        &graph, parameters, inputs.x, noise: inputs.sigma, label: inputs.label,
        dropout: inputs.dropout)
      return graph.divide(f, graph.select(inputs.sigma, inputs.sigma, graph.constant(1)))
    }
    return graph.divide(scaledScore(&graph, parameters, inputs), inputs.sigma)
  }

  private func oneLevelScore(
    _ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs, _ base: GaussianBase
  ) -> Node {
    let y = base.alongAxes(&graph, rows: inputs.x)
    let inverse = base.row(&graph, base.variances.map { 1 / $0.squareRoot() })
    let f = network(
      &graph, parameters, graph.multiply(y, inverse), noise: inputs.sigma, label: inputs.label,
      dropout: inputs.dropout)
    let finest = base.variances.map { variance in
      1 / max(base.resolution * variance.squareRoot(), sigmaData / 50)
    }
    let own = graph.multiply(f, base.row(&graph, finest))
    let shrink = graph.multiply(y, base.row(&graph, base.variances.map { 1 / $0 }))
    return base.alongColumns(&graph, directions: graph.subtract(own, shrink))
  }

  package func scaledScoreAlongAxes(
    _ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs
  ) -> Node? {
    guard let base, isNoiseConditional else { return nil }
    let y = base.alongAxes(&graph, rows: inputs.x)
    let root = base.inverseRoot(&graph, sigma: inputs.sigma)
    let cIn = base.inputScale(&graph, sigma: inputs.sigma, sigmaData: sigmaData, root: root)
    let cNoise = Preconditioning.noise(&graph, sigma: inputs.sigma, sigmaData: sigmaData)
    let f = network(
      &graph, Array(parameters.dropLast()), graph.multiply(y, cIn), noise: cNoise,
      label: inputs.label, dropout: inputs.dropout)
    let sign = parameterization == .velocity ? -1.0 : 1
    let gains = parameters[parameters.count - 1]
    let gain = graph.multiply(
      graph.constant(sign), LevelGain.node(&graph, gains, noise: cNoise))
    let cOut = base.outputScale(&graph, sigma: inputs.sigma, root: root)
    let shrink = graph.multiply(inputs.sigma, graph.square(root))
    return graph.subtract(
      graph.multiply(graph.multiply(gain, cOut), f), graph.multiply(shrink, y))
  }

  package func scaledScore(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs)
    -> Node
  {
    func output(_ u: Node, _ noise: Node) -> Node {
      network(
        &graph, parameters, u, noise: noise, label: inputs.label, dropout: inputs.dropout)
    }
    guard isNoiseConditional else {
      return graph.multiply(inputs.sigma, score(&graph, parameters, inputs))
    }
    if let base, let along = scaledScoreAlongAxes(&graph, parameters, inputs) {
      return base.alongColumns(&graph, directions: along)
    }
    let edm = Preconditioning(&graph, sigma: inputs.sigma, sigmaData: sigmaData)
    let f = output(graph.multiply(edm.cIn, inputs.x), edm.cNoise)
    switch parameterization {
    case .score: return f
    case .noise: return graph.negate(f)
    case .clean: return graph.divide(graph.subtract(f, inputs.x), inputs.sigma)
    case .edm, .velocity:
      let shrink = graph.multiply(inputs.sigma, graph.multiply(edm.cIn, edm.cIn))
      let sign = parameterization == .edm ? 1.0 : -1
      let gain = graph.multiply(graph.constant(sign * sigmaData), edm.cIn)
      return graph.subtract(graph.multiply(gain, f), graph.multiply(shrink, inputs.x))
    }
  }
}

/// EDM's factors of σ as nodes, each [R, 1].
struct Preconditioning {
  /// 1/√(σ² + σ_data²).
  let cIn: Node
  /// ¼ ln(σ/σ_data).
  let cNoise: Node

  init(_ graph: inout Graph, sigma: Node, sigmaData: Double) {
    let variance = graph.add(graph.square(sigma), graph.constant(sigmaData * sigmaData))
    cIn = graph.reciprocal(graph.sqrt(variance))
    cNoise = Preconditioning.noise(&graph, sigma: sigma, sigmaData: sigmaData)
  }

  /// ¼ ln(σ/σ_data).
  static func noise(_ graph: inout Graph, sigma: Node, sigmaData: Double) -> Node {
    let relative = graph.multiply(graph.constant(1 / sigmaData), sigma)
    return graph.multiply(graph.constant(0.25), graph.log(relative))
  }
}

extension ScoreNetwork {
  static let definition: FamilyDefinition = {
    typealias Key = ModelDescription.NetworkOptions.Key
    return FamilyDefinition(
      options: [
        Key.widths, Key.activation, Key.residual, Key.embedding, Key.noiseConditional, Key.dropout,
        Key.parameterization, Key.preconditioning,
      ], isNoiseConditional: nil, allowsDomain: true, hasEnergy: false, hasNetwork: true,
      isPerceptron: true, network: .init(isResidual: true)
    ) { model in
      ScoreNetwork(network: model.network(outputs: model.dimension, lastLayer: .zeros), model)
    }
  }()

  /// Of a U-Net.
  static let convolutional: FamilyDefinition = {
    typealias Key = ModelDescription.NetworkOptions.Key
    return FamilyDefinition(
      options: [
        Key.widths, Key.blocks, Key.spatialAxes, Key.activation, Key.embedding,
        Key.noiseConditional, Key.parameterization,
      ], isNoiseConditional: nil, allowsDomain: true, hasEnergy: false, hasNetwork: true,
      isOnGrid: true, usualScaling: .common
    ) { ScoreNetwork(network: $0.unet, $0) }
  }()
}
