package import Graph

/// A form of score matching: the loss of one point, whose mean training makes small.
///
/// Each is taken at noisy points ũ = u + σz, so that it learns the score of the data convolved with N(0, σ²).
package enum Objective: Sendable, Equatable {
  /// ½ (σ²/σ_data² + 1) ‖σ s(ũ) + z‖²: Vincent (2011), "A Connection Between Score Matching and Denoising Autoencoders", with
  /// the weight of Karras et al. (2022), under which every level's loss begins near D/2.
  case denoising
  case exact
  case slicedVR(projections: Int)

  var name: String {
    switch self {
    case .denoising: "denoising"
    case .exact: "exact"
    case .slicedVR: "sliced_vr"
    }
  }
}

extension Graph {
  /// Appends the weighted denoising loss of each point.
  ///
  ///     ½ λ(σ) ‖σ s(u + σz; σ) + z‖²,   λ(σ) = σ²/σ_data² + 1
  ///
  /// As a weight on ½‖D − u‖² this is EDM's 1/c_out². Vincent (2011), equation 9; Karras et al. (2022), table 1.
  ///
  /// `scaledScore`: σ s, [R, D].
  /// `noise`: z, [R, D].
  /// `sigma`: [R, 1].
  /// The result: [R, 1].
  package mutating func denoisingLoss(
    scaledScore: Node, noise: Node, sigma: Node, sigmaData: Double
  ) -> Node {
    let relative = multiply(constant(1 / sigmaData), sigma)
    let weight = add(square(relative), constant(1))
    let miss = squaredNorm(add(scaledScore, noise), keepAxes: true)
    return multiply(constant(0.5), multiply(weight, miss))
  }

  /// Appends the exact score matching loss of each point, up to a constant the Fisher divergence to the data.
  ///
  ///     J(u) = tr ∇s(u) + ½ ‖s(u)‖²
  ///
  /// The trace by forward mode along all D axes at once: tangents [D, R, D]. Hyvärinen (2005), "Estimation of Non-Normalized
  /// Statistical Models by Score Matching", theorem 1.
  ///
  /// - Parameters:
  ///   - score: s, [R, D], made from `x`.
  ///   - x: [R, D].
  /// - Returns: [R, 1].
  package mutating func exactScoreMatchingLoss(score: Node, x: Node) -> Node {
    let (rows, dimension) = (shape(of: x)[0], shape(of: x)[1])
    let axes = reshape(identity(dimension), [dimension, 1, dimension])
    let tangents = broadcast(axes, [dimension, rows, dimension])
    let jacobian = pushforward(of: [score], along: [(variable: x, tangent: tangents)])[0]
    let diagonal = broadcast(multiply(jacobian, axes), [dimension, rows, dimension])
    let trace = reshape(sum(diagonal, axes: [0, 2]), [rows, 1])
    return add(trace, multiply(constant(0.5), squaredNorm(score, keepAxes: true)))
  }

  /// Appends the variance-reduced sliced score matching loss of each point.
  ///
  ///     J(u) = 1/M Σ_m v_mᵀ ∇s(u) v_m + ½ ‖s(u)‖²,   E[v vᵀ] = I
  ///
  /// One Jacobian-vector product a projection. Song et al. (2019), "Sliced Score Matching", equation 8.
  ///
  /// `projections`: v_m, each [R, D].
  /// The result: [R, 1].
  package mutating func slicedScoreMatchingLoss(score: Node, x: Node, projections: [Node]) -> Node {
    var trace = constant(0)
    for v in projections {
      let slope = pushforward(of: [score], along: [(variable: x, tangent: v)])[0]
      trace = add(trace, dot(slope, v, keepAxes: true))
    }
    let mean = multiply(constant(1 / Double(Swift.max(projections.count, 1))), trace)
    return add(mean, multiply(constant(0.5), squaredNorm(score, keepAxes: true)))
  }
}
