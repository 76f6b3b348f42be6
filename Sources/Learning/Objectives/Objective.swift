package import Graph
package import Models

/// A form of score matching: the loss of one point, whose mean training makes small.
///
/// Each is taken at noisy points ũ = u + σε, so that it learns the score of the data convolved with
/// the noise.
package struct Objective: Sendable, Equatable {
  package enum Form: String, Sendable, CaseIterable {
    case denoising
    case exact
    case sliced
    case slicedVR = "sliced_vr"
    case finiteDifference = "finite_difference"
    /// −ln p itself, for families whose density is normalised: what score matching is compared
    /// with.
    case maximumLikelihood = "maximum_likelihood"

    /// Whether it takes random directions.
    var isSliced: Bool { [.sliced, .slicedVR, .finiteDifference].contains(self) }

    /// Whether it holds on a domain with a boundary.
    var allowsBoundary: Bool {
      switch self {
      case .exact, .sliced, .slicedVR: true
      case .denoising, .finiteDifference, .maximumLikelihood: false
      }
    }
  }

  package var form: Form
  /// Random directions a row.
  package var projections: Int = 1
  package var projectionDistribution: ProjectionDistribution = .rademacher
  package var kernel: NoiseKernel = .gaussian
  package var controlVariate = false
  /// Whether EDM's weight is taken by axis of the family's base.
  var isByAxis = false
  /// The step of finite differences, in units of u.
  package var step: Double = 0.05
  package var boundary: Boundary?

  package init(_ form: Form) { self.form = form }

  var name: String { form.rawValue }

  /// Random directions that the loss takes, each made from uniforms, or from normals.
  var directionCount: Int { form.isSliced ? projections : 0 }
}

/// The distribution of random directions v, with E[v vᵀ] = I.
package enum ProjectionDistribution: String, Sendable, CaseIterable {
  /// Random signs, of the least variance: 2(‖S‖²_F − Σ S_ii²) for vᵀSv.
  case rademacher
  /// N(0, I): 2‖S‖²_F.
  case gaussian
  /// Uniform on the sphere of radius √D: 2D/(D+2)·(‖S‖²_F − tr²S/D). Unit vectors would give J/D.
  case sphere

  var isNormal: Bool { self != .rademacher }

  /// v, [.., D], from normals, or from uniforms in (0, 1) for signs.
  package func direction(_ graph: inout Graph, _ draws: Node) -> Node {
    switch self {
    case .rademacher: return graph.sign(graph.subtract(draws, graph.constant(0.5)))
    case .gaussian: return draws
    case .sphere:
      let radius = Double(graph.shape(of: draws).dims.last ?? 1).squareRoot()
      let length = graph.sqrt(graph.squaredNorm(draws, keepAxes: true))
      return graph.divide(graph.multiply(graph.constant(radius), draws), length)
    }
  }
}
