import Core
import Glibc
import Platform

/// Euler's or Heun's method on the probability-flow ODE, down a grid of noise levels.
///
///     dx/dσ = (x − D(x; σ))/σ = −σ s(x; σ)
///
/// Heun's step is Euler's, corrected by the slope at its end; the last, to σ = 0, is Euler's alone
/// and lands on D(x; σ_min). With churn each step first adds noise, from σ up to σ̂ = σ (1 + γ).
/// Karras et al. (2022), "Elucidating the Design Space of Diffusion-Based Generative Models",
/// algorithms 1 and 2.
package struct ProbabilityFlow: Sampler {
  /// S_churn, S_tmin, S_tmax and S_noise.
  package struct Churn: Sendable {
    let amount: Double
    let range: ClosedRange<Double>
    let noise: Double

    package init(amount: Double, range: ClosedRange<Double>, noise: Double = 1) {
      (self.amount, self.range, self.noise) = (amount, range, noise)
    }

    /// σ̂, with γ = min(S_churn/N, √2 − 1).
    func raised(_ sigma: Double, steps: Int) -> Double {
      guard amount > 0, range.contains(sigma) else { return sigma }
      return sigma * (1 + min(amount / Double(steps), 2.0.squareRoot() - 1))
    }
  }

  /// From the highest level to the lowest, then 0 if a last denoising step is wanted.
  let grid: [Double]
  let isSecondOrder: Bool
  let churn: Churn?

  package var firstSigma: Double { grid[0] }
  package var spares: Int { 1 }

  package init(grid: [Double], isSecondOrder: Bool, churn: Churn? = nil) {
    (self.grid, self.isSecondOrder, self.churn) = (grid, isSecondOrder, churn)
  }

  package func sample(_ batch: SampleBatch, _ scaledScore: ScaledScore) throws {
    let (x, ahead) = (batch.state, batch.spare(0))
    let steps = grid.count - 1
    for (number, (level, next)) in zip(grid, grid.dropFirst()).enumerated() {
      var sigma = level
      if let churn {
        sigma = churn.raised(level, steps: steps)
        let added = (sigma * sigma - level * level).squareRoot()
        batch.addNoise(churn.noise * added, step: number)
      }
      let h = next - sigma
      let g = try scaledScore(x, sigma)
      if isSecondOrder, next > 0 {
        // x_ahead = x − h g; then x − h (g + g′)/2 = (x + x_ahead)/2 − h g′/2.
        for i in 0 ..< batch.count { ahead[i] = x[i] - h * g[i] }
        let corrected = try scaledScore(ahead, next)
        for i in 0 ..< batch.count { x[i] = 0.5 * (x[i] + ahead[i] - h * corrected[i]) }
      } else {
        for i in 0 ..< batch.count { x[i] -= h * g[i] }
      }
      scaledScore.correct?(x, sigma, next)
      batch.visit(number + 1, of: steps)
    }
  }
}

/// The steps of denoising diffusion: to the denoised state, then back up to the next level, in part
/// with fresh noise.
///
///     x′ = D(x; σ) + (σ_down/σ)(x − D) + σ_up z,   σ_up = η σ′ √(1 − σ′²/σ²),   σ_down² = σ′² − σ_up²
///
/// η = 0 is deterministic, Euler's method on the probability-flow ODE; η = 1 is ancestral sampling
/// (Ho, Jain & Abbeel 2020). Song, Meng & Ermon (2021), "Denoising Diffusion Implicit Models",
/// equations 12 and 16, for states over α.
package struct ImplicitDiffusion: Sampler {
  let grid: [Double]
  let eta: Double

  package var firstSigma: Double { grid[0] }
  package var spares: Int { 0 }

  package init(grid: [Double], eta: Double) { (self.grid, self.eta) = (grid, eta) }

  package func sample(_ batch: SampleBatch, _ scaledScore: ScaledScore) throws {
    let x = batch.state
    let steps = grid.count - 1
    for (number, (sigma, next)) in zip(grid, grid.dropFirst()).enumerated() {
      let up = eta * next * (1 - (next / sigma) * (next / sigma)).squareRoot()
      let down = max(next * next - up * up, 0).squareRoot()
      let g = try scaledScore(x, sigma)
      // D = x + σ g.
      for i in 0 ..< batch.count { x[i] += (sigma - down) * g[i] }
      batch.addNoise(up, step: number)
      scaledScore.correct?(x, sigma, next)
      batch.visit(number + 1, of: steps)
    }
  }
}

extension ProbabilityFlow {
  enum Key {
    static let churn = OptionKey<Double>(
      "churn", 0 ... 1e6, default: 0,
      "euler, heun: S_churn, noise added over all steps (Karras et al. 2022, algorithm 2)")
    static let churnMin = OptionKey<Double>(
      "churn_min", 0 ... 1e9, default: 0, "Lowest level with churn", for: churn.isPositive)
    static let churnMax = OptionKey<Double?>(
      "churn_max", 0 ... 1e9, "Highest level with churn; auto: all", for: churn.isPositive)
    static let churnNoise = OptionKey<Double>(
      "churn_noise", 0 ... 10, default: 1, "S_noise, the deviation of that noise",
      for: churn.isPositive)

    static let all: [any AnyOptionKey] = [churn, churnMin, churnMax, churnNoise]
  }
}

extension ProbabilityFlow.Churn {
  init?(_ options: Options) throws {
    let amount = options[ProbabilityFlow.Key.churn]
    let low = options[ProbabilityFlow.Key.churnMin]
    let high = options[ProbabilityFlow.Key.churnMax] ?? .infinity
    guard low <= high else { throw Options.bad("churn_min", "is above churn_max") }
    guard amount > 0 else { return nil }
    self.init(amount: amount, range: low ... high, noise: options[ProbabilityFlow.Key.churnNoise])
  }
}

extension ProbabilityFlow {
  static let euler = definition(isSecondOrder: false)
  static let heun = definition(isSecondOrder: true)

  private static func definition(isSecondOrder: Bool) -> SamplerDefinition {
    SamplerDefinition(
      options: SamplerKey.gridOptions + Key.all, steps: isSecondOrder ? 18 : 50,
      canBeSteered: !isSecondOrder
    ) { options, now, kind in
      ProbabilityFlow(
        grid: try now.grid(options, kind), isSecondOrder: isSecondOrder, churn: try Churn(options))
    }
  }
}

extension ImplicitDiffusion {
  static let definition = SamplerDefinition(
    options: SamplerKey.gridOptions + [SamplerKey.eta], steps: 50, canBeSteered: true
  ) { options, now, kind in
    ImplicitDiffusion(grid: try now.grid(options, kind), eta: options[SamplerKey.eta] ?? 0)
  }
}
