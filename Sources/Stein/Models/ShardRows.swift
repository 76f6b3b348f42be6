import Execution

/// How many rows a shard of work has: a fixed function of the shapes, so that results never depend on how work was cut.
enum ShardRows {
  /// 1 MiB: what a worker's second cache holds.
  private static let cached = 1 << 18

  /// Wide layers pay for many rows at a time: their weights are read for each shard anew.
  ///
  /// A batch of a few shards keeps a few threads busy.
  static func most(width: Int, batch: Int? = nil) -> Int {
    guard let batch else { return width <= 256 ? 64 : 256 }
    var rows = width <= 256 ? 128 : 256
    while rows > 32, rows * 4 > batch { rows /= 2 }
    return rows
  }

  /// What `make` makes for at most so many rows: half as many, and again, until a shard's values stay in the cache, or need no more
  /// of it than the weights and what is computed from them.
  static func fitted<Made>(
    most: Int, least: Int = 8, _ make: (_ rows: Int) throws -> (Made, Program)
  ) rethrows -> Made {
    let (made, program) = try make(most)
    let room = max(cached, 3 * program.parameters.count)
    var (rows, count) = (most, program.frameCount)
    while rows > least, count > room { (rows, count) = (rows / 2, count / 2) }
    return try rows == most ? made : make(rows).0
  }
}
