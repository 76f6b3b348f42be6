package import Graph

extension Graph {
  /// Appends the sliced score matching loss of each point, with variance reduction or without.
  ///
  ///     reduced  J(u) = 1/M Σ_m v_mᵀ ∇s(u) v_m + ½ ‖s(u)‖²        without  1/M Σ_m [v_mᵀ ∇s(u) v_m + ½ (v_mᵀ s(u))²]
  ///
  /// One Jacobian-vector product a direction, E[v vᵀ] = I. Song, Garg, Shi & Ermon (2019), "Sliced Score Matching", equations 8
  /// and 7. On a domain √h ∘ v stands in the place of v, and Σ h_i′ s_i is added.
  ///
  /// - Parameters:
  ///   - score: s, [R, D], made from `x`.
  ///   - x: [R, D].
  ///   - projections: v_m, each [R, D].
  ///   - reduced: whether the variance is.
  ///   - boundary: the weight of a domain with a boundary, and its slope.
  /// - Returns: [R, 1].
  package mutating func slicedScoreMatchingLoss(
    score: Node, x: Node, projections: [Node], reduced: Bool = true, boundary: BoundaryWeight? = nil
  ) -> Node {
    var (curvature, square) = (constant(0), constant(0))
    // Rounding may leave a row at the boundary a little beyond it.
    let root = boundary.map { sqrt(maximum($0.h, constant(1e-20))) }
    for v in projections {
      let w = root.map { multiply($0, v) } ?? v
      let slope = pushforward(of: [score], along: [(variable: x, tangent: w)])[0]
      curvature = add(curvature, dot(slope, w, keepAxes: true))
      if !reduced { square = add(square, self.square(dot(w, score, keepAxes: true))) }
    }
    let share = constant(1 / Double(Swift.max(projections.count, 1)))
    let half = constant(0.5)
    let mean = multiply(share, curvature)
    switch (reduced, boundary) {
    case (true, nil): return add(mean, multiply(half, squaredNorm(score, keepAxes: true)))
    case (true, let boundary?): return add(mean, boundaryTerms(score, boundary))
    case (false, nil): return add(mean, multiply(share, multiply(half, square)))
    case (false, let boundary?):
      let linear = dot(boundary.slope, score, keepAxes: true)
      return add(add(mean, multiply(share, multiply(half, square))), linear)
    }
  }
}
