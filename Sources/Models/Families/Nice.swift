import Core
import Glibc
package import Graph

/// A flow of additive couplings, whose log density is exact: u is turned into z, a standard
/// logistic variable, by steps that add to one half of the columns a function of the other, and a
/// last scaling.
///
///     z = e^s ∘ c_L(… c_1(u)),   ln p(u) = Σ_i [ln ℓ(z_i) + s_i],   ln ℓ(z) = −|z| − 2 ln(1 + e^{−|z|})
///
/// Dinh, Krueger & Bengio (2015), "NICE: Non-linear Independent Components Estimation".
package struct Nice: EnergyFamily {
  let dimension: Int
  let couplings: Int
  let widths: [Int]
  let activation: Network.Activation

  package var isNoiseConditional: Bool { false }
  package var work: RowWork { .layers(widest: max(widths.max() ?? 1, dimension)) }

  /// Columns 0 ..< first are one half.
  private var first: Int { dimension / 2 }

  private func network(_ coupling: Int) -> Network {
    let (from, to) = coupling % 2 == 0 ? (first, dimension - first) : (dimension - first, first)
    return Network(
      inputs: from, outputs: to, widths: widths, residual: false, activation: activation,
      embedding: .none, dropout: 0, lastLayer: .zeros)
  }

  package var parameters: [ParameterSpec] {
    var specs = [ParameterSpec(name: "log_scale", shape: [dimension], start: .constant(0.5))]
    for coupling in 0 ..< couplings {
      specs += network(coupling).parameters.map {
        ParameterSpec(name: "coupling\(coupling).\($0.name)", shape: $0.shape, start: $0.start)
      }
    }
    return specs
  }

  package func energyNode(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node
  {
    let rows = graph.shape(of: inputs.x)[0]
    var halves = [
      graph.slice(inputs.x, starts: [0, 0], sizes: [rows, first]),
      graph.slice(inputs.x, starts: [0, first], sizes: [rows, dimension - first]),
    ]
    var rest = parameters.dropFirst()
    for coupling in 0 ..< couplings {
      let network = network(coupling)
      let own = Array(rest.prefix(network.parameters.count))
      rest = rest.dropFirst(own.count)
      let (from, to) = (coupling % 2, 1 - coupling % 2)
      let shift = network(
        &graph, own, halves[from], noise: inputs.sigma, label: nil, dropout: [])
      halves[to] = graph.add(halves[to], shift)
    }
    let joined = graph.concatenate(halves, axis: 1)
    let z = graph.multiply(graph.exp(parameters[0]), joined)
    // −ln ℓ(z) = softplus(z) + softplus(−z), smooth everywhere.
    let terms = graph.add(graph.softplus(z), graph.softplus(graph.negate(z)))
    return graph.sum(graph.subtract(terms, parameters[0]), axes: [-1], keepAxes: true)
  }
}

extension Nice {
  static let definition = FamilyDefinition(
    options: [
      FamilyParameters.Key.couplings, ModelDescription.NetworkOptions.Key.widths,
      ModelDescription.NetworkOptions.Key.activation,
    ], isNormalized: true, network: .init { rows, _, _ in rows < 5000 ? [64, 64] : [256, 256] },
    complaint: complaint
  ) {
    Nice(
      dimension: $0.dimension, couplings: $0.familyParameters.couplings, widths: $0.network.widths,
      activation: $0.network.activation)
  }

  private static func complaint(_ familyParameters: FamilyParameters, dimension: Int) -> SteinError?
  {
    guard dimension < 2 else { return nil }
    return SteinError(
      .unsupported, "family=nice couples columns and there is one; take autoregressive or mixture",
      argument: "dataset")
  }
}
