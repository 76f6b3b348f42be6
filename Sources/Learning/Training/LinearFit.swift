import Core
import Data
import Execution
import Glibc
import Graph
import Models
import Platform

/// Fits a family whose log density is linear in θ: the normal equations of score matching, in
/// Double.
///
///     θ̂ = −(A + λI)⁻¹ c,   A = mean Σ_i h_i ∂_iT ∂_iTᵀ,   c = mean Σ_i [h_i (∂_i²T + ∂_iT ∂_ib) + h_i′ ∂_iT]
///
/// with Godambe's covariance A⁻¹ V A⁻¹/n, V = Cov[A_r θ̂ + c_r] over the rows r, which holds
/// whether the family is true or not. Hyvärinen (2007), "Some Extensions of Score Matching",
/// section 4; Godambe (1960); Yu, Drton & Shojaie (2019).
final class LinearFit {
  struct Result: Sendable {
    let names: [String]
    let theta: [Double]
    let standardErrors: [Double]
    let ridge: Double
    let loss: Double
    /// Of the normal equations; 1e7 and more is beyond float32.
    let condition: Double

    var json: JSON {
      .object([
        ("statistics", .array(names.map(JSON.string))),
        ("estimates", .array(theta.map(JSON.number))),
        ("standard_errors", .array(standardErrors.map(JSON.number))),
        ("ridge", .number(ridge)), ("loss", .number(loss)), ("condition", .number(condition)),
      ])
    }
  }

  private let trainer: Trainer
  private let model: Model
  private let family: any LinearFamily
  private let memory: Memory
  private let m: Int
  private let offset: Int

  init(_ trainer: Trainer) throws {
    guard let family = trainer.model.family as? any LinearFamily else {
      throw SteinError(.internal, "no linear family")
    }
    self.trainer = trainer
    model = trainer.model
    self.family = family
    memory = model.context.memory
    m = family.parameters[family.linearParameter].shape.count
    offset = model.layout.offsets[family.linearParameter]
  }

  func run(monitor: any Monitor) throws -> Result {
    try checkPositive()
    let parameters = trainer.weights.parameters.view
    if let kernels = family as? KernelExponential {
      return try choose(kernels, parameters, monitor)
    }
    let equations = try NormalEquations(model, trainer.data, parameters, trainer.plan, m)
    let sums = try equations.sums(trainer.trainRows, monitor)
    let solved = try solve(sums, ridge: 0, monitor, inverse: true)
    for i in 0 ..< m { parameters[offset + i] = Float(solved.theta[i]) }
    let errors = try equations.covariance(
      solved, sums, trainer.trainRows, monitor)
    let names = (family as? Exponential)?.table.names() ?? []
    return Result(
      names: names, theta: solved.theta, standardErrors: errors, ridge: 0,
      loss: solved.loss, condition: solved.condition ?? .nan)
  }

  /// Kernels without parameters to train: their length and ridge are those with the least loss on
  /// the rows held out.
  private func choose(
    _ kernels: KernelExponential, _ parameters: View<Float>, _ monitor: any Monitor
  ) throws -> Result {
    let lengths = model.layout.offsets[KernelExponential.length]
    let ridgePlace = model.layout.offsets[KernelExponential.ridge]
    let middle = medianDistance()
    var best: (loss: Double, length: Double, ridge: Double)?
    let judged = trainer.validationRows.isEmpty ? trainer.trainRows : trainer.validationRows
    for factor in [0.35, 0.5, 0.71, 1, 1.41, 2] {
      parameters[lengths] = Float(log(factor * middle))
      let equations = try NormalEquations(model, trainer.data, parameters, trainer.plan, m)
      let sums = try equations.sums(trainer.trainRows, monitor)
      let held = try equations.sums(judged, monitor)
      for exponent in stride(from: -1.0, through: -6.0, by: -1) {
        let ridge = pow(10, exponent) * max(sums.matrix.trace(m) / Double(m), 1e-12)
        let theta: [Double]
        do {
          theta = try solve(sums, ridge: ridge, monitor).theta
        } catch let error as SteinError where [.badValue, .diverged].contains(error.code) {
          continue
        }
        let loss = held.loss(theta)
        if loss.isFinite, loss < best?.loss ?? .infinity { best = (loss, factor * middle, ridge) }
      }
    }
    guard let best else {
      throw SteinError(.diverged, "no length and ridge of the kernels gave a finite loss")
    }
    parameters[lengths] = Float(log(best.length))
    parameters[ridgePlace] = Float(log(best.ridge))
    let equations = try NormalEquations(model, trainer.data, parameters, trainer.plan, m)
    let sums = try equations.sums(trainer.trainRows, monitor)
    let solved = try solve(sums, ridge: best.ridge, monitor)
    for i in 0 ..< m { parameters[offset + i] = Float(solved.theta[i]) }
    return Result(
      names: [], theta: [], standardErrors: [], ridge: best.ridge, loss: best.loss,
      condition: .nan)
  }

  /// α anew for kernels that were trained, on all rows.
  func refit(_ parameters: View<Float>, monitor: any Monitor) throws {
    let equations = try NormalEquations(model, trainer.data, parameters, trainer.plan, m)
    let sums = try equations.sums(trainer.trainRows, monitor)
    let place = model.layout.offsets[KernelExponential.ridge]
    let solved = try solve(sums, ridge: exp(Double(parameters[place])) + 1e-6, monitor)
    for i in 0 ..< m { parameters[offset + i] = Float(solved.theta[i]) }
  }

  struct Solution {
    let theta: [Double]
    let loss: Double
    /// ‖A‖ ‖A⁻¹‖ of the matrix scaled to a unit diagonal, in Frobenius' norm; nil where the inverse
    /// was not wanted.
    let condition: Double?
    /// (A + λI)⁻¹.
    let inverse: View<Double>?
  }

  private func solve(
    _ sums: NormalEquations.Sums, ridge: Double, _ monitor: any Monitor, inverse: Bool = false
  ) throws -> Solution {
    let a = try Storage<Double>(memory, count: m * m).view
    let b = try Storage<Double>(memory, count: m).view
    let (matrix, linear) = (sums.matrix, sums.linear)
    guard (0 ..< m * m).allSatisfy({ matrix[$0].isFinite }) else {
      throw SteinError(
        .diverged, "the statistics are not finite on these rows; scale the data or lower the degree"
      )
    }
    // Statistics of unequal size are brought to one scale first.
    let scale = (0 ..< m).map { i in
      let size = matrix[i * m + i] + ridge
      return size > 0 ? 1 / size.squareRoot() : 1
    }
    for i in 0 ..< m {
      for j in 0 ..< m {
        a[i * m + j] = (matrix[i * m + j] + (i == j ? ridge : 0)) * scale[i] * scale[j]
      }
    }
    let norm = (0 ..< m * m).reduce(0.0) { $0 + a[$1] * a[$1] }
    // Of sums in float32, pivots below this are noise.
    guard let factor = try Cholesky(a, m, smallest: 1e-7, monitor: monitor) else {
      throw SteinError(
        .badValue,
        "the statistics are linearly dependent on these rows; take fewer, or give more rows",
        argument: "dataset")
    }
    for i in 0 ..< m { b[i] = -linear[i] * scale[i] }
    factor.solve(b)
    let theta = (0 ..< m).map { b[$0] * scale[$0] }
    guard theta.allSatisfy(\.isFinite) else {
      throw SteinError(.diverged, "the normal equations have no finite solution on these rows")
    }
    guard inverse else {
      return Solution(theta: theta, loss: sums.loss(theta), condition: nil, inverse: nil)
    }
    let result = try Storage<Double>(memory, count: m * m).view
    var inverseNorm = 0.0
    for i in 0 ..< m {
      try monitor.poll()
      b.fill(0)
      b[i] = 1
      factor.solve(b)
      for j in 0 ..< m {
        inverseNorm += b[j] * b[j]
        result[i * m + j] = b[j] * scale[i] * scale[j]
      }
    }
    return Solution(
      theta: theta, loss: sums.loss(theta), condition: (norm * inverseNorm).squareRoot(),
      inverse: result)
  }

  /// Median distance of some pairs of rows, over √2: the usual length of a Gaussian kernel.
  private func medianDistance() -> Double {
    let (n, d) = (trainer.data.count, model.snapshot.description.dimension)
    let count = min(n, 300)
    var distances: [Double] = []
    for i in 0 ..< count {
      for j in 0 ..< i {
        var sum = 0.0
        let (a, b) = (i * n / count, j * n / count)
        for k in 0 ..< d {
          let difference = Double(trainer.data.values[a * d + k] - trainer.data.values[b * d + k])
          sum += difference * difference
        }
        distances.append(sum.squareRoot())
      }
    }
    guard !distances.isEmpty else { return 1 }
    distances.sort()
    return max(distances[distances.count / 2], 1e-3)
  }

  private func checkPositive() throws {
    guard let table = (family as? Exponential)?.table, table.needsPositive else { return }
    for index in 0 ..< trainer.data.count * table.dimension where trainer.data.values[index] <= 0 {
      throw SteinError(
        .badValue,
        "row \(index / table.dimension) has a 0, where a statistic with exponent below 1 has no derivative",
        argument: "dataset")
    }
  }
}

extension View where Element == Double {
  fileprivate func trace(_ n: Int) -> Double { (0 ..< n).reduce(0) { $0 + self[$1 * (n + 1)] } }
}
