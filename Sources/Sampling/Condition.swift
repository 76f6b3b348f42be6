import Core
import Glibc
import Kernels
import Models
import Platform

/// How a sampler is held to what is known of its rows; one worker's memory for it.
final class Condition {
  enum Method: String, Sendable, CaseIterable {
    /// s + JᵀAᵀ (A Cov Aᵀ + σ_y²)⁻¹ (y − A D), J = ∂D/∂x, Cov = σ² J the covariance of the clean
    /// row: exact for Gaussians.
    ///
    /// Boys et al. (2023), "Tweedie Moment Projected Diffusions for Inverse Problems"; Rozet et al.
    /// (2024), by conjugate gradients. A learnt J can be far from positive. Where along a direction
    /// it gives less than a fifth of what the data's own covariance would, that row's Cov is σ² Σ
    /// (Σ + σ²)⁻¹ instead, which is the same for Gaussians. Where a law bends within σ, its draws
    /// are too wide, however many the steps: the denoised row given what is known is then no
    /// Gaussian. J stands for Jᵀ too: the two are the same where the score is a gradient.
    case covariance
    /// The known part of D is replaced by what is known. Song et al. (2021), appendix I.2, in the
    /// limit of small steps. What is not known is then drawn by a score that does not know what is:
    /// too wide wherever columns depend on each other.
    case replacement
    /// Each step is followed by one of length ζ against ∇ ‖y − A D‖. Chung et al. (2023),
    /// "Diffusion Posterior Sampling", algorithm 1.
    case dps
    /// The known part stands still, and Langevin steps move the rest: exact for a density of one
    /// level, and down the levels in the limit of many steps, where each level's law is that of the
    /// data smeared by its σ.
    case held
  }

  /// J v for directions v, [rows, D] each.
  typealias Derivative = (_ v: View<Double>) throws -> View<Double>

  let method: Method
  let observation: LinearObservation
  let rows: Int
  let dimension: Int
  let iterations: Int
  let strength: Double
  let description: ModelDescription
  // [rows, count] each.
  let y: View<Double>
  let mask: View<Double>
  let residual: View<Double>
  let target: View<Double>
  let solution: View<Double>
  let direction: View<Double>
  let image: View<Double>
  // [rows, D] each.
  let tangent: View<Double>
  let clean: View<Double>
  // [rows]: residual squared at first and now; 0 for a row that is done.
  let squares: View<Double>
  /// [rows]: 1 where the data's covariance stands in for a learnt one.
  let usual: View<Double>
  /// Of one row: 3 D for what the data's covariance does to it, or what is read.
  let scratch: View<Double>
  /// [rows, count].
  let normals: View<Float>
  var first = 0
  /// Throws when the call is to stop.
  var check: () throws -> Void = {}

  init(
    _ method: Method, _ observation: LinearObservation, rows: Int, dimension: Int, iterations: Int,
    strength: Double, _ description: ModelDescription, memory: Memory
  ) throws {
    (self.method, self.observation) = (method, observation)
    (self.rows, self.dimension) = (rows, dimension)
    (self.iterations, self.strength, self.description) = (iterations, strength, description)
    func stretch(_ count: Int) throws -> View<Double> {
      try Storage<Double>(memory, count: count).view
    }
    let size = rows * observation.count
    (y, mask) = (try stretch(size), try stretch(size))
    (residual, solution) = (try stretch(size), try stretch(size))
    target = try stretch(size)
    (direction, image) = (try stretch(size), try stretch(size))
    (tangent, clean) = (try stretch(rows * dimension), try stretch(rows * dimension))
    (squares, usual) = (try stretch(2 * rows), try stretch(rows))
    scratch = try stretch(max(observation.count, observation.units.count, 3 * dimension))
    normals = try Storage<Float>(memory, count: size).view
  }

  /// Reads what is known of the rows of a shard; rows beyond the last repeat it.
  func begin(first: Int, count: Int, check: @escaping () throws -> Void) {
    (self.first, self.check) = (first, check)
    for r in 0 ..< rows {
      observation.read(
        first + min(r, count - 1), scratch, y: own(y, r), mask: own(mask, r))
    }
  }

  /// Makes first states of clean rows u ~ N(m, Σ): u + Σ Aᵀ (A Σ Aᵀ + σ_y²)⁻¹ (y − A u − e), which
  /// is of that law given y.
  ///
  /// Matheron's rule (Journel & Huijbregts 1978).
  func place(_ state: View<Double>, _ source: RandomSource, firstRow: UInt64) throws {
    guard method == .covariance else { return }
    let m = observation.count
    normals.fillNormal(rows: rows, columns: m, source, firstRow: firstRow)
    for r in 0 ..< rows {
      try check()
      observation.apply(
        state.slice(r * dimension, dimension), mask: own(mask, r), into: own(image, r))
      for i in r * m ..< (r + 1) * m {
        let noise = observation.variances[i - r * m].squareRoot() * Double(normals[i])
        residual[i] = mask[i] * (y[i] - noise) - image[i]
      }
    }
    try solve(by: { $0 })
    try transpose(solution)
    for r in 0 ..< rows {
      let own = clean.slice(r * dimension, dimension)
      description.covary(tangent.slice(r * dimension, dimension), into: own, scratch: scratch) {
        $0
      }
      for i in 0 ..< dimension { state[r * dimension + i] += own[i] }
    }
  }

  func own(_ view: View<Double>, _ r: Int) -> View<Double> {
    view.slice(r * observation.count, observation.count)
  }

  /// Changes σ s, [rows, D], at `state`.
  func adjust(
    _ g: View<Double>, at state: View<Double>, _ level: ScaledScore.Level, _ derivative: Derivative
  ) throws {
    switch method {
    case .held: return
    case .replacement:
      for i in 0 ..< rows * dimension where mask[i] != 0 {
        g[i] = (y[i] - state[i]) / level[i / dimension]
      }
    case .covariance:
      try miss(g, state, level)
      try solve(level, derivative)
      try transpose(solution)
      let pull = try derivative(tangent)
      for r in 0 ..< rows {
        let (sigma, added) = (level[r], pull.slice(r * dimension, dimension))
        if usual[r] != 0 {
          description.covary(
            tangent.slice(r * dimension, dimension), into: added, scratch: scratch
          ) { $0 / ($0 + sigma * sigma) }
        }
        for i in 0 ..< dimension { g[r * dimension + i] += sigma * added[i] }
      }
    case .dps:
      try miss(g, state, level)
      try transpose(residual)
      let pull = try derivative(tangent)
      for r in 0 ..< rows {
        let length = square(residual, r).squareRoot()
        for i in r * dimension ..< (r + 1) * dimension {
          clean[i] = length > 0 ? pull[i] / length : 0
        }
      }
    }
  }

  /// After a step: DPS's own, in the variance-preserving state as it was published; or the known
  /// part put back.
  func correct(_ state: View<Double>, from sigma: Double, to next: Double) {
    switch method {
    case .covariance, .replacement: return
    case .held:
      for i in 0 ..< rows * dimension where mask[i] != 0 { state[i] = y[i] }
    case .dps:
      func growth(_ sigma: Double) -> Double {
        let ratio = sigma / description.sigmaData
        return (1 + ratio * ratio).squareRoot()
      }
      let length = strength * growth(sigma) * growth(next)
      for i in 0 ..< rows * dimension { state[i] += length * clean[i] }
    }
  }

  /// residual = y − A D(x).
  func miss(_ g: View<Double>, _ state: View<Double>, _ level: ScaledScore.Level) throws {
    for i in 0 ..< rows * dimension { clean[i] = state[i] + level[i / dimension] * g[i] }
    for r in 0 ..< rows {
      try check()
      observation.apply(
        clean.slice(r * dimension, dimension), mask: own(mask, r), into: own(image, r))
    }
    for i in 0 ..< rows * observation.count { residual[i] = mask[i] * y[i] - image[i] }
  }

  /// tangent = Aᵀ w.
  func transpose(_ w: View<Double>) throws {
    for r in 0 ..< rows {
      try check()
      observation.applyTransposed(
        own(w, r), mask: own(mask, r), into: tangent.slice(r * dimension, dimension))
    }
  }

  func square(_ view: View<Double>, _ r: Int) -> Double {
    let row = own(view, r)
    return (0 ..< observation.count).reduce(0.0) { $0 + row[$1] * row[$1] }
  }

  // Conjugate gradients, row by row (Hestenes & Stiefel 1952).
}
