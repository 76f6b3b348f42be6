import Core

extension Condition {
  enum Key {
    static let method = OptionKey<Method?>(
      "method",
      "held: what is known stands still while langevin or underdamped_langevin moves the rest; covariance: the score of what is known by the denoised row's covariance, exact for Gaussians, too wide where a law bends (Boys et al. 2023); replacement of the known part (Song et al. 2021), too wide wherever columns depend on each other; dps (Chung et al. 2023), another approximation. auto: held, but covariance for gaussian, with noise, iterations, a sampler that does not hold, and for sums"
    )
    static let noise = OptionKey<Double>(
      "noise", 0 ... 1e12, default: 0,
      "covariance: deviation of the noise in what is known: of values in units of the columns' scale, of sums in their own. The lowest level's is added",
      for: method.isOne(of: .covariance) || isOfSums.holds)
    static let iterations = OptionKey<Int>(
      "iterations", 1 ... 10_000, default: 20, "covariance: of conjugate gradients, at most",
      for: method.isOne(of: .covariance))
    static let strength = OptionKey<Double>(
      "strength", 0 ... 1e6, default: 1,
      "dps: the step against the distance to what is known, ζ of algorithm 1",
      for: method.isOne(of: .dps))

    /// Of what is known.
    static let isOfSums = Fact("sums of columns", not: "values of columns")

    static let all: [any AnyOptionKey] = [method, noise, iterations, strength]
  }
}
