package import Core
import Glibc
import Kernels
package import Platform

/// How far two samples are apart, by their projections on random directions.
///
///     SW_p = (E_θ ∫₀¹ |A_θ⁻¹(t) − B_θ⁻¹(t)|^p dt)^{1/p},   θ uniform on the sphere, A_θ⁻¹ the quantiles of θ · a
///
/// Bonneel, Rabin, Peyré & Pfister (2015), "Sliced and Radon Wasserstein Barycenters of Measures".
/// The integral is exact, for any numbers of rows.
package struct SlicedWasserstein {
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
    self.options = try Options(options, .slicedWasserstein)
    (pooled, first) = try RowBlocks.pooled(
      a, b, scale: self.options[Key.scale], memory: context.memory, monitor: monitor)
    try self.options.knowing(Key.hasDirections, pooled.columns > 1).check()
  }

  private struct Scratch {
    let normal: Storage<Float>
    let direction: Storage<Double>
    let projections: Storage<Double>
    let sorting: Storage<Double>

    init(_ memory: Memory, _ sample: RowBlocks) throws {
      normal = try Storage(memory, count: sample.columns)
      direction = try Storage(memory, count: sample.columns)
      projections = try Storage(memory, count: sample.blocks * 8)
      sorting = try Storage(memory, count: sample.rows)
    }
  }

  package func measure() throws -> Double {
    // On a line both directions say the same.
    let count = pooled.columns == 1 ? 1 : options[Key.projections]
    let squares = options[Key.order] != 1
    let costs = try Storage<Double>(context.memory, count: count)
    let scratch = try (0 ..< context.workers.count).map { _ in
      try Scratch(context.memory, pooled)
    }
    let run = RowRun(rows: count, shardRows: 1, monitor: monitor)
    try run.run(context.workers) { worker, projection, _ in
      let own = scratch[worker]
      let check = { try run.check(worker) }
      direction(projection, own)
      try pooled.projections(own.direction.view, into: own.projections.view, check)
      let a = own.projections.view.slice(0, first)
      let b = own.projections.view.slice(first, pooled.rows - first)
      try a.sort(scratch: own.sorting.view, check)
      try b.sort(scratch: own.sorting.view, check)
      costs.view[projection] = try transport(a, b, squares: squares, check)
    }
    let mean = costs.view.sum / Double(count)
    guard mean.isFinite else {
      throw SteinError(.diverged, "the rows are so large that their distance is not finite")
    }
    return squares ? mean.squareRoot() : mean
  }

  /// θ = z/‖z‖ with z from N(0, I).
  private func direction(_ projection: Int, _ own: Scratch) {
    let source = RandomSource(
      seed: options[Key.seed], stream: Stream.directions, step: 0)
    let (z, theta) = (own.normal.view, own.direction.view)
    z.fillNormal(rows: 1, columns: z.count, source, firstRow: UInt64(projection))
    let norm = z.squaredNorm.squareRoot()
    for c in 0 ..< z.count { theta[c] = norm > 0 ? Double(z[c]) / norm : 0 }
    if norm == 0 { theta[0] = 1 }
  }

  /// ∫₀¹ |A⁻¹(t) − B⁻¹(t)|^p dt of sorted values: mass moves in rising order, that of a row being
  /// 1/m and 1/n.
  private func transport(
    _ a: View<Double>, _ b: View<Double>, squares: Bool, _ check: () throws -> Void
  ) throws -> Double {
    let (m, n) = (a.count, b.count)
    // In units of 1/(m n), what is left of the rows at i and j.
    var (i, j, leftA, leftB, sum, steps) = (0, 0, n, m, 0.0, 0)
    while i < m, j < n {
      steps += 1
      if steps % (1 << 18) == 0 { try check() }
      let moved = min(leftA, leftB)
      let distance = abs(a[i] - b[j])
      sum += Double(moved) * (squares ? distance * distance : distance)
      leftA -= moved
      leftB -= moved
      if leftA == 0 { (i, leftA) = (i + 1, n) }
      if leftB == 0 { (j, leftB) = (j + 1, m) }
    }
    return sum / Double(m) / Double(n)
  }
}
