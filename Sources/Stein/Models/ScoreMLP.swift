package import Graph

/// A noise-conditional score network with EDM's preconditioning.
///
///     D(u; σ) = c_skip u + c_out F(c_in u, c_noise)     v = σ² + σ_data²
///     c_skip = σ_data²/v   c_out = σ σ_data/√v   c_in = 1/√v   c_noise = ¼ ln(σ/σ_data)
///
/// Karras et al. (2022), "Elucidating the Design Space of Diffusion-Based Generative Models", table 1. As a score, without the
/// cancellation of D − u at small σ:  σ s = (D − u)/σ = −(σ/v) u + (σ_data/√v) F.
package struct ScoreMLP: Family {
  let network: Network
  let sigmaData: Double

  package var parameters: [ParameterSpec] { network.parameters }
  package var dropoutWidths: [Int] { network.dropoutWidths }
  package var isNoiseConditional: Bool { true }
  package var width: Int { network.widths.max() ?? 1 }

  package func energy(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node? {
    nil
  }

  package func scaledScore(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs)
    -> Node
  {
    let edm = Preconditioning(&graph, sigma: inputs.sigma, sigmaData: sigmaData)
    let u = graph.multiply(edm.cIn, inputs.x)
    let f = network(
      &graph, parameters, u, noise: edm.cNoise, label: inputs.label, dropout: inputs.dropout)
    let shrink = graph.multiply(inputs.sigma, graph.multiply(edm.cIn, edm.cIn))
    let gain = graph.multiply(graph.constant(sigmaData), edm.cIn)
    return graph.subtract(graph.multiply(gain, f), graph.multiply(shrink, inputs.x))
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
    let relative = graph.multiply(graph.constant(1 / sigmaData), sigma)
    cNoise = graph.multiply(graph.constant(0.25), graph.log(relative))
  }
}
