package import Graph

extension Graph {
  /// Appends the weighted denoising loss of each point.
  ///
  ///     ½ λ ‖σ s(u + σε; σ) − t‖²,   t = σ ∇ log q
  ///
  /// Vincent (2011), "A Connection Between Score Matching and Denoising Autoencoders", equation 9.
  ///
  /// - Parameters:
  ///   - scaledScore: σ s, [R, D].
  ///   - target: t, [R, D]; −z for Gaussian noise.
  ///   - weight: λ, [R, 1].
  /// - Returns: [R, 1].
  package mutating func denoisingLoss(scaledScore: Node, target: Node, weight: Node) -> Node {
    let miss = squaredNorm(subtract(scaledScore, target), keepAxes: true)
    return multiply(constant(0.5), multiply(weight, miss))
  }

  /// The same with a weight for each axis, [R, D]: ½ λ Σ_i w_i (σ s_i − t_i)².
  package mutating func denoisingLoss(
    scaledScore: Node, target: Node, weight: Node, axisWeight: Node
  ) -> Node {
    let miss = multiply(axisWeight, square(subtract(scaledScore, target)))
    return multiply(constant(0.5), multiply(weight, sum(miss, axes: [-1], keepAxes: true)))
  }

  /// The same mean with a variance that stays finite as σ → 0.
  ///
  ///     λ [½ ‖g(u + σε)‖² − t·(g(u + σε) − g(u)) + ½ ‖t‖²],   g = σ s
  ///
  /// t·g(u) has mean 0, since noise and data are independent; near σ = 0 it takes with it nearly
  /// all of the variance of t·g(u + σε), and what is left of order 1, ½‖t‖², is free of the model.
  /// Wang et al. (2020), "A Wasserstein Minimum Velocity Approach to Learning Unnormalized Models",
  /// section 5, who apply it to denoising score matching.
  package mutating func denoisingLoss(
    scaledScore g: Node, atData clean: Node, target: Node, weight: Node
  ) -> Node {
    let half = constant(0.5)
    let square = multiply(
      half, add(squaredNorm(g, keepAxes: true), squaredNorm(target, keepAxes: true)))
    let slope = dot(target, subtract(g, clean), keepAxes: true)
    return multiply(weight, subtract(square, slope))
  }
}
