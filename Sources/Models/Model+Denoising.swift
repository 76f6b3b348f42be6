package import Core
package import Data
import Glibc
import Platform

/// How well a model takes noise away at one level, in units of u and summed over its dimensions.
package struct DenoisingError: Sendable {
  package let sigma: Double
  /// σ²D − σ⁴ E‖s‖²: the least mean square error, by the model's own score.
  package let predicted: Double
  /// E‖D(x̃) − x‖² on the rows.
  package let realised: Double
  /// The same for the exact denoiser of the rows themselves, a softmax over them.
  ///
  /// A model near it knows the rows by heart.
  package let exact: Double

  /// d̂(σ) = MMSE/σ², the dimension of the data seen at this scale.
  package var dimension: Double { predicted / (sigma * sigma) }
}

extension Model {
  /// The errors at several levels, on rows of a data set with `draws` draws of noise each.
  package func denoisingErrors(
    dataset: Dataset, sigmas: [Double], options text: String, monitor: any Monitor
  ) throws -> [DenoisingError] {
    let options = try Options(text, .denoising)
    let now = snapshot
    let levels = try sigmas.map { try now.level($0) }
    guard levels.allSatisfy({ $0 > 0 }) else {
      throw SteinError(
        .badValue, "a level is 0; there is no noise to remove", argument: "sigmas")
    }
    let data = try TrainingRows(dataset, now.description, memory: context.memory)
    let every = try RowList(data.count, memory: context.memory) { _ in true }
    return try denoisingErrors(
      now, data, every, levels, draws: options[DenoisingKey.draws],
      reference: options[DenoisingKey.reference],
      seed: options[DenoisingKey.seed], monitor: monitor)
  }

  package func denoisingErrors(
    _ now: Snapshot, _ data: TrainingRows, _ rows: RowList, _ levels: [Double], draws: Int,
    reference: Int, seed: UInt64, monitor: any Monitor
  ) throws -> [DenoisingError] {
    try checkGaussianNoise()
    guard now.description.trained else {
      throw SteinError(.badState, "the model is not trained yet", argument: "model")
    }
    let evaluator = try Evaluator(self, now, .scaledScore)
    let workers = context.workers.count
    let judge = try ExactDenoiser(
      data, rows, most: reference, dimension: evaluator.dimension, workers: workers,
      memory: context.memory)
    let normals = try (0 ..< workers).map { _ in
      try Storage<Float>(context.memory, count: evaluator.rows * evaluator.dimension)
    }
    var result: [DenoisingError] = []
    for (number, sigma) in levels.enumerated() {
      let sums = try Storage<Double>(
        context.memory, count: 3 * ((rows.count * draws + evaluator.rows - 1) / evaluator.rows))
      let run = RowRun(
        rows: rows.count * draws, shardRows: evaluator.rows, monitor: SilentMonitor(monitor))
      try run.run(context.workers) { worker, first, count in
        let (d, x) = (evaluator.dimension, evaluator.x(worker))
        let z = normals[worker].view
        let source = DrawSource(seed: seed, step: UInt32(number), evaluation: true)
        z.fillNormal(
          rows: evaluator.rows, columns: d, source.source(Stream.noise), firstRow: UInt64(first))
        for r in 0 ..< evaluator.rows {
          let row = rows[min(first + r, rows.count * draws - 1) / draws]
          for j in r * d ..< (r + 1) * d {
            x[j] = data.values[row * d + j - r * d] + Float(sigma) * z[j]
          }
        }
        evaluator.setSigma(sigma, worker)
        evaluator.setClasses(worker) { r in
          now.description.unconditional
            ? -1 : data.classIndex(rows[min(first + r, rows.count * draws - 1) / draws])
        }
        let g = evaluator.run(worker)
        let own = sums.view.slice(3 * (first / evaluator.rows), 3)
        for r in 0 ..< count {
          if r % 8 == 0 { try run.check(worker) }
          var (square, miss) = (0.0, 0.0)
          for j in r * d ..< (r + 1) * d {
            square += Double(g[j] * g[j])
            // D − x = σ (z + σ s).
            miss += Double((g[j] + z[j]) * (g[j] + z[j]))
          }
          own[0] += square
          own[1] += sigma * sigma * miss
          own[2] += judge.error(
            x.slice(r * d, d), row: rows[(first + r) / draws], sigma: sigma, worker)
        }
      }
      let total = Double(rows.count * draws)
      func mean(_ part: Int) -> Double {
        stride(from: part, to: sums.count, by: 3).reduce(0.0) { $0 + sums.view[$1] } / total
      }
      let predicted = sigma * sigma * (Double(evaluator.dimension) - mean(0))
      result.append(
        DenoisingError(sigma: sigma, predicted: predicted, realised: mean(1), exact: mean(2)))
    }
    return result
  }
}

/// E[x | x̃] when x is one of finitely many rows: Σ w_i x_i, w ∝ exp(−‖x̃ − x_i‖²/(2σ²)).
private final class ExactDenoiser: Sendable {
  private let data: TrainingRows
  private let rows: RowList
  private let step: Int
  private let dimension: Int
  private let means: [Storage<Double>]

  init(
    _ data: TrainingRows, _ rows: RowList, most: Int, dimension: Int, workers: Int, memory: Memory
  ) throws {
    (self.data, self.rows, self.dimension) = (data, rows, dimension)
    step = max(1, (rows.count + most - 1) / most)
    means = try (0 ..< workers).map { _ in try Storage(memory, count: dimension) }
  }

  /// ‖E[x | x̃] − x‖² for x̃ made from `row`, which counts among the rows.
  func error(_ noisy: View<Float>, row: Int, sigma: Double, _ worker: Int) -> Double {
    let d = dimension
    let mean = means[worker].view
    mean.fill(0)
    func add(_ other: Int, _ weight: Double) {
      for j in 0 ..< d { mean[j] += weight * Double(data.values[other * d + j]) }
    }
    let own = distance(noisy, row)
    // Weights relative to that of the row itself, which is seldom far from the largest.
    var total = 1.0
    add(row, 1)
    for index in stride(from: 0, to: rows.count, by: step) where rows[index] != row {
      let weight = exp(min((own - distance(noisy, rows[index])) / (2 * sigma * sigma), 600))
      guard weight > 1e-12 else { continue }
      total += weight
      add(rows[index], weight)
    }
    var sum = 0.0
    for j in 0 ..< d {
      let miss = mean[j] / total - Double(data.values[row * d + j])
      sum += miss * miss
    }
    return sum
  }

  private func distance(_ noisy: View<Float>, _ row: Int) -> Double {
    var sum: Float = 0
    for j in 0 ..< dimension {
      let difference = noisy[j] - data.values[row * dimension + j]
      sum += difference * difference
    }
    return Double(sum)
  }
}

enum DenoisingKey {
  static let draws = OptionKey<Int>("draws", 1 ... 100_000, default: 4, "Noise draws a row")
  static let reference = OptionKey<Int>(
    "reference", 1 ... 1_000_000, default: 2000,
    "At most so many rows make the exact denoiser; evenly chosen")
  static let seed = OptionKey<UInt64>("seed", "Of the draws")
}

extension OptionTable {
  package static let denoising = OptionTable(
    "denoising", [DenoisingKey.draws, DenoisingKey.reference, DenoisingKey.seed])
}
