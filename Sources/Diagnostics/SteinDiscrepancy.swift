package import Core
import Kernels
package import Platform

/// What a comparison of samples gives.
package struct Discrepancy: Sendable {
  /// The squared discrepancy.
  package let value: Double
  /// Nil where it was not asked for.
  package let pValue: Double?
}

/// How far rows are from a density that is known by its score alone.
///
///     KSD² = E u(x, x′)
///     u(x, x′) = s · s′ φ + 2 φ′ (s′ − s) · (x − x′) − 2 d φ′ − 4 φ″ ρ,   k = φ(ρ), ρ = ‖x − x′‖²
///
/// E u = 0 if the rows are from the density. Gorham & Mackey (2017), "Measuring Sample Quality with
/// Kernels"; Liu, Lee & Jordan (2016) and Chwialkowski, Strathmann & Gretton (2016) test by it.
/// Rows are divided by the columns' scales, and scores multiplied.
package struct SteinDiscrepancy {
  package enum Statistic: String, Sendable, CaseIterable {
    /// Σ_{i≠j} u/(n(n − 1)): unbiased for independent rows, and may be negative.
    case u
    /// Σ u/n²: the square of a distance.
    case v
  }

  private let context: Context
  private let options: Options
  private let monitor: any Monitor
  private let x: RowBlocks
  private let scores: RowBlocks
  /// Rows of one chain.
  private let length: Int

  package init(
    _ context: Context, x: TensorView, scores: TensorView, options: String, monitor: any Monitor
  ) throws {
    (self.context, self.monitor) = (context, monitor)
    self.options = try Options(options, .steinDiscrepancy)
    let rows = try Draws(x, "x", canBeChains: true)
    guard scores.shape == x.shape else {
      throw SteinError(
        .badShape, "scores has shape \(scores.shape); x has \(x.shape)", argument: "scores")
    }
    let gradients = try Draws(scores, "scores", canBeChains: true)
    let memory = context.memory
    length = rows.length
    self.x = try RowBlocks(memory, rows: rows.rows, columns: rows.columns)
    self.scores = try RowBlocks(memory, rows: rows.rows, columns: rows.columns)
    try rows.copy(into: self.x, from: 0, memory: memory, monitor: monitor)
    try gradients.copy(into: self.scores, from: 0, memory: memory, monitor: monitor)
    let scales = try ColumnScales(
      self.options[Key.scale], of: self.x, memory: memory, monitor: monitor)
    try scales.divide(self.x)
    try scales.multiply(self.scores)
  }

  package func measure(withPValue: Bool) throws -> Discrepancy {
    try options.knowing(Key.wantsPValue, withPValue).check()
    let kind = options[Key.kernel]
    let kernel = try RadialKernel(
      kind, length: options[Key.length], exponent: options[Key.exponent],
      usual: kind == .imq ? 1 : nil, x, context: context, monitor: monitor)
    let (n, d) = (x.rows, Double(x.columns))
    // u(x, x) = ‖s‖² − 2 d φ′(0); no |u(x, x′)| is above the largest, u being a kernel itself.
    let atZero = kernel.derivatives(.zero).1[0]
    var (trace, largest) = (0.0, 0.0)
    for r in 0 ..< n {
      try monitor.poll()
      var own = -2 * d * atZero
      for c in 0 ..< x.columns { own += scores[r, c] * scores[r, c] }
      trace += own
      largest = max(largest, own)
    }
    let signs = withPValue ? try paths() : nil
    let pairs = PairSums(rows: n, split: n, signs: signs, factor: 1 / largest)
    let scratch = try (0 ..< context.workers.count).map { _ in
      try Storage<Double>(context.memory, count: 2 * PairSums.tile)
    }
    let sums = try pairs.run(context, monitor: monitor) { [x, scores] in
      let (products, crosses) = (
        scratch[$0].view.slice(0, PairSums.tile),
        scratch[$0].view.slice(PairSums.tile, PairSums.tile)
      )
      let line = $4
      try x.steinSums(
        scores, of: $1, firstBlock: $2, blocks: $3, into: (line, products, crosses), $5)
      for place in stride(from: 0, to: 8 * $3, by: 8) {
        let rho = line.eight(place)
        let (f, f1, f2) = kernel.derivatives(rho)
        let first = products.eight(place) * f + 2 * f1 * crosses.eight(place)
        line.setEight(place, first - 2 * d * f1 - 4 * f2 * rho)
      }
    }
    let count = Double(n)
    let value =
      options[Key.statistic] == .v
      ? (2 * sums.first + trace) / count / count : 2 * sums.first / count / (count - 1)
    guard value.isFinite, largest.isFinite else {
      throw SteinError(.diverged, "x or scores are so large that their discrepancy is not finite")
    }
    // The diagonal is the same with any signs, so that both statistics have one p-value.
    let share = signs.map { _ in
      rank(of: 0, among: 1 ... bootstraps) { sums.quadratic[$0] }
    }
    return Discrepancy(value: value, pValue: share)
  }

  private var bootstraps: Int { options[Key.bootstraps] }

  private func paths() throws -> SignMatrix {
    try SignMatrix(
      paths: bootstraps, rows: x.rows, length: length, change: change(),
      seed: options[Key.seed], memory: context.memory, monitor: monitor)
  }

  /// Signs last for 1 + 5 (τ − 1) rows: longer than draws are remembered, and one row where they
  /// are independent.
  private func change() throws -> Double {
    if let given = options[Key.changeProbability] { return given }
    let time = try AutocorrelationTime.longest(
      x, scores, length: length, memory: context.memory, monitor: monitor)
    return 0.5 / (1 + 5 * (time - 1))
  }
}

/// (1 + the number of values that are not below the observed one) / (1 + their number).
func rank(of observed: Int, among others: ClosedRange<Int>, _ value: (Int) -> Double) -> Double {
  let own = value(observed)
  let above = others.reduce(0) { $0 + (value($1) >= own ? 1 : 0) }
  return Double(1 + above) / Double(1 + others.count)
}

extension RadialKernel {
  /// A length that is not given is `usual`, else the median distance.
  init(
    _ kind: Kind, length: Double?, exponent: Double, usual: Double? = nil, _ sample: RowBlocks,
    context: Context, monitor: any Monitor
  ) throws {
    self.init(
      kind,
      length: try length ?? usual ?? medianDistance(sample, context: context, monitor: monitor),
      exponent: exponent)
  }
}
