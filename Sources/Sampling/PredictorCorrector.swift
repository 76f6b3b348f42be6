import Core
import Glibc
import Models
import Platform

/// A step of the reverse SDE, then Langevin steps at the level that it reached.
///
///     VE   dx = √(dσ²/dt) dw                VP   dy = −½ β y dt + √β σ_data dw,   y = α x,  α² = 1/(1 + σ²/σ_data²)
///
/// Song et al. (2021), "Score-Based Generative Modeling through Stochastic Differential Equations",
/// algorithms 2 and 3 and appendices E to G. The corrector's step depends on the level alone, ε = 2
/// r² σ² (for VP times 1 − β): a step made of the norms of score and noise, as published, spoils
/// the law that it should keep.
package struct PredictorCorrector: Sampler {
  package enum Predictor: String, Sendable, CaseIterable {
    case reverseDiffusion = "reverse_diffusion"
    case ancestral
    case eulerMaruyama = "euler_maruyama"
    case none
  }

  package enum Process: String, Sendable, CaseIterable {
    case varianceExploding = "ve"
    case variancePreserving = "vp"
  }

  /// From the highest level to the lowest, then 0 if a last denoising step is wanted.
  let grid: [Double]
  let predictor: Predictor
  let process: Process
  let correctorSteps: Int
  /// r: Langevin steps leave 1/(1 − r²) of the variance that they should.
  let ratio: Double
  let sigmaData: Double

  package var firstSigma: Double { grid[0] }
  package var spares: Int { 0 }

  package init(
    grid: [Double], predictor: Predictor, process: Process, correctorSteps: Int, ratio: Double,
    sigmaData: Double
  ) {
    (self.grid, self.predictor, self.process) = (grid, predictor, process)
    (self.correctorSteps, self.ratio, self.sigmaData) = (correctorSteps, ratio, sigmaData)
  }

  package func sample(_ batch: SampleBatch, _ scaledScore: ScaledScore) throws {
    let (x, steps) = (batch.state, grid.count - 1)
    for (number, (sigma, next)) in zip(grid, grid.dropFirst()).enumerated() {
      guard next > 0 else {
        batch.denoise(try scaledScore(x, sigma), sigma: sigma)
        batch.visit(number + 1, of: steps)
        return
      }
      let occasion = number * (correctorSteps + 1)
      if predictor != .none {
        let move = move(from: sigma, to: next)
        let g = try scaledScore(x, sigma)
        for i in 0 ..< batch.count { x[i] = move.keep * x[i] + move.drift * g[i] }
        batch.addNoise(move.noise, step: occasion)
      }
      if correctorSteps > 0 {
        let kept = process == .variancePreserving ? square(factor(sigma) / factor(next)) : 1
        let stepSize = 2 * kept * square(ratio * next)
        for k in 0 ..< correctorSteps {
          try batch.langevinStep(
            try scaledScore(x, next), sigma: next, stepSize: stepSize, number: occasion + 1 + k)
        }
      }
      batch.visit(number + 1, of: steps)
    }
  }

  /// α.
  private func factor(_ sigma: Double) -> Double {
    1 / (1 + square(sigma / sigmaData)).squareRoot()
  }

  private func square(_ x: Double) -> Double { x * x }

  /// x′ = keep · x + drift · σ s + noise · z.
  private func move(from sigma: Double, to next: Double) -> (
    keep: Double, drift: Double, noise: Double
  ) {
    let gained = square(sigma) - square(next)
    if predictor == .ancestral {
      return (1, gained / sigma, (gained).squareRoot() * next / sigma)
    }
    guard process == .variancePreserving else {
      // In Euler and Maruyama's step ln σ is the time: g² dt = 2σ² ln(σ/σ′).
      let spent = predictor == .eulerMaruyama ? 2 * square(sigma) * log(sigma / next) : gained
      return (1, spent / sigma, spent.squareRoot())
    }
    // With y = α x and s_y = s/α, back in x = y/α′.
    let (a, b) = (factor(sigma), factor(next))
    let beta = predictor == .eulerMaruyama ? 2 * log(b / a) : 1 - square(a / b)
    let keep = predictor == .eulerMaruyama ? 1 + beta / 2 : 2 - a / b
    return (
      keep * a / b, beta * square(sigmaData) / (sigma * a * b), beta.squareRoot() * sigmaData / b
    )
  }
}

extension PredictorCorrector {
  enum Key {
    static let predictor = OptionKey<Predictor>(
      "predictor", default: .reverseDiffusion, "predictor_corrector: the step of the reverse SDE")
    static let process = OptionKey<Process>(
      "process", default: .varianceExploding,
      "predictor_corrector: the SDE that is discretised, variance exploding or preserving",
      for: predictor.isOne(of: .reverseDiffusion, .eulerMaruyama) || correctorSteps.isPositive)
    static let correctorSteps = OptionKey<Int>(
      "corrector_steps", 0 ... 10_000, default: 1, "predictor_corrector: Langevin steps a level")
    static let correctorRatio = OptionKey<Double>(
      "corrector_ratio", 0 ... 0.9, default: 0.16,
      "predictor_corrector: r of the Langevin steps ε = 2 r² σ², which widen a level by 1/(1 - r²)",
      for: correctorSteps.isPositive)

    static let all: [any AnyOptionKey] = [predictor, process, correctorSteps, correctorRatio]
  }
}

extension PredictorCorrector {
  static let definition = SamplerDefinition(
    options: SamplerKey.gridOptions + Key.all, steps: 200
  ) { options, now, kind in
    guard options[Key.predictor] != .none || options[Key.correctorSteps] > 0 else {
      throw Options.bad(Key.correctorSteps, "is 0 with predictor=none; nothing would move")
    }
    return PredictorCorrector(
      grid: try now.grid(options, kind), predictor: options[Key.predictor],
      process: options[Key.process], correctorSteps: options[Key.correctorSteps],
      ratio: options[Key.correctorRatio], sigmaData: now.description.sigmaData)
  }
}
