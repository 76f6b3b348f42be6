package import Graph

/// A named parameter and how it starts.
package struct ParameterSpec: Sendable {
  package enum Start: Sendable, Equatable {
    case zeros
    case ones
    case identity
    case constant(Double)
    /// `value` on the diagonal of the last two axes.
    case diagonal(Double)
    /// Centres of the rows of the data, [k, D], spread by k-means.
    case centres
    case values([Float])
    /// 0, but for elements from `first` on, `count` of them: in groups of `components`, spread over
    /// [−1, 1].
    case spread(first: Int, count: Int, components: Int)
    /// N(0, deviation²), drawn by the model's seed.
    case normal(deviation: Double)
  }

  package let name: String
  package let shape: Shape
  package let start: Start
}

/// The nodes that a family builds upon, for a shard of R rows.
package struct ModelInputs {
  /// [R, D], in units of u.
  package let x: Node
  /// [R, 1].
  package let sigma: Node
  /// [R, classes], one 1 a row or all 0 (unconditional); nil for a model without classes.
  package let label: Node?
  /// Uniforms in (0, 1), [R, width] for each dropped layer; empty outside training.
  package let dropout: [Node]

  package init(x: Node, sigma: Node, label: Node?, dropout: [Node]) {
    self.x = x
    self.sigma = sigma
    self.label = label
    self.dropout = dropout
  }
}

/// A kind of model: its parameters, and its score as a graph.
///
/// Everything is in units of u = (x − mean)/scale. A family that has an energy gives it and its
/// score follows; another gives σ s.
package protocol Family: Sendable {
  var parameters: [ParameterSpec] { get }

  /// Widths of the layers that dropout acts on.
  var dropoutWidths: [Int] { get }

  /// Whether the score depends on σ.
  var isNoiseConditional: Bool { get }

  /// What a row asks of a shard.
  var work: RowWork { get }

  /// E(u; σ), [R, 1]; nil where the family has none.
  func energy(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node?

  /// σ s(u; σ), [R, D]: the score in units of the noise, of order 1 at every level.
  func scaledScore(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node

  /// The Gaussian that its network begins as; nil for those without.
  var base: GaussianBase? { get }

  /// Vᵀ σ s, the same along the axes of the base; nil without one.
  func scaledScoreAlongAxes(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs)
    -> Node?

  /// s(u; σ), [R, D]; also where a density of the data themselves has σ = 0.
  func score(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node
}

extension Family {
  package var dropoutWidths: [Int] { [] }
  package var base: GaussianBase? { nil }

  package func scaledScoreAlongAxes(
    _ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs
  ) -> Node? {
    base.map {
      $0.alongAxes(&graph, directions: scaledScore(&graph, parameters, inputs))
    }
  }

  package func score(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node {
    if let energy = energy(&graph, parameters, inputs) {
      return graph.negate(graph.gradient(of: energy, withRespectTo: [inputs.x])[0])
    }
    return graph.divide(scaledScore(&graph, parameters, inputs), inputs.sigma)
  }
}

/// A family whose log density is linear in one block of its parameters: ln p = θᵀT(u) + b(u) up to
/// a constant.
///
/// Score matching is then quadratic in θ.
package protocol LinearFamily: EnergyFamily {
  /// Which of the parameters is θ, [m].
  var linearParameter: Int { get }

  /// T(u), [R, m].
  func statistics(_ graph: inout Graph, _ parameters: [Node], _ x: Node) -> Node

  /// b(u), [R, 1]; nil for 0.
  func base(_ graph: inout Graph, _ parameters: [Node], _ x: Node) -> Node?
}

extension LinearFamily {
  package var isNoiseConditional: Bool { false }

  package func energyNode(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node
  {
    let theta = parameters[linearParameter]
    let count = graph.shape(of: theta).count
    let terms = graph.matmul(
      statistics(&graph, parameters, inputs.x), graph.reshape(theta, [count, 1]))
    guard let base = base(&graph, parameters, inputs.x) else { return graph.negate(terms) }
    return graph.negate(graph.add(terms, base))
  }
}

/// A family whose score is the gradient of an energy: s = −∇E.
package protocol EnergyFamily: Family {
  func energyNode(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node
}

extension EnergyFamily {
  package func energy(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node? {
    energyNode(&graph, parameters, inputs)
  }

  package func scaledScore(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs)
    -> Node
  {
    let energy = energyNode(&graph, parameters, inputs)
    let gradient = graph.gradient(of: energy, withRespectTo: [inputs.x])[0]
    return graph.negate(graph.multiply(inputs.sigma, gradient))
  }
}
