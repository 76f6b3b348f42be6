package import Platform
import Synchronization

/// A call over many rows, cut into shards that the workers share: stops when asked to, and knows
/// which rows are whole.
package final class RowRun: Sendable {
  let rows: Int
  let shardRows: Int
  private let monitor: any Monitor
  private let progress = ForkSafe(Progress())
  private let stopped = Atomic<Bool>(false)

  private struct Progress {
    var done: [Bool] = []
    var whole = 0
    var error: (shard: Int, error: any Error)?
  }

  /// Thrown to leave a shard; the reason is known elsewhere.
  private struct Left: Error {}

  package init(rows: Int, shardRows: Int, monitor: any Monitor) {
    self.rows = rows
    self.shardRows = shardRows
    self.monitor = monitor
    progress.withLock {
      $0.done = [Bool](repeating: false, count: (rows + shardRows - 1) / shardRows)
    }
  }

  /// Calls `body(worker, first row, number of rows)` for each shard.
  package func run(
    _ workers: Workers, _ body: (_ worker: Int, _ first: Int, _ count: Int) throws -> Void
  )
    throws
  {
    monitor.begin(steps: rows)
    try monitor.poll()
    let shards = (rows + shardRows - 1) / shardRows
    workers.run(tasks: shards) { worker, shard in
      do {
        try check(worker)
        let first = shard * shardRows
        try body(worker, first, min(shardRows, rows - first))
        finish(shard)
      } catch {
        fail(error, shard)
      }
    } waiting: {
      do { try monitor.poll() } catch { fail(error, -1) }
    }
    if let failure = progress.withLock({ $0.error }) { throw failure.error }
    if stopped.load(ordering: .relaxed) || progress.withLock({ $0.whole < rows }) {
      try monitor.poll()
      throw SteinError(.cancelled, "the call was cancelled")
    }
  }

  /// Between two pieces of work in a shard: throws when the call is to stop.
  package func check(_ worker: Int) throws {
    if stopped.load(ordering: .relaxed) || monitor.stopRequested { throw Left() }
    if worker == 0 { try monitor.poll() }
  }

  private func finish(_ shard: Int) {
    let whole = progress.withLock { progress in
      progress.done[shard] = true
      while progress.whole < rows, progress.done[progress.whole / shardRows] {
        progress.whole = min(progress.whole + shardRows, rows)
      }
      return progress.whole
    }
    monitor.report(step: whole)
  }

  /// Of several failures the one of the first shard is kept, so that the message does not depend on
  /// chance.
  private func fail(_ error: any Error, _ shard: Int) {
    stopped.store(true, ordering: .relaxed)
    guard !(error is Left) else { return }
    progress.withLock { progress in
      if let known = progress.error, known.shard <= shard { return }
      progress.error = (shard, error)
    }
  }
}
