package import Graph

extension Graph {
  /// Appends the finite-difference sliced loss of each point from energies alone: three evaluations a direction.
  ///
  ///     J(u) = [E(u) − ½ (E(u + εv) + E(u − εv))] 2/ε² + ½ [(E(u + εv) − E(u − εv))/(2ε)]²,   E[v vᵀ] = I
  ///
  /// Sliced score matching up to O(ε²). Pang, Xu, Li, Song, Ermon & Zhu (2020), "Efficient Learning of Generative Models via
  /// Finite-Difference Score Matching", equation 9.
  ///
  /// `ahead`, `behind`: E(u + ε v_m) and E(u − ε v_m), each [R, 1]. The result: [R, 1].
  package mutating func finiteDifferenceLoss(
    energy: Node, ahead: [Node], behind: [Node], step: Double
  ) -> Node {
    var sum = constant(0)
    for (plus, minus) in zip(ahead, behind) {
      let mean = multiply(constant(0.5), add(plus, minus))
      let curvature = multiply(constant(2 / (step * step)), subtract(energy, mean))
      let slope = multiply(constant(0.5 / step), subtract(plus, minus))
      sum = add(sum, add(curvature, multiply(constant(0.5), square(slope))))
    }
    return multiply(constant(1 / Double(Swift.max(ahead.count, 1))), sum)
  }

  /// The same from scores: two evaluations a direction.
  ///
  ///     J(u) = vᵀ [s(u + εv) − s(u − εv)]/(2ε) + ½ ‖½ [s(u + εv) + s(u − εv)]‖²
  package mutating func finiteDifferenceLoss(
    projections: [Node], ahead: [Node], behind: [Node], step: Double
  ) -> Node {
    var sum = constant(0)
    for (v, (plus, minus)) in zip(projections, zip(ahead, behind)) {
      let slope = multiply(constant(0.5 / step), dot(v, subtract(plus, minus), keepAxes: true))
      let middle = multiply(constant(0.5), add(plus, minus))
      sum = add(sum, add(slope, multiply(constant(0.5), squaredNorm(middle, keepAxes: true))))
    }
    return multiply(constant(1 / Double(Swift.max(ahead.count, 1))), sum)
  }
}
