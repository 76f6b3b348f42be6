import Glibc
package import Graph

/// A mixture of Gaussians, whose density and score are known at every noise level.
///
///     p(u; σ) = Σ_k w_k N(u; μ_k, Σ_k + σ²),   Σ_k = F_k F_kᵀ | diag e^{2 l_k} | W_k W_kᵀ + diag e^{2 l_k}
///
/// Low rank by Woodbury's identity and the determinant lemma. Parameters: logits [K], means [K, D], and factors [K, D, D], or
/// log_scales [K, D] with factors [K, D, r].
package struct Mixture: EnergyFamily {
  let dimension: Int
  let components: Int
  let covariance: FamilyParameters.Covariance
  let rank: Int

  private let sigmaData: Double

  init(dimension: Int, _ familyParameters: FamilyParameters, sigmaData: Double) {
    self.dimension = dimension
    self.sigmaData = sigmaData
    (components, covariance, rank) = (
      familyParameters.components, familyParameters.covariance, familyParameters.rank
    )
  }

  package var parameters: [ParameterSpec] {
    let (k, d) = (components, dimension)
    let scales = ParameterSpec(
      name: "log_scales", shape: [k, d], start: .constant(log(sigmaData) - 0.5))
    var specs = [
      ParameterSpec(name: "logits", shape: [k], start: .zeros),
      ParameterSpec(name: "means", shape: [k, d], start: .centres),
    ]
    switch covariance {
    case .full:
      specs.append(
        ParameterSpec(name: "factors", shape: [k, d, d], start: .diagonal(sigmaData * exp(-0.5))))
    case .diagonal: specs.append(scales)
    case .lowRank:
      let start = ParameterSpec.Start.normal(deviation: 0.1 * sigmaData)
      specs += [scales, ParameterSpec(name: "factors", shape: [k, d, rank], start: start)]
    }
    return specs
  }

  package var isNoiseConditional: Bool { true }

  package var work: RowWork {
    .layers(widest: covariance == .full ? components * dimension : dimension)
  }

  package func energyNode(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node
  {
    let rows = graph.shape(of: inputs.x)[0]
    let x = graph.reshape(inputs.x, [rows, 1, dimension])
    let centred = graph.subtract(x, parameters[1])
    let noise = graph.square(graph.reshape(inputs.sigma, [rows, 1, 1]))
    let distance: Node
    switch covariance {
    case .full: distance = full(&graph, centred, noise, factors: parameters[2])
    case .diagonal: distance = diagonal(&graph, centred, noise, scales: parameters[2])
    case .lowRank:
      distance = lowRank(&graph, centred, noise, scales: parameters[2], factors: parameters[3])
    }
    let shares = graph.subtract(
      parameters[0], graph.logSumExp(parameters[0], axes: [0], keepAxes: true))
    let constant = graph.constant(0.5 * Double(dimension) * log(2 * Double.pi))
    let half = graph.multiply(graph.constant(0.5), distance)
    let logs = graph.subtract(shares, graph.add(half, constant))
    return graph.negate(graph.logSumExp(logs, axes: [1], keepAxes: true))
  }

  /// (u − μ)ᵀ (Σ + σ²)⁻¹ (u − μ) + ln det(Σ + σ²) of each row and component, [R, K].
  private func full(_ graph: inout Graph, _ centred: Node, _ noise: Node, factors: Node) -> Node {
    let (rows, k, d) = (graph.shape(of: centred)[0], components, dimension)
    let covariance = graph.matmul(factors, factors, transposeB: true)
    let isotropic = graph.multiply(graph.reshape(noise, [rows, 1, 1, 1]), graph.identity(d))
    let sum = graph.add(covariance, isotropic)
    let row = graph.reshape(centred, [rows, k, 1, d])
    let product = graph.reshape(graph.matmul(row, graph.inverse(sum)), [rows, k, d])
    return graph.add(graph.dot(product, centred), graph.logDeterminant(sum))
  }

  private func diagonal(_ graph: inout Graph, _ centred: Node, _ noise: Node, scales: Node) -> Node
  {
    let variance = graph.add(graph.exp(graph.multiply(graph.constant(2), scales)), noise)
    let terms = graph.add(graph.divide(graph.square(centred), variance), graph.log(variance))
    return graph.sum(terms, axes: [-1])
  }

  /// With A = diag(e^{2l} + σ²), B = A⁻¹ W and M = 1 + Wᵀ B: cᵀ A⁻¹ c − (Bᵀc)ᵀ M⁻¹ (Bᵀc) + ln det A + ln det M.
  private func lowRank(
    _ graph: inout Graph, _ centred: Node, _ noise: Node, scales: Node, factors: Node
  ) -> Node {
    let (rows, k, d) = (graph.shape(of: centred)[0], components, dimension)
    let variance = graph.add(graph.exp(graph.multiply(graph.constant(2), scales)), noise)
    let own = graph.divide(factors, graph.reshape(variance, [rows, k, d, 1]))
    let inner = graph.add(graph.matmul(factors, own, transposeA: true), graph.identity(rank))
    let along = graph.matmul(graph.reshape(centred, [rows, k, 1, d]), own)
    let solved = graph.matmul(along, graph.inverse(inner))
    let explained = graph.sum(graph.multiply(solved, along), axes: [-2, -1])
    let terms = graph.add(graph.divide(graph.square(centred), variance), graph.log(variance))
    let rest = graph.subtract(graph.sum(terms, axes: [-1]), explained)
    return graph.add(rest, graph.logDeterminant(inner))
  }
}

extension Mixture {
  static let definition = FamilyDefinition(
    options: [
      FamilyParameters.Key.components, FamilyParameters.Key.covariance, FamilyParameters.Key.rank,
    ],
    isNormalized: true, isNoiseConditional: true, canBeSmall: true, usualComponents: 5
  ) { Mixture(dimension: $0.dimension, $0.familyParameters, sigmaData: $0.sigmaData) }
}
