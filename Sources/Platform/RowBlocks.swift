package import Kernels

/// Rows of numbers in blocks of eight, [blocks, columns, 8]: what sums over pairs of rows are made
/// from.
package final class RowBlocks: Sendable {
  package let rows: Int
  package let columns: Int
  /// Of eight rows; those that are missing in the last one are 0.
  package let blocks: Int
  private let storage: Storage<Double>
  /// Products between two looks at the monitor: about a millisecond.
  private static let piece = 1 << 20

  package init(_ memory: Memory, rows: Int, columns: Int) throws(OutOfMemory) {
    (self.rows, self.columns) = (rows, columns)
    blocks = rows / 8 + (rows % 8 > 0 ? 1 : 0)
    let (size, overflow) = (blocks * 8).multipliedReportingOverflow(by: columns)
    guard !overflow else { throw OutOfMemory(bytes: .max) }
    storage = try Storage(memory, count: size)
  }

  package subscript(row: Int, column: Int) -> Double {
    get { storage.view[(row / 8 * columns + column) * 8 + row % 8] }
    set { storage.view[(row / 8 * columns + column) * 8 + row % 8] = newValue }
  }

  /// Calls `body` for stretches of blocks and of columns, with a look at the monitor between them.
  private func inPieces(
    _ blocks: Int, _ check: () throws -> Void,
    _ body: (_ first: Int, _ count: Int, Range<Int>) -> Void
  ) throws {
    let width = min(columns, RowBlocks.piece / 8)
    let height = max(1, RowBlocks.piece / max(8 * width, 1))
    for first in stride(from: 0, to: blocks, by: height) {
      for column in stride(from: 0, to: columns, by: max(width, 1)) {
        body(first, min(height, blocks - first), column ..< min(column + width, columns))
        if columns * blocks * 8 > RowBlocks.piece { try check() }
      }
    }
  }

  /// ‖x_row − x_j‖² for the rows j of some blocks.
  package func squaredDistances(
    of row: Int, firstBlock: Int, blocks: Int, into distances: View<Double>,
    _ check: () throws -> Void
  ) throws {
    assert(distances.count >= blocks * 8 && firstBlock + blocks <= self.blocks)
    distances.slice(0, blocks * 8).fill(0)
    let x = storage.view
    try inPieces(blocks, check) { first, count, range in
      unsafe addSquaredDistances(
        x.base, columns: columns, row: row, firstBlock: firstBlock + first, blocks: count,
        range: range, distances.base + first * 8)
    }
  }

  /// ‖x − x′‖², s · s′ and (s′ − s) · (x − x′) of a row x with those of some blocks, each [blocks ·
  /// 8].
  ///
  /// `scores`: s, of the same shape as the rows.
  package func steinSums(
    _ scores: RowBlocks, of row: Int, firstBlock: Int, blocks: Int,
    into sums: (distances: View<Double>, products: View<Double>, crosses: View<Double>),
    _ check: () throws -> Void
  ) throws {
    assert(scores.rows == rows && scores.columns == columns)
    let (x, s) = (storage.view, scores.storage.view)
    for sum in [sums.distances, sums.products, sums.crosses] {
      assert(sum.count >= blocks * 8)
      sum.slice(0, blocks * 8).fill(0)
    }
    try inPieces(blocks, check) { first, count, range in
      let place = first * 8
      unsafe addSteinSums(
        x.base, s.base, columns: columns, row: row, firstBlock: firstBlock + first, blocks: count,
        range: range, sums.distances.base + place, sums.products.base + place,
        sums.crosses.base + place)
    }
  }

  /// x_j · direction for every row j; [blocks · 8].
  package func projections(
    _ direction: View<Double>, into projections: View<Double>, _ check: () throws -> Void
  ) throws {
    assert(direction.count >= columns && projections.count >= blocks * 8)
    projections.slice(0, blocks * 8).fill(0)
    let x = storage.view
    try inPieces(blocks, check) { first, count, range in
      unsafe addProjections(
        x.base, columns: columns, firstBlock: first, blocks: count, range: range,
        direction: direction.base, projections.base)
    }
  }
}

extension View where Element == Double {
  /// Eight elements from `start` on.
  package func eight(_ start: Int) -> D8 {
    assert(start + 8 <= count)
    return unsafe UnsafeRawPointer(base + start).loadUnaligned(as: D8.self)
  }

  package func setEight(_ start: Int, _ values: D8) {
    assert(start + 8 <= count)
    unsafe UnsafeMutableRawPointer(base + start).storeBytes(of: values, as: D8.self)
  }

  /// Σ of all, in a fixed order.
  package var sum: Double { unsafe Kernels.sum(base, count: count) }

  /// Into rising order; `check` is called now and then, and may throw.
  package func sort(scratch: View<Double>, _ check: () throws -> Void) throws {
    assert(scratch.count >= count)
    try unsafe RadixSort(base, scratch: scratch.base, count: count).run(check)
  }
}

extension View where Element == Float {
  /// Becomes the signs of 32 · words.count bits: −1 where one is set, else 1.
  package func unpackSigns(_ words: View<UInt32>) {
    assert(count >= words.count * 32)
    for word in 0 ..< words.count { unsafe Kernels.unpackSigns(words[word], base + 32 * word) }
  }
}

/// C += A · B for row-major squares A [n, n] and stretches of rows of C and B [n, width], whose
/// rows are `stride` apart in C.
package struct TileProduct: Sendable {
  private let product: MatrixMultiply

  package init(n: Int, width: Int, stride: Int) {
    product = MatrixMultiply(
      rows: n, columns: width, inner: n, lda: n, ldb: width, ldc: stride, transposeA: false,
      accumulate: true)
  }

  package func add(_ a: View<Float>, _ b: View<Float>, to c: View<Float>) {
    unsafe product(a.base, b.base, c.base)
  }
}
