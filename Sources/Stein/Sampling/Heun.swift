import Execution

/// Heun's method on the probability-flow ODE, down a Karras grid.
///
///     dx/dσ = (x − D(x; σ))/σ = −σ s(x; σ)
///
/// Each step is Euler's, corrected by the slope at its end; the last, to σ = 0, is Euler's alone and lands on D(x; σ_min).
/// Karras et al. (2022), "Elucidating the Design Space of Diffusion-Based Generative Models", algorithm 1.
package struct Heun: Sampler {
  /// From the highest level to the lowest, then 0 if a last denoising step is wanted.
  let grid: [Double]

  package var firstSigma: Double { grid[0] }

  package init(grid: [Double]) { self.grid = grid }

  init(_ options: Options, _ model: Model.Snapshot) throws {
    let range = try model.range(options)
    let steps = options.integer("steps") ?? 18
    guard steps >= 2, steps <= 1_000_000 else {
      throw Options.bad("steps", "is \(steps); heun takes 2 to 1000000 levels")
    }
    let levels = karrasGrid(
      steps: steps, sigmaMin: range.lowerBound, sigmaMax: range.upperBound,
      rho: options.number("rho") ?? 7)
    grid = options.flag("denoise") ?? true ? levels : Array(levels.dropLast())
  }

  package func walk(_ walkers: Walkers, _ scaledScore: ScaledScore) throws {
    let (x, ahead) = (walkers.state, walkers.spare)
    for (sigma, next) in zip(grid, grid.dropFirst()) {
      let h = next - sigma
      let g = try scaledScore(x, sigma)
      guard next > 0 else {
        for i in 0 ..< walkers.count { x[i] -= h * Double(g[i]) }
        return
      }
      // x_ahead = x − h g; then x − h (g + g′)/2 = (x + x_ahead)/2 − h g′/2.
      for i in 0 ..< walkers.count { ahead[i] = x[i] - h * Double(g[i]) }
      let corrected = try scaledScore(ahead, next)
      for i in 0 ..< walkers.count {
        x[i] = 0.5 * (x[i] + ahead[i] - h * Double(corrected[i]))
      }
    }
  }
}
