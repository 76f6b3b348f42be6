import Core
import Glibc
import Kernels
import Platform

/// A kernel of the distance alone, k(x, x′) = φ(ρ) with ρ = ‖x − x′‖², of eight pairs at once; φ(0)
/// = 1.
struct RadialKernel: Sendable {
  enum Kind: String, Sendable, CaseIterable {
    /// The inverse multiquadric, φ = (1 + ρ/ℓ²)^β with −1 < β < 0.
    case imq
    /// φ = exp(−ρ/(2ℓ²)).
    case gaussian
  }

  let kind: Kind
  /// 1/ℓ².
  private let rate: Double
  private let exponent: Double

  init(_ kind: Kind, length: Double, exponent: Double) {
    (self.kind, self.exponent) = (kind, exponent)
    rate = 1 / (length * length)
  }

  func value(_ rho: D8) -> D8 {
    switch kind {
    case .imq: power(1 + rho * rate)
    case .gaussian: map(rho * (-0.5 * rate)) { exp($0) }
    }
  }

  /// φ, φ′ and φ″.
  func derivatives(_ rho: D8) -> (D8, D8, D8) {
    let value = value(rho)
    switch kind {
    case .imq:
      let q = 1 + rho * rate
      let first = value * (exponent * rate) / q
      return (value, first, first * ((exponent - 1) * rate) / q)
    case .gaussian:
      return (value, value * (-0.5 * rate), value * (0.25 * rate * rate))
    }
  }

  /// q^β.
  private func power(_ q: D8) -> D8 {
    exponent == -0.5 ? 1 / squareRoots(q) : map(q) { pow($0, exponent) }
  }

  @inline(__always) private func map(_ x: D8, _ f: (Double) -> Double) -> D8 {
    var y = D8()
    for lane in 0 ..< 8 { y[lane] = f(x[lane]) }
    return y
  }
}

/// The median distance between different rows, of all or of 512 that are spread evenly over them; 1
/// where all are alike.
func medianDistance(_ sample: RowBlocks, context: Context, monitor: any Monitor) throws -> Double {
  let count = min(sample.rows, 512)
  let some = try RowBlocks(context.memory, rows: count, columns: sample.columns)
  for r in 0 ..< count {
    if r % 16 == 0 { try monitor.poll() }
    let (whole, rest) = sample.rows.quotientAndRemainder(dividingBy: count)
    let from = r * whole + r * rest / count
    for c in 0 ..< sample.columns { some[r, c] = sample[from, c] }
  }
  let pairs = try Storage<Double>(context.memory, count: count * (count - 1) / 2)
  let lines = try (0 ..< context.workers.count).map { _ in
    try Storage<Double>(context.memory, count: some.blocks * 8)
  }
  let run = RowRun(rows: count, shardRows: 1, monitor: SilentMonitor(monitor))
  try run.run(context.workers) { worker, row, _ in
    let line = lines[worker].view
    try some.squaredDistances(of: row, firstBlock: 0, blocks: row / 8 + 1, into: line) {
      try run.check(worker)
    }
    pairs.view.slice(row * (row - 1) / 2, row).copy(line.slice(0, row))
  }
  let scratch = try Storage<Double>(context.memory, count: pairs.count)
  try pairs.view.sort(scratch: scratch.view) { try monitor.poll() }
  var same = 0
  while same < pairs.count, pairs.view[same] == 0 { same += 1 }
  let rest = pairs.count - same
  guard rest > 0 else { return 1 }
  let (low, high) = (pairs.view[same + (rest - 1) / 2], pairs.view[same + rest / 2])
  let median = 0.5 * (low.squareRoot() + high.squareRoot())
  return median.isNormal ? median : 1
}
