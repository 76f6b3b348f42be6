import Execution
import Glibc
import Kernels

/// How a sampler is held to what is known of its rows; one worker's memory for it.
final class Condition {
  enum Method: String, Sendable, CaseIterable {
    /// s + JᵀAᵀ (A Cov Aᵀ + σ_y²)⁻¹ (y − A D), J = ∂D/∂x, Cov = σ² J the covariance of the clean row: exact for Gaussians.
    ///
    /// Boys et al. (2023), "Tweedie Moment Projected Diffusions for Inverse Problems"; Rozet et al. (2024), by conjugate gradients.
    case covariance
    /// The known part of D is replaced by what is known. Song et al. (2021), appendix I.2, in the limit of small steps.
    case replacement
    /// Each step is followed by one of length ζ against ∇ ‖y − A D‖. Chung et al. (2023), "Diffusion Posterior Sampling", algorithm 1.
    case dps
    /// The known part stands still: exact for a density of one level.
    case held
  }

  /// J v for directions v, [rows, D] each.
  typealias Derivative = (_ v: View<Double>) throws -> View<Double>

  let method: Method
  private let observation: LinearObservation
  private let rows: Int
  private let dimension: Int
  private let iterations: Int
  private let strength: Double
  private let sigmaData: Double
  // [rows, count] each.
  private let y: View<Double>
  private let mask: View<Double>
  private let residual: View<Double>
  private let solution: View<Double>
  private let direction: View<Double>
  private let image: View<Double>
  // [rows, D] each.
  private let tangent: View<Double>
  private let clean: View<Double>
  // [rows]: residual squared at first and now; 0 for a row that is done.
  private let squares: View<Double>
  private let scratch: View<Double>
  /// [rows, count].
  private let normals: View<Float>

  init(
    _ method: Method, _ observation: LinearObservation, rows: Int, dimension: Int, iterations: Int,
    strength: Double, sigmaData: Double, memory: Memory
  ) throws {
    (self.method, self.observation) = (method, observation)
    (self.rows, self.dimension) = (rows, dimension)
    (self.iterations, self.strength, self.sigmaData) = (iterations, strength, sigmaData)
    func stretch(_ count: Int) throws -> View<Double> {
      try Storage<Double>(memory, count: count).view
    }
    let size = rows * observation.count
    (y, mask) = (try stretch(size), try stretch(size))
    (residual, solution) = (try stretch(size), try stretch(size))
    (direction, image) = (try stretch(size), try stretch(size))
    (tangent, clean) = (try stretch(rows * dimension), try stretch(rows * dimension))
    squares = try stretch(2 * rows)
    scratch = try stretch(max(observation.count, observation.units.count))
    normals = try Storage<Float>(memory, count: size).view
  }

  /// Reads what is known of the rows of a shard; rows beyond the last repeat it.
  func begin(first: Int, count: Int) {
    for r in 0 ..< rows {
      observation.read(
        first + min(r, count - 1), scratch, y: own(y, r), mask: own(mask, r))
    }
  }

  /// Makes first states of clean rows u ~ N(m, Σ): u + Σ Aᵀ (A Σ Aᵀ + σ_y²)⁻¹ (y − A u − e), which is of that law given y.
  ///
  /// Matheron's rule (Journel & Huijbregts 1978).
  func place(_ state: View<Double>, _ law: StartLaw, _ source: RandomSource, firstRow: UInt64)
    throws
  {
    guard method == .covariance else { return }
    let m = observation.count
    normals.fillNormal(rows: rows, columns: m, source, firstRow: firstRow)
    for r in 0 ..< rows {
      observation.apply(
        state.slice(r * dimension, dimension), mask: own(mask, r), into: own(image, r))
      for i in r * m ..< (r + 1) * m {
        let noise = observation.variances[i - r * m].squareRoot() * Double(normals[i])
        residual[i] = mask[i] * (y[i] - noise) - image[i]
      }
    }
    let covary: Derivative = { v in
      for r in 0 ..< self.rows {
        let range = (r * self.dimension, self.dimension)
        law.covary(v.slice(range.0, range.1), into: self.clean.slice(range.0, range.1))
      }
      return self.clean
    }
    try solve(.one(1), covary)
    transpose(solution)
    let moved = try covary(tangent)
    for i in 0 ..< rows * dimension { state[i] += moved[i] }
  }

  private func own(_ view: View<Double>, _ r: Int) -> View<Double> {
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
      transpose(solution)
      let pull = try derivative(tangent)
      for i in 0 ..< rows * dimension { g[i] += level[i / dimension] * pull[i] }
    case .dps:
      try miss(g, state, level)
      transpose(residual)
      let pull = try derivative(tangent)
      for r in 0 ..< rows {
        let length = square(residual, r).squareRoot()
        for i in r * dimension ..< (r + 1) * dimension {
          clean[i] = length > 0 ? pull[i] / length : 0
        }
      }
    }
  }

  /// After a step: DPS's own, in the variance-preserving state as it was published; or the known part put back.
  func correct(_ state: View<Double>, from sigma: Double, to next: Double) {
    switch method {
    case .covariance, .replacement: return
    case .held:
      for i in 0 ..< rows * dimension where mask[i] != 0 { state[i] = y[i] }
    case .dps:
      func growth(_ sigma: Double) -> Double {
        (1 + sigma * sigma / (sigmaData * sigmaData)).squareRoot()
      }
      let length = strength * growth(sigma) * growth(next)
      for i in 0 ..< rows * dimension { state[i] += length * clean[i] }
    }
  }

  /// residual = y − A D(x).
  private func miss(_ g: View<Double>, _ state: View<Double>, _ level: ScaledScore.Level) throws {
    for i in 0 ..< rows * dimension { clean[i] = state[i] + level[i / dimension] * g[i] }
    for r in 0 ..< rows {
      observation.apply(
        clean.slice(r * dimension, dimension), mask: own(mask, r), into: own(image, r))
    }
    for i in 0 ..< rows * observation.count { residual[i] = mask[i] * y[i] - image[i] }
  }

  /// tangent = Aᵀ w.
  private func transpose(_ w: View<Double>) {
    for r in 0 ..< rows {
      observation.applyTransposed(
        own(w, r), mask: own(mask, r), into: tangent.slice(r * dimension, dimension))
    }
  }

  private func square(_ view: View<Double>, _ r: Int) -> Double {
    let row = own(view, r)
    return (0 ..< observation.count).reduce(0.0) { $0 + row[$1] * row[$1] }
  }

  /// solution: (A σ²J Aᵀ + σ_y²) w = residual by conjugate gradients, each row by itself (Hestenes & Stiefel 1952).
  ///
  /// A learnt J need not be positive: a row ends where a direction is no longer of positive curvature.
  private func solve(_ level: ScaledScore.Level, _ derivative: Derivative) throws {
    let m = observation.count
    solution.fill(0)
    direction.copy(residual)
    for r in 0 ..< rows {
      squares[r] = square(residual, r)
      squares[rows + r] = squares[r]
    }
    for _ in 0 ..< min(iterations, m) {
      guard (0 ..< rows).contains(where: { squares[rows + $0] > 0 }) else { return }
      transpose(direction)
      let pushed = try derivative(tangent)
      for r in 0 ..< rows {
        let now = squares[rows + r]
        guard now > 0 else { continue }
        let (p, q, w) = (own(direction, r), own(image, r), own(solution, r))
        observation.apply(pushed.slice(r * dimension, dimension), mask: own(mask, r), into: q)
        let variance = level[r] * level[r]
        var curvature = 0.0
        for i in 0 ..< m {
          q[i] = variance * q[i] + observation.variances[i] * p[i]
          curvature += p[i] * q[i]
        }
        guard curvature > 0, curvature.isFinite else {
          squares[rows + r] = 0
          continue
        }
        let (length, left) = (now / curvature, own(residual, r))
        for i in 0 ..< m {
          w[i] += length * p[i]
          left[i] -= length * q[i]
        }
        let next = square(residual, r)
        squares[rows + r] = next <= 1e-10 * squares[r] ? 0 : next
        for i in 0 ..< m { p[i] = left[i] + next / now * p[i] }
      }
    }
  }
}
