package import Graph

/// A scalar energy f of a network, over a Gaussian base that makes exp(−E) integrable where f grows
/// slowly.
///
/// Noise-conditional, with EDM's preconditioning, so that σ s = −(σ/v) u − (σ_data/√v) ∇f:
///
///     E(u; σ) = ‖u‖²/(2v) + (σ_data/σ) f(u/√v, ¼ ln(σ/σ_data))     v = σ² + σ_data²
///
/// For one level alone:  E(u) = ‖u‖²/2 + f(u).
///
/// With a `base`, along the axes of the data's covariance, y = Vᵀ (u − m), with g the gain of the
/// level and τ the resolution:
///
///     E(u; σ) = ½ Σ y_i²/(λ_i + σ²) + g σ_data/√(σ² + τ² σ_data²) f(c y, ¼ ln(σ/σ_data))
///
/// and for one level alone  E(u) = ½ Σ y_i²/λ_i + f(y/√λ).
package struct EnergyMLP: EnergyFamily {
  let network: Network
  let sigmaData: Double
  package let isNoiseConditional: Bool
  package let base: GaussianBase?

  package var parameters: [ParameterSpec] {
    network.parameters + (base != nil && isNoiseConditional ? [LevelGain.spec] : [])
  }
  package var dropoutWidths: [Int] { network.dropoutWidths }
  package var work: RowWork { network.work }

  package func energyNode(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node
  {
    if let base { return energy(&graph, parameters, inputs, base) }
    let half = graph.multiply(
      graph.constant(0.5), graph.sum(graph.square(inputs.x), axes: [-1], keepAxes: true))
    guard isNoiseConditional else {
      let f = network(
        &graph, parameters, inputs.x, noise: inputs.sigma, label: inputs.label,
        dropout: inputs.dropout)
      return graph.add(half, f)
    }
    let edm = Preconditioning(&graph, sigma: inputs.sigma, sigmaData: sigmaData)
    let f = network(
      &graph, parameters, graph.multiply(edm.cIn, inputs.x), noise: edm.cNoise,
      label: inputs.label, dropout: inputs.dropout)
    let gain = graph.divide(graph.constant(sigmaData), inputs.sigma)
    let base = graph.multiply(graph.square(edm.cIn), half)
    return graph.add(base, graph.multiply(gain, f))
  }

  private func energy(
    _ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs, _ base: GaussianBase
  ) -> Node {
    let y = base.alongAxes(&graph, rows: inputs.x)
    func half(_ root: Node) -> Node {
      let square = graph.sum(graph.square(graph.multiply(y, root)), axes: [-1], keepAxes: true)
      return graph.multiply(graph.constant(0.5), square)
    }
    guard isNoiseConditional else {
      let root = base.row(&graph, base.variances.map { 1 / $0.squareRoot() })
      let f = network(
        &graph, parameters, graph.multiply(y, root), noise: inputs.sigma, label: inputs.label,
        dropout: inputs.dropout)
      return graph.add(half(root), f)
    }
    let root = base.inverseRoot(&graph, sigma: inputs.sigma)
    let cIn = base.inputScale(&graph, sigma: inputs.sigma, sigmaData: sigmaData, root: root)
    let cNoise = Preconditioning.noise(&graph, sigma: inputs.sigma, sigmaData: sigmaData)
    let f = network(
      &graph, Array(parameters.dropLast()), graph.multiply(cIn, y), noise: cNoise,
      label: inputs.label,
      dropout: inputs.dropout)
    let finest = graph.constant(base.resolution * base.resolution * sigmaData * sigmaData)
    let least = graph.sqrt(graph.add(graph.square(inputs.sigma), finest))
    let gain = graph.divide(
      graph.multiply(
        graph.constant(sigmaData),
        LevelGain.node(&graph, parameters[parameters.count - 1], noise: cNoise)), least)
    return graph.add(half(root), graph.multiply(gain, f))
  }
}

extension EnergyMLP {
  static let definition: FamilyDefinition = {
    typealias Key = ModelDescription.NetworkOptions.Key
    return FamilyDefinition(
      options: [
        Key.widths, Key.activation, Key.residual, Key.embedding, Key.noiseConditional, Key.dropout,
        Key.preconditioning,
      ], isNoiseConditional: nil, allowsDomain: true, hasNetwork: true, isPerceptron: true
    ) { model in
      let start = 1 / Double(model.network.widths.last ?? 1).squareRoot()
      return EnergyMLP(
        network: model.network(outputs: 1, lastLayer: .normal(deviation: start)),
        sigmaData: model.sigmaData, isNoiseConditional: model.network.noiseConditional,
        base: model.base)
    }
  }()
}
