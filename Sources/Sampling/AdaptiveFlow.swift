import Core
import Glibc
import Models
import Platform

/// The probability-flow ODE by Dormand and Prince's method, each row in steps of its own.
///
/// Song et al. (2021), "Score-Based Generative Modeling through Stochastic Differential Equations",
/// section 4.3, in the angle.
package struct AdaptiveFlow: Sampler {
  /// Levels that are landed on where states on the way are kept; else only the first and the last
  /// matter.
  let levels: [Double]
  let denoise: Bool
  let control: DormandPrince.Control
  let tolerance: Double
  let sigmaData: Double

  package var firstSigma: Double { levels[0] }
  // The solver's, x, and σ: as many numbers again as there are rows.
  package var spares: Int { 9 + 4 + 1 + 1 }

  package init(
    levels: [Double], denoise: Bool, control: DormandPrince.Control, tolerance: Double,
    sigmaData: Double
  ) {
    (self.levels, self.denoise, self.control) = (levels, denoise, control)
    (self.tolerance, self.sigmaData) = (tolerance, sigmaData)
  }

  package func sample(_ batch: SampleBatch, _ scaledScore: ScaledScore) throws {
    let (rows, d, state) = (batch.rows, batch.dimension, batch.state)
    let flow = AngularFlow(
      sigmaData: sigmaData, rows: rows, dimension: d, x: batch.spare(13),
      sigmas: batch.spare(14))
    let solver = DormandPrince(rows: rows, width: d, workspace: batch.spare(0 ..< 13))
    let stops = batch.recorder == nil ? [levels[0], levels[levels.count - 1]] : levels
    let total = stops.count - 1 + (denoise ? 1 : 0)
    rescale(state, by: cos(flow.angle(stops[0])))
    for (number, (sigma, next)) in zip(stops, stops.dropFirst()).enumerated() {
      try solver.solve(state, from: flow.angle(sigma), to: flow.angle(next), control) {
        angles, y, slope in
        flow.enter(angles, y, width: d)
        flow.slopes(angles, y, try scaledScore(flow.x, flow.sigmas), width: d, slope)
      } judge: { _, y, next, miss in
        flow.error(y, next, miss, tolerance: tolerance)
      }
      rescale(state, by: 1 / cos(flow.angle(next)))
      batch.visit(number + 1, of: total)
      if number + 2 < stops.count { rescale(state, by: cos(flow.angle(next))) }
    }
    if denoise {
      let last = levels[levels.count - 1]
      batch.denoise(try scaledScore(state, last), sigma: last)
    }
    batch.visit(total, of: total)
  }

  private func rescale(_ state: View<Double>, by factor: Double) {
    for i in 0 ..< state.count { state[i] *= factor }
  }
}

extension AdaptiveFlow {
  enum Key {
    static let tolerance = OptionKey<Double>(
      "tolerance", 1e-9 ... 0.1, default: 1e-4, "rk45: error of a step, in deviations of the data")
  }
}

extension AdaptiveFlow {
  static let definition = SamplerDefinition(
    options: SamplerKey.gridOptions + [Key.tolerance], steps: 18, choosesSteps: true
  ) { options, now, kind in
    let grid = try now.grid(options, kind)
    return AdaptiveFlow(
      levels: grid.filter { $0 > 0 }, denoise: grid.contains(0), control: .adaptive,
      tolerance: options[Key.tolerance], sigmaData: now.description.sigmaData)
  }
}
