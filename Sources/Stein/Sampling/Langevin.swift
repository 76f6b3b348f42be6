import Execution
import Glibc

/// Unadjusted Langevin steps at one noise level.
///
///     x′ = x + ε s(x; σ) + √(2ε) z
///
/// Its stationary law is that of q_σ up to O(ε): on N(0, v) it has variance v/(1 − ε/(2v)). Roberts & Tweedie (1996).
package struct Langevin: Sampler {
  let sigma: Double
  let stepSize: Double
  let steps: Int
  let denoise: Bool
  /// Steps that leave it are reflected at its boundary.
  let domain: Domain

  package var firstSigma: Double { sigma }

  package init(
    sigma: Double, stepSize: Double, steps: Int, denoise: Bool = false, domain: Domain = .real
  ) {
    (self.sigma, self.stepSize, self.steps, self.denoise) = (sigma, stepSize, steps, denoise)
    self.domain = domain
  }

  init(_ options: Options, _ model: Model.Snapshot) throws {
    let usual = min(max(model.description.sigmaMin, 0.1), model.description.sigmaMax)
    sigma = try model.level(options, "sigma", usual: usual)
    steps = options.integer("steps") ?? 1000
    // Noise of σ leaves no direction narrower than σ, where steps below 2σ² are stable.
    let spread = model.description.sigmaData * model.description.sigmaData
    stepSize =
      options.number("step_size")
      ?? (sigma > 0 ? min(sigma * sigma / 4, 0.1 * spread) : 0.01 * spread)
    denoise = options.flag("denoise") ?? false
    domain = model.description.domain
    if denoise, domain != .real {
      throw Options.bad("denoise", "is for densities without a domain")
    }
    guard stepSize > 0 else { throw Options.bad("step_size", "is 0; nothing would move") }
  }

  package func walk(_ walkers: Walkers, _ scaledScore: ScaledScore) throws {
    walkers.reflect(domain)
    // A density of the data themselves has no level: its score comes in units of u.
    let unit = sigma > 0 ? sigma : 1
    for step in 0 ..< steps {
      try walkers.langevinStep(
        try scaledScore(walkers.state, sigma), sigma: unit, stepSize: stepSize, number: step)
      walkers.reflect(domain)
    }
    if denoise { walkers.denoise(try scaledScore(walkers.state, sigma), sigma: sigma) }
  }
}

/// Langevin steps at each level of a ladder, from much noise to little, then a step to E[clean | x].
///
///     ε_i = ε σ_i²/σ_L²,   T steps a level
///
/// Song & Ermon (2019), algorithm 1; ladder and step from the data by techniques 1, 2 and 4 of Song & Ermon (2020), the last
/// step after Jolicoeur-Martineau et al. (2021).
package struct AnnealedLangevin: Sampler {
  let ladder: GeometricLadder
  let stepSize: Double
  let stepsPerLevel: Int
  let denoise: Bool

  package var firstSigma: Double { ladder.levels[0] }

  package init(ladder: GeometricLadder, stepSize: Double, stepsPerLevel: Int, denoise: Bool) {
    (self.ladder, self.stepSize) = (ladder, stepSize)
    (self.stepsPerLevel, self.denoise) = (stepsPerLevel, denoise)
  }

  init(_ options: Options, _ model: Model.Snapshot) throws {
    let range = try model.range(options)
    // Beyond the largest distance between two points there is nothing to learn about them (technique 1).
    let highest = min(
      range.upperBound, max(model.description.largestDistance, 2 * range.lowerBound))
    ladder = GeometricLadder(
      sigmaMax: options.number("sigma_max") ?? 0 > 0 ? range.upperBound : highest,
      sigmaMin: range.lowerBound, dimension: model.description.dimension)
    stepsPerLevel = options.integer("steps") ?? 20
    stepSize = options.number("step_size") ?? ladder.stepSize(stepsPerLevel: stepsPerLevel)
    denoise = options.flag("denoise") ?? (model.description.noiseKernel == .gaussian)
    guard stepSize > 0 else { throw Options.bad("step_size", "is 0; nothing would move") }
  }

  package func walk(_ walkers: Walkers, _ scaledScore: ScaledScore) throws {
    let last = ladder.levels[ladder.levels.count - 1]
    for (level, sigma) in ladder.levels.enumerated() {
      let step = stepSize * (sigma / last) * (sigma / last)
      for t in 0 ..< stepsPerLevel {
        try walkers.langevinStep(
          try scaledScore(walkers.state, sigma), sigma: sigma, stepSize: step,
          number: level * stepsPerLevel + t)
      }
    }
    if denoise { walkers.denoise(try scaledScore(walkers.state, last), sigma: last) }
  }
}

extension Walkers {
  /// x′ = x + ε s + √(2ε) z with s = g/σ.
  func langevinStep(_ g: View<Float>, sigma: Double, stepSize: Double, number: Int) throws {
    draw(Stream.sampler, step: number)
    let drift = stepSize / sigma
    let noise = (2 * stepSize).squareRoot()
    for i in 0 ..< count { state[i] += drift * Double(g[i]) + noise * Double(normals[i]) }
  }

  func reflect(_ domain: Domain) {
    guard domain != .real else { return }
    for r in 0 ..< rows {
      let row = state.slice(r * dimension, dimension)
      domain.reflect({ row[$0] }, { row[$0] = $1 })
    }
  }

  /// Tweedie's formula: x + σ² s = x + σ g.
  func denoise(_ g: View<Float>, sigma: Double) {
    for i in 0 ..< count { state[i] += sigma * Double(g[i]) }
  }
}
