import Core
import Glibc
package import Models
import Platform

/// Langevin steps at each level of a ladder, from much noise to little, then a step to E[clean |
/// x].
///
///     ε_i = ε σ_i²/σ_L²,   T steps a level
///
/// Song & Ermon (2019), algorithm 1; ladder and step from the data by techniques 1, 2 and 4 of Song
/// & Ermon (2020), the last step after Jolicoeur-Martineau et al. (2021).
///
/// Models with an energy may accept and reject (Metropolis): then each level's law is kept exactly,
/// and the whole is annealed importance sampling (Neal 2001), whose weights make it exact.
package struct AnnealedLangevin: Sampler {
  let ladder: GeometricLadder
  let stepSize: Double
  let stepsPerLevel: Int
  let denoise: Bool
  let accepts: Bool

  package var firstSigma: Double { ladder.levels[0] }
  package var spares: Int { accepts ? 3 : 0 }
  package var needsEnergy: Bool { accepts }

  package init(
    ladder: GeometricLadder, stepSize: Double, stepsPerLevel: Int, denoise: Bool,
    accepts: Bool = false
  ) {
    (self.ladder, self.stepSize, self.accepts) = (ladder, stepSize, accepts)
    (self.stepsPerLevel, self.denoise) = (stepsPerLevel, denoise)
  }

  package func sample(_ batch: SampleBatch, _ scaledScore: ScaledScore) throws {
    let last = ladder.levels[ladder.levels.count - 1]
    let total = ladder.levels.count * stepsPerLevel + (denoise ? 1 : 0)
    for (level, sigma) in ladder.levels.enumerated() {
      let step = stepSize * (sigma / last) * (sigma / last)
      if accepts { try enter(batch, scaledScore, sigma, isFirst: level == 0) }
      for t in 0 ..< stepsPerLevel {
        let number = level * stepsPerLevel + t
        if accepts {
          try adjustedStep(batch, scaledScore, sigma, stepSize: step, number: number)
        } else {
          try batch.langevinStep(
            try scaledScore(batch.state, sigma), sigma: sigma, stepSize: step, number: number)
        }
        batch.visit(number + 1, of: total)
      }
    }
    if denoise { batch.denoise(try scaledScore(batch.state, last), sigma: last) }
    batch.visit(total, of: total)
  }
}

// Metropolis-adjusted steps: spare 0 holds σ s at the state, spare 1 the state, the head of spare 2
// the energies there.
extension AnnealedLangevin {
  /// Takes field and energy at a new level; a row's weight grows by what its density did.
  private func enter(
    _ batch: SampleBatch, _ scaledScore: ScaledScore, _ sigma: Double, isFirst: Bool
  ) throws {
    guard let energies = scaledScore.energies else { return }
    let (field, known) = (batch.spare(0), batch.spare(2))
    field.copy(try scaledScore(batch.state, sigma))
    for r in 0 ..< batch.rows {
      guard energies[r].isFinite else {
        throw SteinError(.diverged, "the energy of a state is not finite at noise level \(sigma)")
      }
      if let weights = batch.logWeights {
        weights[r] += (isFirst ? 0 : known[r]) - energies[r]
      }
      known[r] = energies[r]
    }
  }

  /// Accepts y with probability π(y) q(x|y)/(π(x) q(y|x)), where ln q(y|x) = −‖y − x − ε
  /// s(x)‖²/(4ε).
  ///
  /// Metropolis, Rosenbluth, Rosenbluth, Teller & Teller (1953); Hastings (1970).
  private func adjustedStep(
    _ batch: SampleBatch, _ scaledScore: ScaledScore, _ sigma: Double, stepSize: Double, number: Int
  ) throws {
    guard let energies = scaledScore.energies else { return }
    let (x, d) = (batch.state, batch.dimension)
    let (field, old, known) = (batch.spare(0), batch.spare(1), batch.spare(2))
    old.copy(x)
    try batch.langevinStep(field, sigma: sigma, stepSize: stepSize, number: number)
    let proposed = try scaledScore(x, sigma)
    let drift = stepSize / sigma
    for r in 0 ..< batch.rows {
      var (forward, backward) = (0.0, 0.0)
      for i in r * d ..< (r + 1) * d {
        let (there, back) = (x[i] - old[i] - drift * field[i], old[i] - x[i] - drift * proposed[i])
        forward += there * there
        backward += back * back
      }
      let ratio = known[r] - energies[r] + (forward - backward) / (4 * stepSize)
      // What is not finite fails the comparison.
      if log(batch.uniform(Stream.acceptance, row: r, step: number)) < ratio {
        known[r] = energies[r]
        for i in r * d ..< (r + 1) * d { field[i] = proposed[i] }
      } else {
        for i in r * d ..< (r + 1) * d { x[i] = old[i] }
      }
    }
  }
}

extension AnnealedLangevin {
  enum Key {
    static let accept = OptionKey<Bool>(
      "accept", default: false,
      "annealed_langevin: accept or reject (Metropolis) at each level; for models with an energy")
  }
}

extension AnnealedLangevin {
  static let definition = SamplerDefinition(
    options: [SamplerKey.sigmaMin, SamplerKey.sigmaMax, SamplerKey.stepSize, Key.accept],
    steps: 20, isDiffusion: false
  ) { options, now, _ in try AnnealedLangevin(options, now) }
}

extension AnnealedLangevin {
  init(_ options: Options, _ model: Model.Snapshot) throws {
    let description = model.description
    let range = try model.range(options)
    // Beyond the largest distance between two points there is nothing to learn about them
    // (technique 1).
    let highest = min(range.upperBound, max(description.largestDistance, 2 * range.lowerBound))
    let ladder = GeometricLadder(
      sigmaMax: options[SamplerKey.sigmaMax] > 0 ? range.upperBound : highest,
      sigmaMin: range.lowerBound, dimension: description.dimension)
    let steps = options[SamplerKey.steps] ?? AnnealedLangevin.definition.steps
    let accepts = options[Key.accept]
    var usual = ladder.stepSize(stepsPerLevel: steps)
    if accepts {
      // Proposals of ℓ² D^{−1/3}/2 with ℓ = 1.65 are accepted in 57 of 100 (Roberts & Rosenthal
      // 1998).
      let best = 1.36 / cbrt(Double(description.dimension))
      usual = min(usual, best * range.lowerBound * range.lowerBound)
    }
    let stepSize = options[SamplerKey.stepSize] ?? usual
    guard stepSize > 0 else { throw Options.bad("step_size", "is 0; nothing would move") }
    self.init(
      ladder: ladder, stepSize: stepSize, stepsPerLevel: steps,
      denoise: options[SamplerKey.denoise] ?? (description.noiseKernel == .gaussian && !accepts),
      accepts: accepts)
  }
}
