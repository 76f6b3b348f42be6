package import Core
import Kernels
package import Platform

/// How far two samples are apart, by the means of a kernel.
///
///     MMD² = E k(a, a′) + E k(b, b′) − 2 E k(a, b),   a ≠ a′, b ≠ b′
///
/// Gretton, Borgwardt, Rasch, Schölkopf & Smola (2012), "A Kernel Two-Sample Test", lemma 6:
/// unbiased, so it may be negative. Scales and length are of both samples together, as if rows had
/// no labels.
package struct MeanDiscrepancy {
  private let context: Context
  private let options: Options
  private let monitor: any Monitor
  /// Rows of a, then those of b.
  private let pooled: RowBlocks
  private let first: Int

  package init(
    _ context: Context, a: TensorView, b: TensorView, options: String, monitor: any Monitor
  ) throws {
    (self.context, self.monitor) = (context, monitor)
    self.options = try Options(options, .meanDiscrepancy)
    (pooled, first) = try RowBlocks.pooled(
      a, b, scale: self.options[Key.scale], memory: context.memory, monitor: monitor)
  }

  package func measure(withPValue: Bool) throws -> Discrepancy {
    try options.knowing(SteinDiscrepancy.Key.wantsPValue, withPValue).check()
    let kernel = try RadialKernel(
      options[Key.kernel], length: options[Key.length], exponent: options[Key.exponent], pooled,
      context: context, monitor: monitor)
    let permutations = options[Key.permutations]
    let signs =
      withPValue
      ? try SignMatrix(
        permutations: permutations, rows: pooled.rows, first: first,
        seed: options[Key.seed], memory: context.memory, monitor: monitor) : nil
    let pairs = PairSums(rows: pooled.rows, split: first, signs: signs, factor: 1)
    let sums = try pairs.run(context, monitor: monitor) { [pooled] in
      try pooled.squaredDistances(of: $1, firstBlock: $2, blocks: $3, into: $4, $5)
      for place in stride(from: 0, to: 8 * $3, by: 8) {
        $4.setEight(place, kernel.value($4.eight(place)))
      }
    }
    let (m, n) = (Double(first), Double(pooled.rows - first))
    let (ofA, ofB, across) = (2 / m / (m - 1), 2 / n / (n - 1), 2 / m / n)
    let value = ofA * sums.first + ofB * sums.second - across * sums.across
    guard value.isFinite else {
      throw SteinError(.diverged, "the rows are so far apart that their discrepancy is not finite")
    }
    // With labels w: Σ_aa + Σ_bb ± Σ_ab = Q(1), Q(w) and 2 (Σ_aa − Σ_bb) = L(w).
    let share = signs.map { _ in
      rank(of: 1, among: 2 ... permutations + 1) { column in
        let (all, own) = (sums.quadratic[0], sums.quadratic[column])
        return 0.25 * (ofA + ofB) * (all + own) + 0.25 * (ofA - ofB) * sums.linear[column]
          - 0.5 * across * (all - own)
      }
    }
    return Discrepancy(value: value, pValue: share)
  }
}

extension RowBlocks {
  /// The rows of two samples, those of `a` first, over the scales of both together; and how many
  /// are of `a`.
  static func pooled(
    _ a: TensorView, _ b: TensorView, scale: ColumnScales.Kind, memory: Memory,
    monitor: any Monitor
  ) throws -> (RowBlocks, first: Int) {
    let (one, other) = (try Draws(a, "a"), try Draws(b, "b"))
    guard one.columns == other.columns else {
      throw SteinError(
        .badShape, "b has rows of \(other.columns) numbers, a of \(one.columns)", argument: "b")
    }
    let blocks = try RowBlocks(memory, rows: one.rows + other.rows, columns: one.columns)
    try one.copy(into: blocks, from: 0, memory: memory, monitor: monitor)
    try other.copy(into: blocks, from: one.rows, memory: memory, monitor: monitor)
    try ColumnScales(scale, of: blocks, memory: memory, monitor: monitor).divide(blocks)
    return (blocks, one.rows)
  }
}
