import Core
import Platform

/// The scale of each column of a sample.
struct ColumnScales {
  enum Kind: String, Sendable, CaseIterable {
    /// √(Σ (x − mean)²/n).
    case deviation
    /// 1.4826 · median |x − median|, the deviation of a normal law; the deviation where that is 0.
    case robust
    /// 1.
    case none
  }

  private let scales: Storage<Double>
  private let monitor: any Monitor

  /// A column that does not vary has scale 1.
  init(_ kind: Kind, of sample: RowBlocks, memory: Memory, monitor: any Monitor) throws {
    scales = try Storage(memory, count: sample.columns)
    self.monitor = monitor
    scales.view.fill(1)
    guard kind != .none else { return }
    let column = try Storage<Double>(memory, count: sample.rows)
    let scratch = try Storage<Double>(memory, count: sample.rows)
    for c in 0 ..< sample.columns {
      try monitor.poll()
      for r in 0 ..< sample.rows { column.view[r] = sample[r, c] }
      let deviation = ColumnScales.deviation(column.view)
      var scale = deviation
      if kind == .robust, deviation > 0 {
        let middle = try median(column.view, scratch.view)
        for r in 0 ..< sample.rows { column.view[r] = abs(column.view[r] - middle) }
        let spread = try 1.4826 * median(column.view, scratch.view)
        if spread > 0 { scale = spread }
      }
      if scale.isNormal { scales.view[c] = scale }
    }
  }

  /// 0 for a column that varies by rounding alone.
  private static func deviation(_ x: View<Double>) -> Double {
    let n = Double(x.count)
    var (largest, mean, squares) = (0.0, 0.0, 0.0)
    for r in 0 ..< x.count {
      largest = max(largest, abs(x[r]))
      mean += x[r] / n
    }
    // In units of the largest, so that no square overflows.
    guard largest > 0, largest.isFinite else { return 0 }
    for r in 0 ..< x.count {
      let off = x[r] / largest - mean / largest
      squares += off * off
    }
    let relative = (squares / n).squareRoot()
    return relative < 1e-12 ? 0 : relative * largest
  }

  /// Sorts x.
  private func median(_ x: View<Double>, _ scratch: View<Double>) throws -> Double {
    try x.sort(scratch: scratch) { try monitor.poll() }
    let half = x.count / 2
    return x.count % 2 == 1 ? x[half] : 0.5 * x[half - 1] + 0.5 * x[half]
  }

  /// Each column over its scale.
  func divide(_ sample: RowBlocks) throws { try apply(sample) { $0 / $1 } }

  /// Each column times its scale: gradients in the units of rows that were divided.
  func multiply(_ scores: RowBlocks) throws { try apply(scores) { $0 * $1 } }

  private func apply(_ sample: RowBlocks, _ body: (Double, Double) -> Double) throws {
    let step = max(1, (1 << 16) / sample.columns)
    for r in 0 ..< sample.rows {
      if r % step == 0 { try monitor.poll() }
      for c in 0 ..< sample.columns { sample[r, c] = body(sample[r, c], scales.view[c]) }
    }
  }
}
