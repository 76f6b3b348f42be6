import Core
import Glibc
import Platform

/// Exponential integrators that remember: DPM-Solver++ of second or third order.
///
///     x′ = e^{−a} x + ∫₀ʰ (1+η) e^{−(1+η)(h−s)} D(λ+s) ds + σ′ √(1 − e^{−2ηh}) z,   λ = −ln σ,  h = λ′ − λ,  a = (1+η) h
///
/// with D along λ the polynomial through the last two or three denoised states; the first steps
/// have fewer. η = 0 is the probability-flow ODE, η = 1 the reverse SDE. Lu, Zhou, Bao, Chen, Li &
/// Zhu (2022), "DPM-Solver++".
///
/// The weight of the second divided difference is 2 (½ − φ₂/a); half of that, as in other code,
/// leaves the third order.
package struct Multistep: Sampler {
  /// From the highest level to the lowest, then 0 if a last denoising step is wanted.
  let grid: [Double]
  let order: Int
  let eta: Double

  package var firstSigma: Double { grid[0] }
  package var spares: Int { order }

  package init(grid: [Double], order: Int, eta: Double) {
    (self.grid, self.order, self.eta) = (grid, order, eta)
  }

  package func sample(_ batch: SampleBatch, _ scaledScore: ScaledScore) throws {
    let (x, steps) = (batch.state, grid.count - 1)
    var earlier: [Double] = []
    for (number, (sigma, next)) in zip(grid, grid.dropFirst()).enumerated() {
      let g = try scaledScore(x, sigma)
      let clean = batch.spare(number % order)
      for i in 0 ..< batch.count { clean[i] = x[i] + sigma * g[i] }
      guard next > 0 else {
        x.copy(clean)
        batch.visit(number + 1, of: steps)
        return
      }
      let h = log(sigma / next)
      let weights = Multistep.weights(h: h, earlier: earlier, eta: eta)
      let decay = exp(-(1 + eta) * h)
      for i in 0 ..< batch.count { x[i] = decay * x[i] + weights[0] * clean[i] }
      for back in 1 ..< max(weights.count, 1) {
        let old = batch.spare((number - back) % order)
        for i in 0 ..< batch.count { x[i] += weights[back] * old[i] }
      }
      batch.addNoise(next * (-expm1(-2 * eta * h)).squareRoot(), step: number)
      batch.visit(number + 1, of: steps)
      earlier.append(h)
      if earlier.count == order { earlier.removeFirst() }
    }
  }

  /// What each denoised state counts in the integral, the latest first; `earlier`: the steps before
  /// this one, the oldest first.
  static func weights(h: Double, earlier: [Double], eta: Double) -> [Double] {
    let a = (1 + eta) * h
    let whole = -expm1(-a)
    // ∫ (1+η) e^{−(1+η)(h−s)} (s/h)ᵏ ds for k = 1, 2; by series where the closed form cancels.
    let first = a < 1e-3 ? a * (0.5 - a / 6 + a * a / 24) : 1 - whole / a
    let second = a < 1e-3 ? a * (1.0 / 3 - a / 12 + a * a / 60) : 1 - 2 * first / a
    guard let last = earlier.last else { return [whole] }
    let r = last / h
    guard earlier.count > 1 else { return [whole + first / r, -first / r] }
    // Newton's form through 0, −r, −(r + q): D₀ + s d₁ + s (s + r) d₂.
    let q = earlier[earlier.count - 2] / h
    let (linear, bend) = (1 / r, (second + r * first) / (r + q))
    return [
      whole + first * linear + bend * linear, -first * linear - bend * (linear + 1 / q), bend / q,
    ]
  }
}

extension Multistep {
  static let second = definition(order: 2, steps: 25, eta: 0)
  static let third = definition(order: 3, steps: 50, eta: 1)

  private static func definition(order: Int, steps: Int, eta: Double) -> SamplerDefinition {
    SamplerDefinition(options: SamplerKey.gridOptions + [SamplerKey.eta], steps: steps) {
      options, now, kind in
      Multistep(
        grid: try now.grid(options, kind), order: order, eta: options[SamplerKey.eta] ?? eta)
    }
  }
}
