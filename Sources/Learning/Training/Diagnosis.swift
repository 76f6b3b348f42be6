import Core
import Data
import Glibc
import Models
import Platform

/// What a finished training says of its model: denoising errors over the noise levels, and
/// warnings.
struct Diagnosis: Sendable {
  struct Level: Sendable {
    let train: DenoisingError
    /// Of rows held out.
    let validation: DenoisingError?
  }

  let levels: [Level]
  let dimension: Int
  let isOneLevel: Bool

  /// Of so many rows, of pictures fewer, of which each is a lot of work.
  private static let mostRows = (usual: 256, pictures: 32)

  /// Nil where denoising does not apply.
  init?(_ trainer: Trainer, monitor: any Monitor) throws {
    let now = trainer.model.snapshot
    let range = trainer.plan.levels.range
    guard now.description.trained, now.description.noiseKernel == .gaussian, range.lowerBound > 0,
      now.description.domain == .real
    else { return nil }
    dimension = now.description.dimension
    isOneLevel = range.lowerBound == range.upperBound
    let count = isOneLevel ? 1 : 7
    // From the lowest level to σ_data, in equal ratios.
    let top = min(max(now.description.sigmaData, range.lowerBound), range.upperBound)
    let sigmas = (0 ..< count).map { index in
      range.lowerBound
        * pow(top / range.lowerBound, count > 1 ? Double(index) / Double(count - 1) : 0)
    }
    func errors(_ rows: RowList) throws -> [DenoisingError] {
      let most = Diagnosis.mostRows
      let step = max(1, rows.count / (trainer.plan.isOfPictures ? most.pictures : most.usual))
      let some = try RowList(rows, every: step, memory: trainer.model.context.memory)
      return try trainer.model.denoisingErrors(
        now, trainer.data, some, sigmas, draws: 1, reference: 1000, seed: trainer.plan.seed,
        monitor: monitor)
    }
    guard !trainer.trainRows.isEmpty else { return nil }
    let train = try errors(trainer.trainRows)
    let held =
      trainer.validationRows.isEmpty || !trainer.hasHeldOut
      ? nil : try errors(trainer.validationRows)
    levels = train.enumerated().map { Level(train: $1, validation: held?[$0]) }
  }

  var json: JSON {
    .array(
      levels.map { level in
        .object([
          ("sigma", .number(level.train.sigma)), ("dimension", .number(level.train.dimension)),
          ("predicted", .number(level.train.predicted)), ("error", .number(level.train.realised)),
          ("validation", level.validation.map { .number($0.realised) } ?? .null),
          ("exact", .number(level.train.exact)),
        ])
      })
  }

  var warnings: [String] {
    var list: [String] = []
    if isOneLevel, let only = levels.first, only.train.dimension < 0.6 * Double(dimension) {
      list.append(
        "at its one noise level \(rounded(only.train.sigma)) the data look \(rounded(only.train.dimension))-dimensional in \(dimension) columns: off that manifold the score is badly known; train over many levels (noise_conditional=true)"
      )
    }
    // Rows known by heart are denoised far better than rows held out.
    let gap = levels.compactMap { level -> (sigma: Double, share: Double)? in
      guard let held = level.validation, held.realised > 0 else { return nil }
      return (level.train.sigma, level.train.realised / held.realised)
    }.min { $0.share < $1.share }
    if let gap, gap.share < 0.6 {
      list.append(
        "memorisation: at noise level \(rounded(gap.sigma)) rows of training are denoised with \(rounded(gap.share)) of the error of rows held out; train for fewer steps, with a smaller network or with dropout"
      )
    }
    // Without rows held out: below the distance between rows only the data themselves look like
    // points.
    let point = levels.first { level in
      let square = level.train.sigma * level.train.sigma
      return level.validation == nil && level.train.exact < 0.3 * square
        && level.train.realised < 0.5 * square
    }
    if let point {
      list.append(
        "memorisation: noise of level \(rounded(point.train.sigma)) is taken off rows of training almost whole, as if they were the only ones there are; train for fewer steps, with a smaller network or with dropout"
      )
    }
    return list
  }
}

/// Three digits of a number, for sentences.
func rounded(_ x: Double) -> String {
  let scale = pow(10, 2 - (abs(x) > 0 ? log10(abs(x)).rounded(.down) : 0))
  let value = (x * scale).rounded() / scale
  return value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)"
}
