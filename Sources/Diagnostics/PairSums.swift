import Core
import Platform

/// Sums of a symmetric function h(i, j) over all pairs j < i of rows, and quadratic forms of it
/// with many signs.
///
/// A tile of 128 × 128 pairs is made, used and forgotten, so memory grows with the rows alone. For
/// signs W [rows, B] a tile H takes one product H · W of matrices, in single precision; the plain
/// sums are in Double. Tiles and the order of all sums follow from the number of rows.
struct PairSums {
  static let tile = 128

  /// h of a row with those of some blocks of eight, into [blocks · 8].
  typealias Fill = (
    _ worker: Int, _ row: Int, _ firstBlock: Int, _ blocks: Int, _ line: View<Double>,
    _ check: () throws -> Void
  ) throws -> Void

  let rows: Int
  /// The rows before it are the first group.
  let split: Int
  let signs: SignMatrix?
  /// Brings h into the range of single precision: |factor · h| ≤ 1.
  let factor: Double

  struct Result {
    /// Σ h over pairs inside the first group, inside the second, and across.
    var first = 0.0
    var second = 0.0
    var across = 0.0
    /// Σ w_i w_j h for each column of signs, times `factor`.
    let quadratic: View<Double>
    /// Σ (w_i + w_j) h, likewise.
    let linear: View<Double>
    fileprivate let forms: Storage<Double>
  }

  /// What one worker writes to.
  private struct Scratch {
    let line: Storage<Double>
    /// H, [tile, tile].
    let tile: Storage<Float>
    /// Signs of a tile's rows, [tile, stretch], and of one row, [columns].
    let signs: Storage<Float>
    let row: Storage<Float>
    /// H · W, [tile, columns].
    let product: Storage<Float>

    init(_ memory: Memory, columns: Int) throws {
      let t = columns > 0 ? PairSums.tile : 0
      line = try Storage(memory, count: PairSums.tile)
      tile = try Storage(memory, count: t * t)
      signs = try Storage(memory, count: t * SignMatrix.stretch)
      row = try Storage(memory, count: columns)
      product = try Storage(memory, count: t * columns)
    }
  }

  func run(_ context: Context, monitor: any Monitor, _ fill: @escaping Fill) throws -> Result {
    let (memory, t, columns) = (context.memory, PairSums.tile, signs?.columns ?? 0)
    let shards = (rows + t - 1) / t
    let sums = try Storage<Double>(memory, count: 3 * shards)
    let parts = try Storage<Double>(memory, count: 2 * columns * shards)
    let scratch = try (0 ..< context.workers.count).map { _ in
      try Scratch(memory, columns: columns)
    }
    let multiply =
      columns > 0 ? TileProduct(n: t, width: SignMatrix.stretch, stride: columns) : nil
    let run = RowRun(rows: rows, shardRows: t, monitor: monitor)
    try run.run(context.workers) { worker, first, _ in
      // The longest rows of tiles first, so that the workers end together.
      let shard = shards - 1 - first / t
      let own = scratch[worker]
      own.product.view.fill(0)
      for column in 0 ... shard {
        try makeTile(shard, column, own, sums.view.slice(3 * shard, 3)) {
          row, firstBlock, blocks in
          try run.check(worker)
          try fill(worker, row, firstBlock, blocks, own.line.view) { try run.check(worker) }
        }
        guard let signs, let multiply else { continue }
        for start in stride(from: 0, to: columns, by: SignMatrix.stretch) {
          try run.check(worker)
          unpack(signs, column, start, own.signs.view)
          let count = own.product.count - start
          multiply.add(
            own.tile.view, own.signs.view, to: own.product.view.slice(start, count))
        }
      }
      guard let signs else { return }
      let part = parts.view.slice(2 * columns * shard, 2 * columns)
      try fold(signs, shard, own, part) { try run.check(worker) }
    }
    return try total(sums.view, parts.view, shards, memory, monitor)
  }

  /// One tile of H below the diagonal: 0 from there on.
  private func makeTile(
    _ shard: Int, _ column: Int, _ own: Scratch, _ sums: View<Double>,
    _ fill: (_ row: Int, _ firstBlock: Int, _ blocks: Int) throws -> Void
  ) throws {
    let t = PairSums.tile
    own.tile.view.fill(0)
    for r in 0 ..< min(t, rows - shard * t) {
      let row = shard * t + r
      let count = column < shard ? t : r
      guard count > 0 else { continue }
      try fill(row, column * (t / 8), (count + 7) / 8)
      let line = own.line.view
      if row < split {
        sums[0] += line.slice(0, count).sum
      } else {
        let cut = min(max(split - column * t, 0), count)
        sums[1] += line.slice(0, cut).sum
        sums[2] += line.slice(cut, count - cut).sum
      }
      guard signs != nil else { continue }
      let h = own.tile.view.slice(r * t, t)
      for j in 0 ..< count { h[j] = Float(line[j] * factor) }
    }
  }

  /// Signs of the rows of a tile, [tile, stretch]; those of rows that are missing stay finite, and
  /// meet zeros.
  private func unpack(_ signs: SignMatrix, _ column: Int, _ start: Int, _ y: View<Float>) {
    let (t, width) = (PairSums.tile, SignMatrix.stretch)
    for r in 0 ..< min(t, rows - column * t) {
      signs.unpack(row: column * t + r, from: start, into: y.slice(r * width, width))
    }
  }

  /// Σ_i w_i (H W)_i and Σ_i ((H W)_i + w_i (H 1)_i) over the rows of a tile.
  private func fold(
    _ signs: SignMatrix, _ shard: Int, _ own: Scratch, _ part: View<Double>,
    _ check: () throws -> Void
  ) throws {
    let (t, columns) = (PairSums.tile, signs.columns)
    let (quadratic, linear) = (part.slice(0, columns), part.slice(columns, columns))
    let w = own.row.view
    for r in 0 ..< min(t, rows - shard * t) {
      try check()
      signs.unpack(row: shard * t + r, from: 0, into: w)
      let product = own.product.view.slice(r * columns, columns)
      let ones = Double(product[0])
      for b in 0 ..< columns {
        quadratic[b] += Double(w[b]) * Double(product[b])
        linear[b] += Double(product[b]) + Double(w[b]) * ones
      }
    }
  }

  private func total(
    _ sums: View<Double>, _ parts: View<Double>, _ shards: Int, _ memory: Memory,
    _ monitor: any Monitor
  ) throws -> Result {
    let columns = signs?.columns ?? 0
    let forms = try Storage<Double>(memory, count: 2 * columns)
    for shard in 0 ..< shards {
      try monitor.poll()
      for index in 0 ..< 2 * columns { forms.view[index] += parts[2 * columns * shard + index] }
    }
    var result = Result(
      quadratic: forms.view.slice(0, columns), linear: forms.view.slice(columns, columns),
      forms: forms)
    for shard in 0 ..< shards {
      result.first += sums[3 * shard]
      result.across += sums[3 * shard + 1]
      result.second += sums[3 * shard + 2]
    }
    return result
  }
}
