package import Execution

/// What a row asks of the shard that it is in.
package enum RowWork: Sendable {
  /// Layers, of which the widest is so wide: their weights are read for each shard anew.
  case layers(widest: Int)
  /// Convolutions, row by row, with so many numbers in the finest layer.
  case picture(elements: Int)
}

/// How many rows a shard of work has: a fixed function of the shapes, so that results never depend
/// on how work was cut.
package enum ShardRows {
  /// 1 MiB: what a worker's second cache holds.
  private static let cached = 1 << 18
  /// Numbers in the finest layer of a shard of pictures, which pay for what is done once a shard;
  /// in training, where a shard adds to the gradients of all the weights, more of them.
  private static let pictures = (usual: 1 << 15, training: 1 << 17)

  /// Wide layers pay for many rows at a time.
  ///
  /// A batch of a few shards keeps a few threads busy.
  package static func most(_ work: RowWork, batch: Int? = nil) -> Int {
    var (rows, least) = (1, 32)
    switch work {
    case .layers(let width):
      guard batch != nil else { return width <= 256 ? 64 : 256 }
      rows = width <= 256 ? 128 : 256
    case .picture(let elements):
      rows = batch == nil ? 64 : 16
      let most = batch == nil ? pictures.usual : pictures.training
      while rows > 1, rows * elements > most { rows /= 2 }
      guard batch != nil else { return rows }
      least = min(rows, 4)
    }
    while rows > least, rows * 4 > batch ?? 0 { rows /= 2 }
    return rows
  }

  /// What `make` makes for at most so many rows: half as many, and again, until a shard's values
  /// stay in the cache, or need no more of it than the weights and what is computed from them.
  ///
  /// Values of pictures do not stay there in any case.
  package static func fitted<Made>(
    _ work: RowWork, most: Int, _ make: (_ rows: Int) throws -> (Made, Program)
  ) rethrows -> Made {
    let (made, program) = try make(most)
    if case .picture = work { return made }
    let room = max(cached, 3 * program.parameters.count)
    var (rows, count) = (most, program.frameCount)
    while rows > 8, count > room { (rows, count) = (rows / 2, count / 2) }
    return try rows == most ? made : make(rows).0
  }
}
