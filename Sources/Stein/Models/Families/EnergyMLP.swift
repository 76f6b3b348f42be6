package import Graph

/// A scalar energy f of a network, over a Gaussian base that makes exp(−E) integrable where f grows slowly.
///
/// Noise-conditional, with EDM's preconditioning, so that σ s = −(σ/v) u − (σ_data/√v) ∇f:
///
///     E(u; σ) = ‖u‖²/(2v) + (σ_data/σ) f(u/√v, ¼ ln(σ/σ_data))     v = σ² + σ_data²
///
/// For one level alone:  E(u) = ‖u‖²/2 + f(u).
package struct EnergyMLP: EnergyFamily {
  let network: Network
  let sigmaData: Double
  package let isNoiseConditional: Bool

  package var parameters: [ParameterSpec] { network.parameters }
  package var dropoutWidths: [Int] { network.dropoutWidths }
  package var work: RowWork { network.work }

  package func energyNode(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node
  {
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
}
