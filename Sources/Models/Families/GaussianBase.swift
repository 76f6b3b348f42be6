import Glibc
package import Graph

/// The Gaussian that a network begins as: its score at every level, and by axis the factors of the
/// network's part.
///
/// Along axis i of the data's covariance, of variance λ_i, with y = Vᵀ (u − m):
///
///     σ s_i = −σ y_i/(λ_i + σ²) + √(λ_i/(λ_i + σ²)) · σ/√(σ² + τ² λ_i) · F_i(c y, ¼ ln(σ/σ_data))
///     c_i = √(λ_i (σ_data² + σ²))/(σ_data (λ_i + σ²))
///
/// which with λ = σ_data² and τ = 0 is the preconditioning of Karras et al. (2022), table 1. With F
/// = 0 it is the score of N(m, V Λ Vᵀ) at every level, so the network learns what is not Gaussian
/// alone. τ is the data's resolution: below τ √λ_i, where nothing is left to be seen, an error of F
/// is not divided by σ any more.
package struct GaussianBase: Sendable {
  /// m, [D].
  let location: [Double]
  /// V, [D, D], one axis a column.
  let axes: [Double]
  /// λ, [D], above 0.
  let variances: [Double]
  /// τ, from 0 to 1.
  let resolution: Double

  var dimension: Int { variances.count }

  private func axesNode(_ graph: inout Graph) -> Node {
    graph.literal(Literal(shape: [dimension, dimension], values: axes))
  }

  func row(_ graph: inout Graph, _ values: [Double]) -> Node {
    graph.literal(Literal(shape: [1, dimension], values: values))
  }

  /// y = Vᵀ (u − m), [R, D].
  func alongAxes(_ graph: inout Graph, rows u: Node) -> Node {
    let centred =
      location.allSatisfy { $0 == 0 } ? u : graph.subtract(u, row(&graph, location))
    return alongAxes(&graph, directions: centred)
  }

  /// Vᵀ g of directions g, [R, D].
  package func alongAxes(_ graph: inout Graph, directions g: Node) -> Node {
    dimension == 1 ? g : graph.matmul(g, axesNode(&graph))
  }

  /// V g.
  func alongColumns(_ graph: inout Graph, directions g: Node) -> Node {
    dimension == 1 ? g : graph.matmul(g, axesNode(&graph), transposeB: true)
  }

  /// √(λ_i (σ_data² + σ²))/(σ_data (λ_i + σ²)), [R, D]: EDM's c_in where λ_i = σ_data².
  ///
  /// A direction that is all noise at a level comes in small, so that a network has no empty
  /// directions to learn to overlook.
  func inputScale(_ graph: inout Graph, sigma: Node, sigmaData: Double, root: Node) -> Node {
    let common = graph.sqrt(
      graph.add(graph.square(sigma), graph.constant(sigmaData * sigmaData)))
    let own = row(&graph, variances.map { $0.squareRoot() / sigmaData })
    return graph.multiply(graph.multiply(own, common), graph.square(root))
  }

  /// 1/√(λ + σ²), [R, D], for σ [R, 1].
  func inverseRoot(_ graph: inout Graph, sigma: Node) -> Node {
    let variance = graph.add(graph.square(sigma), row(&graph, variances))
    return graph.reciprocal(graph.sqrt(variance))
  }

  /// √(λ/(λ + σ²)) σ/√(σ² + τ² λ), [R, D].
  func outputScale(_ graph: inout Graph, sigma: Node, root: Node) -> Node {
    let scale = graph.multiply(row(&graph, variances.map { $0.squareRoot() }), root)
    guard resolution > 0 else { return scale }
    let finest = row(&graph, variances.map { resolution * resolution * $0 })
    let least = graph.sqrt(graph.add(graph.square(sigma), finest))
    return graph.multiply(scale, graph.divide(sigma, least))
  }

  /// √((σ²/λ_i + 1)/(σ²/σ_data² + 1)), [R, D], the weight along each axis over EDM's for all.
  ///
  /// EDM's 1/c_out² by axis would be the square of this, and spend the network on empty directions;
  /// with 1 thin ones are learnt last.
  package func lossWeight(_ graph: inout Graph, sigma: Node, sigmaData: Double) -> Node {
    let square = graph.square(sigma)
    let one = graph.constant(1)
    let own = graph.add(graph.multiply(square, row(&graph, variances.map { 1 / $0 })), one)
    let common = graph.add(graph.multiply(square, graph.constant(1 / (sigmaData * sigmaData))), one)
    return graph.sqrt(graph.divide(own, common))
  }
}

/// How much of a network's part counts at each noise level: g(σ), linear in ln σ between knots.
///
/// It is 1 while the network is trained, and is then set from rows held out: where the network is
/// worse than the Gaussian it began as, it falls silent.
package struct LevelGain: Sendable {
  /// σ/σ_data of the knots, half a decade apart from 0.01 to 31.6.
  package static let knots = (0 ..< 8).map { 0.01 * Glibc.pow(10, Double($0) / 2) }
  package static let spec = ParameterSpec(name: "gain", shape: [8], start: .ones)

  /// g, [R, 1], of the gains [8] and ¼ ln(σ/σ_data), [R, 1].
  static func node(_ graph: inout Graph, _ gains: Node, noise: Node) -> Node {
    let step = naturalLog(10) / 2
    let first = naturalLog(0.01)
    let place = graph.multiply(graph.constant(4 / step), noise)
    let last = Double(knots.count - 1)
    let inside = graph.minimum(
      graph.maximum(graph.subtract(place, graph.constant(first / step)), graph.constant(0)),
      graph.constant(last))
    let numbers = graph.literal(
      Literal(shape: [1, knots.count], values: knots.indices.map(Double.init)))
    let distance = graph.abs(graph.subtract(inside, numbers))
    let hats = graph.relu(graph.subtract(graph.constant(1), distance))
    return graph.matmul(hats, graph.reshape(gains, [knots.count, 1]))
  }
}
