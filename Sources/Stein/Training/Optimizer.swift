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
final class Optimizer {
  private static let block = 4096

  let lanes: Int
  private let count: Int
  private let laneStride: Int
  /// Lanes of gradients, one after the other.
  private let laneSums: View<Float>
  private let gradient: View<Float>
  /// The gradient with the loss behind it and room for what ranks tell each other.
  private let exchanged: View<Float>
  private let blockNorms: View<Double>
  private let weights: Weights
  private let workers: Workers
  private var adam = AdamStep(rate: 0, beta1: 0, beta2: 0, epsilon: 1, step: 1, averageDecay: 0)
  private var scale = 1.0
  private var reducing: Job?
  private var updating: Job?

  init(_ weights: Weights, lanes: Int, laneStride: Int, context: Context) throws {
    count = weights.parameters.count
    self.weights = weights
    self.lanes = lanes
    self.laneStride = laneStride
    workers = context.workers
    let blocks = max(1, (count + Optimizer.block - 1) / Optimizer.block)
    laneSums = try Storage<Float>(context.memory, count: lanes * laneStride).view
    exchanged = try Storage<Float>(context.memory, count: count + 1 + Ranks.tailCount).view
    gradient = exchanged.slice(0, count)
    blockNorms = try Storage<Double>(context.memory, count: blocks).view
    reducing = Job { [unowned self] _, block in reduceBlock(block) }
    updating = Job { [unowned self] _, block in updateBlock(block) }
  }

  func lane(_ index: Int) -> View<Float> { laneSums.slice(index * laneStride, laneStride) }

  private var blocks: Int { (count + Optimizer.block - 1) / Optimizer.block }

  private func range(_ block: Int) -> (start: Int, count: Int) {
    let start = block * Optimizer.block
    return (start, min(Optimizer.block, count - start))
  }

  /// Adds the lanes up, over all ranks if there are several, and returns the gradient's norm.
  func reduce(loss: inout Double, _ ranks: Ranks? = nil) throws -> Double {
    if let reducing { workers.run(tasks: blocks, reducing) }
    if let ranks {
      exchanged[count] = Float(loss)
      try ranks.sum(exchanged)
      loss = Double(exchanged[count])
      for block in 0 ..< blocks {
        let (start, length) = range(block)
        blockNorms[block] = gradient.slice(start, length).squaredNorm
      }
    }
    var sum = 0.0
    for block in 0 ..< blocks { sum += blockNorms[block] }
    return sum.squareRoot()
  }

  private func reduceBlock(_ block: Int) {
    let (start, length) = range(block)
    let part = gradient.slice(start, length)
    let source = laneSums.slice(start, laneSums.count - start)
    part.sumLanes(of: source, stride: laneStride, lanes: lanes)
    blockNorms[block] = part.squaredNorm
  }

  /// Moves the weights; `scale` multiplies the gradient, to limit its norm.
  func update(_ adam: AdamStep, scale: Double) {
    self.adam = adam
    self.scale = scale
    if let updating { workers.run(tasks: blocks, updating) }
  }

  private func updateBlock(_ block: Int) {
    let (start, length) = range(block)
    let part = gradient.slice(start, length)
    if scale != 1 { part.scale(by: Float(scale)) }
    adam.update(
      weights.parameters.view.slice(start, length), gradient: part,
      first: weights.first.view.slice(start, length),
      second: weights.second.view.slice(start, length),
      average: weights.average.view.slice(start, length))
  }
}
