import Core
import Data
package import Platform

/// Sums numbers in place over all ranks of a job, to the same bits on each; on the thread of the
/// call.
///
/// Throws `callbackFailed` when the caller's function fails.
package protocol AllReduce: AnyObject, Sendable {
  func sum(_ values: View<Float>) throws
  func sum(_ values: View<Double>) throws
}

/// A trainer's place among several, each of which has a part of the rows.
///
/// Rows are numbered over all ranks, rank after rank. Every rank draws the batch of a step alike,
/// by the same random numbers, and works on the rows of it that it has: so the sum of the ranks'
/// gradients is that of one rank with all rows, whatever the parts.
package final class Ranks {
  let rank: Int
  let count: Int
  /// Number of this rank's first row, and how many there are in all.
  let firstRow: Int
  let totalRows: Int
  /// Means of the columns over all ranks' rows, in the data's units, by which a checkpoint knows
  /// its data.
  let columnMeans: [Double]
  package let engine: any AllReduce
  /// The stop of this rank that the others have to be told of.
  private var failure: (any Error)?
  private let tail: View<Double>

  /// Numbers that go with each exchange: how many ranks stop, and the code of a callback in halves.
  static let tailCount = 3

  init(
    _ engine: any AllReduce, rank: Int, count: Int, dataset: Dataset, model: UInt64, memory: Memory
  ) throws {
    (self.engine, self.rank, self.count) = (engine, rank, count)
    let d = dataset.columnCount
    // Rows of each rank, sums of the columns, and the model's fingerprint in quarters.
    let shared = try Storage<Double>(memory, count: count + d + 4).view
    shared[rank] = Double(dataset.rowCount)
    for j in 0 ..< d { shared[count + j] = dataset.columns[j].mean * Double(dataset.rowCount) }
    func quarter(_ k: Int) -> Double { Double((model >> UInt64(16 * k)) & 0xffff) }
    for k in 0 ..< 4 { shared[count + d + k] = quarter(k) }
    try engine.sum(shared)
    guard (0 ..< 4).allSatisfy({ shared[count + d + $0] == Double(count) * quarter($0) }) else {
      throw SteinError(
        .badState,
        "the ranks' models or trainers differ; write rank 0's model to bytes, read them on every rank, and give the same options",
        argument: "trainer")
    }
    let rows = (0 ..< count).map { Int(shared[$0]) }
    guard rows.allSatisfy({ $0 > 0 }), rows[rank] == dataset.rowCount else {
      throw SteinError(
        .badValue,
        "the ranks' sums do not add up: was rank \(rank) given twice, or does the callback not sum?",
        argument: "rank")
    }
    firstRow = rows[..<rank].reduce(0, +)
    totalRows = rows.reduce(0, +)
    let total = totalRows
    columnMeans = (0 ..< d).map { shared[count + $0] / Double(total) }
    tail = try Storage<Double>(memory, count: 64).view
  }

  /// The row of this rank that a number over all ranks stands for; nil for another rank's.
  func local(_ row: Int, of rows: Int) -> Int? {
    let own = row - firstRow
    return own >= 0 && own < rows ? own : nil
  }

  /// Does this rank's part of a step; where it fails, the others are told with the next exchange.
  func part(_ body: () throws -> Void) {
    guard failure == nil else { return }
    do { try body() } catch { failure = error }
  }

  /// Sums float32 numbers of which the last `tailCount` are free for the tail; `use` gets them also
  /// where a rank stops.
  func sum(_ values: View<Float>, use: () -> Void = {}) throws {
    let place = values.count - Ranks.tailCount
    for (index, number) in announced.enumerated() { values[place + index] = Float(number) }
    try engine.sum(values)
    use()
    try heed((0 ..< Ranks.tailCount).map { Double(values[place + $0]) })
  }

  /// The same of float64 numbers, at most 61.
  func sum(_ values: inout [Double]) throws {
    for (index, number) in (values + announced).enumerated() { tail[index] = number }
    let used = tail.slice(0, values.count + Ranks.tailCount)
    try engine.sum(used)
    for index in values.indices { values[index] = used[index] }
    try heed((0 ..< Ranks.tailCount).map { used[values.count + $0] })
  }

  private var announced: [Double] {
    guard let failure else { return [0, 0, 0] }
    let code = UInt32(bitPattern: (failure as? SteinError)?.callbackCode ?? 0)
    return [1, Double(code >> 16), Double(code & 0xffff)]
  }

  /// Stops where a rank stopped: here with its own error, elsewhere with the code of its callback.
  private func heed(_ told: [Double]) throws {
    if let failure {
      self.failure = nil
      throw failure
    }
    guard told[0] > 0 else { return }
    let code = told[0] == 1 ? UInt32(told[1]) << 16 | UInt32(told[2]) : 0
    guard code != 0 else {
      throw SteinError(.cancelled, "another rank stopped the run", argument: "trainer")
    }
    throw SteinError(
      .callbackFailed, "a callback of another rank returned \(Int32(bitPattern: code))",
      argument: "trainer", callbackCode: Int32(bitPattern: code))
  }

  /// Whether the rows of all ranks are those of a checkpoint.
  func check(_ expected: (rows: Int, means: [Double]), _ dataset: Dataset) throws {
    let close = zip(expected.means, columnMeans).enumerated().allSatisfy { j, means in
      abs(means.0 - means.1) <= 1e-5 * (dataset.columns[j].deviation + abs(means.0))
    }
    guard expected.rows == totalRows, expected.means.count == columnMeans.count, close else {
      throw SteinError(
        .badValue,
        "the checkpoint was made with \(expected.rows) rows, the ranks have \(totalRows), or other ones",
        argument: "trainer")
    }
  }
}
