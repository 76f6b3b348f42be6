import Core
import Platform

/// For how many rows draws of chains are remembered, 1 for independent rows: the longest time among
/// series of each column.
///
///     τ = 1 + 2 Σ_l ρ(l),   ρ(l) = Σ_i (f_i − f̄)(f_{i+l} − f̄) / Σ_i (f_i − f̄)²,   f = x_c, s_c and x_c s_c
///
/// The sum ends at the first l ≥ 5 τ: Sokal (1997), "Monte Carlo Methods in Statistical Mechanics",
/// section 3. x s is where draws whose places alternate, as those of NUTS, but whose energies do
/// not, are seen to be slow: E x_c s_c = −1 under the density.
struct AutocorrelationTime {
  private let memory: Memory
  private let monitor: any Monitor
  /// Rows of one chain.
  private let length: Int
  private let series: View<Double>

  static func longest(
    _ x: RowBlocks, _ scores: RowBlocks, length: Int, memory: Memory, monitor: any Monitor
  ) throws -> Double {
    let storage = try Storage<Double>(memory, count: x.rows)
    let time = AutocorrelationTime(
      memory: memory, monitor: monitor, length: length, series: storage.view)
    var longest = 1.0
    for c in 0 ..< x.columns {
      longest = max(longest, try time.of { x[$0, c] })
      longest = max(longest, try time.of { scores[$0, c] })
      longest = max(longest, try time.of { x[$0, c] * scores[$0, c] })
    }
    return longest
  }

  private func of(_ value: (Int) -> Double) throws -> Double {
    try monitor.poll()
    let n = series.count
    for row in 0 ..< n { series[row] = value(row) }
    let mean = series.sum / Double(n)
    for row in 0 ..< n { series[row] -= mean }
    let variance = try covariance(0)
    guard variance > 0, variance.isFinite else { return 1 }
    var (tau, lag) = (1.0, 1)
    while lag < length / 4 {
      tau += 2 * (try covariance(lag)) / variance
      if Double(lag) >= 5 * tau { break }
      lag += 1
    }
    return tau
  }

  private func covariance(_ lag: Int) throws -> Double {
    var sum = 0.0
    for start in stride(from: 0, to: series.count, by: length) {
      for piece in stride(from: start, to: start + length - lag, by: 1 << 16) {
        try monitor.poll()
        for i in piece ..< min(piece + 1 << 16, start + length - lag) {
          sum += series[i] * series[i + lag]
        }
      }
    }
    return sum
  }
}
