package import Graph

/// N(μ, V Λ Vᵀ), whose score is known at every noise level.
///
///     E(u; σ) = ½ (u − μ)ᵀ V (Λ + σ²)⁻¹ Vᵀ (u − μ) + ½ ln det 2π(Λ + σ²),   s = −V (Λ + σ²)⁻¹ Vᵀ (u − μ)
///
/// Parameters: mean [D], eigenvalues [D] of the covariance, and its eigenvectors [D, D], one a
/// column.
package struct Gaussian: EnergyFamily {
  let dimension: Int

  package var parameters: [ParameterSpec] {
    [
      ParameterSpec(name: "mean", shape: [dimension], start: .zeros),
      ParameterSpec(name: "eigenvalues", shape: [dimension], start: .ones),
      ParameterSpec(name: "eigenvectors", shape: [dimension, dimension], start: .identity),
    ]
  }

  package var isNoiseConditional: Bool { true }
  package var work: RowWork { .layers(widest: dimension) }

  package func energyNode(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node
  {
    let centred = graph.subtract(inputs.x, parameters[0])
    let along = graph.matmul(centred, parameters[2])
    let variance = graph.add(parameters[1], graph.square(inputs.sigma))
    let terms = graph.divide(graph.square(along), variance)
    let spread = graph.log(graph.multiply(graph.constant(2 * Double.pi), variance))
    let sum = graph.sum(graph.add(terms, spread), axes: [-1], keepAxes: true)
    return graph.multiply(graph.constant(0.5), sum)
  }
}

extension Gaussian {
  static let definition = FamilyDefinition(
    options: [FamilyParameters.Key.covariance, FamilyParameters.Key.rank], fit: .closedForm,
    isNormalized: true,
    isNoiseConditional: true
  ) { Gaussian(dimension: $0.dimension) }
}
