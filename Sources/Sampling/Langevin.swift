import Core
package import Models
import Platform

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
  package var spares: Int { 0 }

  package init(
    sigma: Double, stepSize: Double, steps: Int, denoise: Bool = false, domain: Domain = .real
  ) {
    (self.sigma, self.stepSize, self.steps, self.denoise) = (sigma, stepSize, steps, denoise)
    self.domain = domain
  }

  package func walk(_ walkers: Walkers, _ scaledScore: ScaledScore) throws {
    walkers.reflect(domain)
    scaledScore.correct?(walkers.state, sigma, sigma)
    // A density of the data themselves has no level: its score comes in units of u.
    let unit = sigma > 0 ? sigma : 1
    let total = steps + (denoise ? 1 : 0)
    for step in 0 ..< steps {
      try walkers.langevinStep(
        try scaledScore(walkers.state, sigma), sigma: unit, stepSize: stepSize, number: step)
      walkers.reflect(domain)
      scaledScore.correct?(walkers.state, sigma, sigma)
      walkers.visit(step + 1, of: total)
    }
    if denoise { walkers.denoise(try scaledScore(walkers.state, sigma), sigma: sigma) }
    walkers.visit(total, of: total)
  }
}

extension Walkers {
  /// x′ = x + ε s + √(2ε) z with s = g/σ.
  func langevinStep(_ g: View<Double>, sigma: Double, stepSize: Double, number: Int) throws {
    draw(Stream.sampler, step: number)
    let drift = stepSize / sigma
    let noise = (2 * stepSize).squareRoot()
    for i in 0 ..< count { state[i] += drift * g[i] + noise * Double(normals[i]) }
  }

  func reflect(_ domain: Domain) {
    guard domain != .real else { return }
    for r in 0 ..< rows {
      let row = state.slice(r * dimension, dimension)
      domain.reflect({ row[$0] }, { row[$0] = $1 })
    }
  }
}
