import Execution

/// The numbers that training carries from step to step, each a flat vector laid out as the parameters.
struct Weights: Sendable {
  let parameters: Storage<Float>
  let first: Storage<Float>
  let second: Storage<Float>
  let average: Storage<Float>

  init(count: Int, memory: Memory) throws {
    parameters = try Storage(memory, count: count)
    first = try Storage(memory, count: count)
    second = try Storage(memory, count: count)
    average = try Storage(memory, count: count)
  }

  /// With the names under which a checkpoint keeps them.
  var all: [(name: String, storage: Storage<Float>)] {
    [("parameters", parameters), ("first", first), ("second", second), ("average", average)]
  }

  func copy(_ other: Weights) {
    for (own, theirs) in zip(all, other.all) { own.storage.view.copy(theirs.storage.view) }
  }
}

/// One step of the optimiser: the gradient's lanes are added up, its norm is limited, Adam moves the parameters.
///
/// Work is cut into blocks of fixed size, so that every sum has one order.
struct Optimizer: Sendable {
  static let block = 4096

  let count: Int
  let lanes: Int
  let laneStride: Int
  /// Lanes of gradients, one after the other.
  let laneSums: Storage<Float>
  let gradient: Storage<Float>
  private let blockNorms: Storage<Double>

  init(count: Int, lanes: Int, laneStride: Int, memory: Memory) throws {
    self.count = count
    self.lanes = lanes
    self.laneStride = laneStride
    laneSums = try Storage(memory, count: lanes * laneStride)
    gradient = try Storage(memory, count: count)
    blockNorms = try Storage(memory, count: max(1, (count + Optimizer.block - 1) / Optimizer.block))
  }

  func lane(_ index: Int) -> View<Float> { laneSums.view.slice(index * laneStride, laneStride) }

  private var blocks: Int { (count + Optimizer.block - 1) / Optimizer.block }

  private func range(_ block: Int) -> (start: Int, count: Int) {
    let start = block * Optimizer.block
    return (start, min(Optimizer.block, count - start))
  }

  /// Adds the lanes up and returns the gradient's norm.
  func reduce(_ workers: Workers) -> Double {
    workers.run(tasks: blocks) { _, block in
      let (start, length) = range(block)
      let part = gradient.view.slice(start, length)
      let source = laneSums.view.slice(start, laneSums.count - start)
      part.sumLanes(of: source, stride: laneStride, lanes: lanes)
      blockNorms.view[block] = part.squaredNorm
    }
    return (0 ..< blocks).reduce(0.0) { $0 + blockNorms.view[$1] }.squareRoot()
  }

  /// `scale`: of the gradient, to limit its norm.
  func update(_ weights: Weights, _ adam: AdamStep, scale: Double, _ workers: Workers) {
    workers.run(tasks: blocks) { _, block in
      let (start, length) = range(block)
      let part = gradient.view.slice(start, length)
      if scale != 1 { part.scale(by: Float(scale)) }
      adam.update(
        weights.parameters.view.slice(start, length), gradient: part,
        first: weights.first.view.slice(start, length),
        second: weights.second.view.slice(start, length),
        average: weights.average.view.slice(start, length))
    }
  }
}
