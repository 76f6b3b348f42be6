import Execution
import Glibc

/// Langevin steps with momentum, one a level, down the levels.
///
///     x ← x + ½(σ_before² − σ²) s        the probability flow's part of the way, Euler's
///     v ← v + h s                        B
///     x ← x + ½h v,  v ← a v + √(1 − a²) z,  x ← x + ½h v        A O A
///
/// with s = s(x; σ) at the step's beginning and h = r σ. Momentum crosses a law of width w in w/h steps where a step without it takes
/// (w/h)², so that the walkers keep up with laws that are wide one way and σ thin another. B A O A is the order of Leimkuhler &
/// Matthews (2013), "Rational Construction of Stochastic Numerical Methods for Molecular Sampling", begun at B: on a Gaussian it
/// keeps the variance of x exactly for any h < 2σ, which is what noise of σ leaves as the thinnest width.
///
/// With the known values of a row held still, each level's law is q_σ(unknown | known): that of the data smeared by σ, and at the
/// lowest level what was asked for. Nothing is assumed of how columns depend on each other.
package struct UnderdampedLangevin: Sampler {
  /// From the highest level to the lowest, then 0 if a last denoising step is wanted.
  let grid: [Double]
  /// r: h/σ.
  let stepRatio: Double

  /// What is left of the momentum after a step, a: it is lost after some three steps, in which walkers go 3σ.
  private static let kept = exp(-0.3)

  /// Levels for each factor of e between them, and h/σ, by which draws of a law that bends within σ (ConditioningTests) are at
  /// most a tenth too wide, in less than twice the time of Heun's 18 steps.
  static let levelsPerFold = 8.0

  package var firstSigma: Double { grid[0] }
  /// The momentum.
  package var spares: Int { 1 }

  package init(grid: [Double], stepRatio: Double = 1.1) {
    (self.grid, self.stepRatio) = (grid, stepRatio)
  }

  package func walk(_ walkers: Walkers, _ scaledScore: ScaledScore) throws {
    let (x, v) = (walkers.state, walkers.spare(0))
    let kept = UnderdampedLangevin.kept
    let fresh = (1 - kept * kept).squareRoot()
    walkers.draw(Stream.sampler, step: 0)
    for i in 0 ..< walkers.count { v[i] = Double(walkers.normals[i]) }
    scaledScore.correct?(x, grid[0], grid[0])
    let levels = grid.filter { $0 > 0 }
    var before = grid[0]
    for (number, sigma) in levels.enumerated() {
      let g = try scaledScore(x, sigma)
      walkers.draw(Stream.sampler, step: number + 1)
      let flow = (before * before - sigma * sigma) / (2 * sigma)
      let half = 0.5 * stepRatio * sigma
      for i in 0 ..< walkers.count {
        // h s = r g.
        let kicked = v[i] + stepRatio * g[i]
        v[i] = kept * kicked + fresh * Double(walkers.normals[i])
        x[i] += flow * g[i] + half * (kicked + v[i])
      }
      scaledScore.correct?(x, before, sigma)
      before = sigma
      walkers.visit(number + 1, of: grid.count)
    }
    if grid.last == 0 { walkers.denoise(try scaledScore(x, before), sigma: before) }
    walkers.visit(grid.count, of: grid.count)
  }
}
