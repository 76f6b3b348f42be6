import Core
import Glibc
import Kernels
import Platform

/// Signs [rows, columns] as bits, one that is set for −1: weights of a bootstrap, or labels of two
/// samples.
///
/// Column 0 is +1 throughout, and so are those that fill the last stretch.
final class SignMatrix: Sendable {
  /// A multiple of `stretch`.
  let columns: Int
  let rows: Int
  private let bits: Storage<UInt32>

  /// Columns that are multiplied at a time.
  static let stretch = 256

  private init(rows: Int, used: Int, memory: Memory) throws {
    self.rows = rows
    columns = (used + SignMatrix.stretch - 1) / SignMatrix.stretch * SignMatrix.stretch
    bits = try Storage(memory, count: rows * (columns / 32))
  }

  /// The words of one row; bit b of word w is column 32 w + b.
  private func words(_ row: Int) -> View<UInt32> {
    bits.view.slice(row * (columns / 32), columns / 32)
  }

  /// The signs of one row, `y.count` of them, a multiple of 32.
  func unpack(row: Int, from column: Int, into y: View<Float>) {
    y.unpackSigns(words(row).slice(column / 32, y.count / 32))
  }

  /// `count` paths of a Markov chain of signs that changes with probability a, after column 0.
  ///
  ///     W₁ = ±1,   W_t = −W_{t−1} with probability a, else W_{t−1}
  ///
  /// Chwialkowski, Strathmann & Gretton (2016), section 4. a = ½: independent signs. Each stretch
  /// of `length` rows begins anew.
  convenience init(
    paths count: Int, rows: Int, length: Int, change: Double, seed: UInt64, memory: Memory,
    monitor: any Monitor
  ) throws {
    try self.init(rows: rows, used: 1 + count, memory: memory)
    let u = try Storage<Float>(memory, count: count)
    let source = RandomSource(seed: seed, stream: Stream.bootstrap, step: 0)
    for row in 0 ..< rows {
      try monitor.poll()
      u.view.fillUniform(rows: 1, columns: count, source, firstRow: UInt64(row))
      let begins = row % length == 0
      let limit = Float(begins ? 0.5 : change)
      set(row, from: 1, count, after: begins ? nil : row - 1) { u.view[$0] < limit }
    }
  }

  /// The labels of two samples in one, `first` rows of +1 and then −1, in column 1, and `count`
  /// permutations of them.
  ///
  /// By selection sampling, row after row: Knuth, The Art of Computer Programming 2, section 3.4.2,
  /// algorithm S.
  convenience init(
    permutations count: Int, rows: Int, first: Int, seed: UInt64, memory: Memory,
    monitor: any Monitor
  ) throws {
    try self.init(rows: rows, used: 2 + count, memory: memory)
    let u = try Storage<Float>(memory, count: count)
    let left = try Storage<Int>(memory, count: count)
    left.view.fill(first)
    let source = RandomSource(seed: seed, stream: Stream.permutations, step: 0)
    for row in 0 ..< rows {
      try monitor.poll()
      u.view.fillUniform(rows: 1, columns: count, source, firstRow: UInt64(row))
      set(row, from: 1, 1, after: nil) { _ in row >= first }
      set(row, from: 2, count, after: nil) { b in
        let chosen = Double(u.view[b]) * Double(rows - row) < Double(left.view[b])
        if chosen { left.view[b] -= 1 }
        return !chosen
      }
    }
  }

  /// Flips the signs from `column` on where `body` says so, against those of the row `before` or
  /// against +1.
  private func set(
    _ row: Int, from column: Int, _ count: Int, after before: Int?, _ body: (Int) -> Bool
  ) {
    let own = words(row)
    let past = before.map(words)
    for index in 0 ..< count {
      let (word, bit) = ((column + index) / 32, UInt32((column + index) % 32))
      let flipped: UInt32 = body(index) ? 1 : 0
      own[word] |= (flipped << bit) ^ ((past?[word] ?? 0) & (1 << bit))
    }
  }
}
