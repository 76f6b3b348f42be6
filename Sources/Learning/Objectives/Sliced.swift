package import Graph

extension Graph {
  /// Appends the sliced score matching loss of each point, with variance reduction or without.
  ///
  ///     reduced  J(u) = 1/M Σ_m v_mᵀ ∇s(u) v_m + ½ ‖s(u)‖²        without  1/M Σ_m [v_mᵀ ∇s(u) v_m + ½ (v_mᵀ s(u))²]
  ///
  /// One Jacobian-vector product a direction, E[v vᵀ] = I. Song, Garg, Shi & Ermon (2019), "Sliced
  /// Score Matching", equations 8 and 7. On a domain √h ∘ v stands in the place of v, and Σ h_i′
  /// s_i is added.
  ///
  /// - Parameters:
  ///   - score: s, [R, D], made from `x`.
  ///   - energy: E with s = −∇E, if there is one: the form vᵀ ∇²E v costs less than a derivative of the score.
  ///   - x: [R, D].
  ///   - projections: v, [M, R, D].
  ///   - reduced: whether the variance is.
  ///   - boundary: the weight of a domain with a boundary, and its slope.
  /// - Returns: [R, 1].
  package mutating func slicedScoreMatchingLoss(
    score: Node, energy: Node? = nil, x: Node, projections: Node, reduced: Bool = true,
    boundary: BoundaryWeight? = nil
  ) -> Node {
    let share = constant(1 / Double(Swift.max(shape(of: projections)[0], 1)))
    let v = withoutSingleLead(projections, like: x)
    // Rounding may leave a row at the boundary a little beyond it.
    let root = boundary.map { sqrt(maximum($0.h, constant(1e-20))) }
    let w = root.map { multiply($0, v) } ?? v
    let mean = multiply(share, curvature(score, energy, x, along: w))
    let half = constant(0.5)
    switch (reduced, boundary) {
    case (true, nil): return add(mean, multiply(half, squaredNorm(score, keepAxes: true)))
    case (true, let boundary?): return add(mean, boundaryTerms(score, boundary))
    case (false, nil):
      return add(mean, multiply(share, multiply(half, squareAlong(w, score))))
    case (false, let boundary?):
      let linear = dot(boundary.slope, score, keepAxes: true)
      return add(add(mean, multiply(share, multiply(half, squareAlong(w, score)))), linear)
    }
  }

  /// Σ_m w_mᵀ ∇s w_m, [R, 1].
  private mutating func curvature(_ score: Node, _ energy: Node?, _ x: Node, along w: Node) -> Node
  {
    if let energy, let form = hessianForm(of: energy, along: (variable: x, tangent: w)) {
      return negate(form)
    }
    let slope = pushforward(of: [score], along: [(variable: x, tangent: w)])[0]
    return summedOverDirections(dot(slope, w, keepAxes: true))
  }

  /// Σ_m (w_mᵀ s)², [R, 1].
  private mutating func squareAlong(_ w: Node, _ score: Node) -> Node {
    summedOverDirections(square(dot(w, score, keepAxes: true)))
  }

  /// Directions [M, R, D], as [R, D] where there is one alone: what is done with them then has the
  /// shape of what is done with x.
  mutating func withoutSingleLead(_ directions: Node, like x: Node) -> Node {
    shape(of: directions)[0] == 1 ? reshape(directions, shape(of: x)) : directions
  }

  /// [M, R, 1] or [R, 1] to [R, 1].
  mutating func summedOverDirections(_ y: Node) -> Node {
    shape(of: y).rank > 2 ? sum(y, axes: [0]) : y
  }
}
