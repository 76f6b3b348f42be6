import Core
import Glibc
import Models
import Platform

/// Langevin steps with momentum, one or more a level, down the levels.
///
///     v ← v + h s                                                    B
///     x ← x + ½h v,  v ← a v + √(1 − a²) z,  x ← x + ½h v            A O A
///     x ← x + (σ − σ_next) σ s, before the next level                the probability flow's part of the way, Euler's
///
/// with s = s(x; σ) at the step's beginning and h = r σ. Momentum crosses a law of width w in w/h
/// steps where a step without it takes (w/h)², so that rows keep up with laws that are wide one way
/// and σ thin another. B A O A is the order of Leimkuhler & Matthews (2013), "Rational Construction
/// of Stochastic Numerical Methods for Molecular Sampling", begun at B: on a Gaussian it keeps the
/// variance of x exactly for any h < 2σ, which is what noise of σ leaves as the thinnest width.
///
/// With the known values of a row held still, each level's law is q_σ(unknown | known): that of the
/// data smeared by σ, and at the lowest level what was asked for. Nothing is assumed of how columns
/// depend on each other.
package struct UnderdampedLangevin: Sampler {
  /// From the highest level to the lowest, then 0 if a last denoising step is wanted.
  let grid: [Double]
  /// r: h/σ.
  let stepRatio: Double

  /// What is left of the momentum after a step, a: it is lost after some three steps, in which a
  /// row moves 3σ.
  private static let kept = exp(-0.3)

  /// Steps for each factor of e between levels: with it and with h/σ as it is, draws of a law that
  /// bends within σ are about a tenth too wide, in two and a half times the time of Heun's 18
  /// levels.
  static let stepsPerFold = 11.0

  /// So many that fewer levels have as many steps in all.
  private var stepsPerLevel: Int {
    let levels = grid.filter { $0 > 0 }
    guard let lowest = levels.last else { return 1 }
    let steps = UnderdampedLangevin.stepsPerFold * log(grid[0] / lowest)
    return max(1, Int((steps / Double(levels.count)).rounded(.up)))
  }

  package var firstSigma: Double { grid[0] }
  /// The momentum.
  package var spares: Int { 1 }

  package init(grid: [Double], stepRatio: Double = 1.1) {
    (self.grid, self.stepRatio) = (grid, stepRatio)
  }

  package func sample(_ batch: SampleBatch, _ scaledScore: ScaledScore) throws {
    let (x, v) = (batch.state, batch.spare(0))
    let kept = UnderdampedLangevin.kept
    let fresh = (1 - kept * kept).squareRoot()
    batch.draw(Stream.sampler, step: 0)
    for i in 0 ..< batch.count { v[i] = Double(batch.normals[i]) }
    scaledScore.correct?(x, grid[0], grid[0])
    let levels = grid.filter { $0 > 0 }
    let (perLevel, h) = (stepsPerLevel, stepRatio)
    let total = levels.count * perLevel + (grid.last == 0 ? 1 : 0)
    for step in 0 ..< levels.count * perLevel {
      let (number, isLast) = (step / perLevel, (step + 1) % perLevel == 0)
      let sigma = levels[number]
      let next = isLast && number + 1 < levels.count ? levels[number + 1] : sigma
      let g = try scaledScore(x, sigma)
      batch.draw(Stream.sampler, step: step + 1)
      for i in 0 ..< batch.count {
        // With h in units of σ, h s is h g.
        let kicked = v[i] + h * g[i]
        v[i] = kept * kicked + fresh * Double(batch.normals[i])
        x[i] += 0.5 * h * sigma * (kicked + v[i]) + (sigma - next) * g[i]
      }
      scaledScore.correct?(x, sigma, next)
      batch.visit(step + 1, of: total)
    }
    if grid.last == 0, let lowest = levels.last {
      batch.denoise(try scaledScore(x, lowest), sigma: lowest)
    }
    batch.visit(total, of: total)
  }
}

extension UnderdampedLangevin {
  enum Key {
    static let stepRatio = OptionKey<Double>(
      "step_ratio", 1e-3 ... 1.9, default: 1.1,
      "underdamped_langevin: the time of a step over σ; from 2 on steps would not be stable")
  }
}

extension UnderdampedLangevin {
  static let definition = SamplerDefinition(
    options: SamplerKey.gridOptions + [Key.stepRatio], steps: 50, stepsPerFold: stepsPerFold,
    grid: .geometric, holdsKnown: true
  ) { options, now, kind in
    UnderdampedLangevin(grid: try now.grid(options, kind), stepRatio: options[Key.stepRatio])
  }
}
