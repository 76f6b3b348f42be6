import Core
package import Models
import Platform

/// Unadjusted Langevin steps at one noise level.
///
///     x′ = x + ε s(x; σ) + √(2ε) z
///
/// Its stationary law is that of q_σ up to O(ε): on N(0, v) it has variance v/(1 − ε/(2v)). Roberts
/// & Tweedie (1996).
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

  package func sample(_ batch: SampleBatch, _ scaledScore: ScaledScore) throws {
    batch.reflect(domain)
    scaledScore.correct?(batch.state, sigma, sigma)
    // A density of the data themselves has no level: its score comes in units of u.
    let unit = sigma > 0 ? sigma : 1
    let total = steps + (denoise ? 1 : 0)
    for step in 0 ..< steps {
      try batch.langevinStep(
        try scaledScore(batch.state, sigma), sigma: unit, stepSize: stepSize, number: step)
      batch.reflect(domain)
      scaledScore.correct?(batch.state, sigma, sigma)
      batch.visit(step + 1, of: total)
    }
    if denoise { batch.denoise(try scaledScore(batch.state, sigma), sigma: sigma) }
    batch.visit(total, of: total)
  }
}

extension SampleBatch {
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

extension Langevin {
  enum Key {
    static let sigma = OptionKey<Double>(
      "sigma", 0 ... 1e9, default: 0,
      "langevin: the level; 0: the lowest trained, or 0.1 if that is higher")
  }
}

extension Langevin {
  static let definition = SamplerDefinition(
    options: [Key.sigma, SamplerKey.stepSize], steps: 1000, isDiffusion: false, holdsKnown: true
  ) { options, now, _ in try Langevin(options, now) }

  package var isOneLevel: Bool { true }
}

extension Langevin {
  init(_ options: Options, _ model: Model.Snapshot) throws {
    let usual = min(max(model.description.sigmaMin, 0.1), model.description.sigmaMax)
    let sigma = try model.level(options, Key.sigma, usual: usual)
    // Noise of σ leaves no direction narrower than σ, where steps below 2σ² are stable; T σ² when
    // it is colder.
    let spread = model.description.sigmaData * model.description.sigmaData
    let warm = sigma > 0 ? min(sigma * sigma / 4, 0.1 * spread) : 0.01 * spread
    let stepSize =
      options[SamplerKey.stepSize] ?? warm * min(options[FieldChange.Key.temperature], 1)
    let denoise = options[SamplerKey.denoise] ?? false
    try options.knowing(SamplerKey.isNoisy, sigma > 0).check()
    if denoise, model.description.domain != .real {
      throw Options.bad("denoise", "is for densities without a domain")
    }
    guard stepSize > 0 else { throw Options.bad("step_size", "is 0; nothing would move") }
    self.init(
      sigma: sigma, stepSize: stepSize,
      steps: options[SamplerKey.steps] ?? Langevin.definition.steps, denoise: denoise,
      domain: model.description.domain)
  }
}
