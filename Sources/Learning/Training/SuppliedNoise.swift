import Core
import Kernels
import Models
package import Platform

/// Noise of the caller's: from rows, levels and random bits make noisy rows, and the gradient of
/// log q(noisy | row) in them.
///
/// All in units of u. Runs on the thread of the call, and throws when the caller's function fails.
package protocol NoiseSource: Sendable {
  func perturb(
    rows: Int, dimension: Int, sigma: View<Double>, x: View<Double>, bits: View<UInt64>,
    noisy: View<Double>, score: View<Double>
  ) throws
}

/// Rows that the caller's noise made, from number `first` on: noisy, and σ ∇ log q.
struct SuppliedRows {
  let first: Int
  let count: Int
  let dimension: Int
  let noisy: View<Float>
  let target: View<Float>

  /// Copies rows from number `index` on; behind the last the first stands in.
  func copy(_ index: Int, _ rows: Int, into x: View<Float>, _ t: View<Float>) {
    let d = dimension
    for r in 0 ..< rows {
      let own = index - first + r < count ? index - first + r : 0
      x.slice(r * d, d).copy(noisy.slice(own * d, d))
      t.slice(r * d, d).copy(target.slice(own * d, d))
    }
  }
}

/// The caller's noise with memory for up to so many rows at a time.
final class SuppliedNoise {
  private let source: any NoiseSource
  private let dimension: Int
  private let sigma: View<Double>
  private let x: View<Double>
  private let bits: View<UInt64>
  private let noisy: View<Double>
  private let score: View<Double>
  private let noisyRows: View<Float>
  private let target: View<Float>

  init(_ source: any NoiseSource, rows: Int, dimension: Int, memory: Memory) throws {
    let count = rows * dimension
    self.source = source
    self.dimension = dimension
    sigma = try Storage<Double>(memory, count: rows).view
    x = try Storage<Double>(memory, count: count).view
    bits = try Storage<UInt64>(memory, count: count).view
    noisy = try Storage<Double>(memory, count: count).view
    score = try Storage<Double>(memory, count: count).view
    noisyRows = try Storage<Float>(memory, count: count).view
    target = try Storage<Float>(memory, count: count).view
  }

  /// Noise for draws `first` to first + count − 1.
  func rows(
    _ count: Int, first: Int, data: TrainingRows, seed: UInt64, step: UInt32, evaluation: Bool,
    _ draw: (Int) -> Draw
  ) throws -> SuppliedRows {
    let d = dimension
    let random = DrawSource(seed: seed, step: step, evaluation: evaluation).source(Stream.noise)
    for r in 0 ..< count {
      let known = draw(first + r)
      sigma[r] = known.sigma
      for j in 0 ..< d { x[r * d + j] = Double(data.values[known.row * d + j]) }
      let row = UInt64(first + r)
      for j in stride(from: 0, to: d, by: 2) {
        let words = random.words(row: row, block: UInt32(j / 2))
        bits[r * d + j] = UInt64(words[1]) << 32 | UInt64(words[0])
        if j + 1 < d { bits[r * d + j + 1] = UInt64(words[3]) << 32 | UInt64(words[2]) }
      }
    }
    try source.perturb(
      rows: count, dimension: d, sigma: sigma.slice(0, count), x: x.slice(0, count * d),
      bits: bits.slice(0, count * d), noisy: noisy.slice(0, count * d),
      score: score.slice(0, count * d))
    for r in 0 ..< count {
      for j in r * d ..< (r + 1) * d {
        noisyRows[j] = Float(noisy[j])
        target[j] = Float(sigma[r] * score[j])
        guard noisyRows[j].isFinite, target[j].isFinite else {
          throw SteinError(
            .notFinite, "the noise function gave a value that is not finite, in row \(r)")
        }
      }
    }
    return SuppliedRows(
      first: first, count: count, dimension: d, noisy: noisyRows, target: target)
  }
}
