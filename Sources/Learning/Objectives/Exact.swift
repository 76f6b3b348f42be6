package import Graph

/// h and ∂h_i/∂u_i of a domain with a boundary, each [R, D].
package typealias BoundaryWeight = (h: Node, slope: Node)

extension Graph {
  /// Appends the exact score matching loss of each point, up to a constant the Fisher divergence to
  /// the data.
  ///
  ///     J(u) = tr ∇s(u) + ½ ‖s(u)‖²,   or on a domain   Σ_i [h_i ∂_i s_i + ½ h_i s_i² + h_i′ s_i]
  ///
  /// The trace by forward mode along all D axes at once: tangents [D, R, D]. Hyvärinen (2005),
  /// "Estimation of Non-Normalized Statistical Models by Score Matching", theorem 1; on domains
  /// Hyvärinen (2007).
  ///
  /// - Parameters:
  ///   - score: s, [R, D], made from `x`.
  ///   - x: [R, D].
  ///   - boundary: the weight of a domain with a boundary, and its slope.
  /// - Returns: [R, 1].
  package mutating func exactScoreMatchingLoss(
    score: Node, x: Node, boundary: BoundaryWeight? = nil
  ) -> Node {
    let (rows, dimension) = (shape(of: x)[0], shape(of: x)[1])
    let axes = reshape(identity(dimension), [dimension, 1, dimension])
    let tangents = broadcast(axes, [dimension, rows, dimension])
    let jacobian = pushforward(of: [score], along: [(variable: x, tangent: tangents)])[0]
    let masked = broadcast(multiply(jacobian, axes), [dimension, rows, dimension])
    guard let boundary else {
      let trace = reshape(sum(masked, axes: [0, 2]), [rows, 1])
      return add(trace, multiply(constant(0.5), squaredNorm(score, keepAxes: true)))
    }
    let curvature = multiply(boundary.h, sum(masked, axes: [0]))
    return add(sum(curvature, axes: [-1], keepAxes: true), boundaryTerms(score, boundary))
  }

  /// Σ_i [½ h_i s_i² + h_i′ s_i].
  mutating func boundaryTerms(_ score: Node, _ boundary: BoundaryWeight) -> Node {
    let square = multiply(boundary.h, multiply(constant(0.5), self.square(score)))
    return sum(add(square, multiply(boundary.slope, score)), axes: [-1], keepAxes: true)
  }

  /// The exact loss of an energy: tr ∇s = −Σ_i e_iᵀ ∇²E e_i by one pass of tangents along the axes.
  ///
  /// Nil where an operation has no rule for it.
  package mutating func exactScoreMatchingLoss(energy: Node, score: Node, x: Node) -> Node? {
    guard let curvature = traceOfHessian(of: energy, x) else { return nil }
    return subtract(multiply(constant(0.5), squaredNorm(score, keepAxes: true)), curvature)
  }
}
