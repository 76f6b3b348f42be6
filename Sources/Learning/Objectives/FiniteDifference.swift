package import Graph

extension Graph {
  /// Appends the finite-difference sliced loss of each point from energies alone: three evaluations
  /// a direction.
  ///
  ///     J(u) = [E(u) − ½ (E(u + εv) + E(u − εv))] 2/ε² + ½ [(E(u + εv) − E(u − εv))/(2ε)]²,   E[v vᵀ] = I
  ///
  /// Sliced score matching up to O(ε²). Pang, Xu, Li, Song, Ermon & Zhu (2020), "Efficient Learning
  /// of Generative Models via Finite-Difference Score Matching", equation 9.
  ///
  /// `ahead`, `behind`: E(u + ε v) and E(u − ε v), [M, R, 1] for directions v_m. The result: [R, 1].
  package mutating func finiteDifferenceLoss(
    energy: Node, ahead: Node, behind: Node, step: Double
  ) -> Node {
    let mean = multiply(constant(0.5), add(ahead, behind))
    let curvature = multiply(constant(2 / (step * step)), subtract(energy, mean))
    let slope = multiply(constant(0.5 / step), subtract(ahead, behind))
    return meanOverDirections(add(curvature, multiply(constant(0.5), square(slope))))
  }

  /// The same from scores: two evaluations a direction.
  ///
  ///     J(u) = vᵀ [s(u + εv) − s(u − εv)]/(2ε) + ½ ‖½ [s(u + εv) + s(u − εv)]‖²
  ///
  /// All [M, R, D].
  package mutating func finiteDifferenceLoss(
    projections v: Node, ahead: Node, behind: Node, step: Double
  ) -> Node {
    let slope = multiply(constant(0.5 / step), dot(v, subtract(ahead, behind), keepAxes: true))
    let middle = multiply(constant(0.5), add(ahead, behind))
    return meanOverDirections(
      add(slope, multiply(constant(0.5), squaredNorm(middle, keepAxes: true))))
  }

  /// [M, R, 1] to [R, 1].
  private mutating func meanOverDirections(_ y: Node) -> Node {
    multiply(constant(1 / Double(Swift.max(shape(of: y)[0], 1))), sum(y, axes: [0]))
  }
}
