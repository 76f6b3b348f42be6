import Core
import Execution
import Platform

/// The numbers that training carries from step to step, each a flat vector laid out as the
/// parameters.
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

/// One step of the optimiser: the gradient's lanes are added up, its norm is limited, Adam moves
/// the parameters.
///
/// Work is cut into stripes that follow from the shapes, so that every sum has one order.
final class Optimizer {
  private static let stripe = 4096

  let lanes: Int
  private let count: Int
  private let program: Program
  /// Lanes of gradients, one after the other.
  private let laneSums: View<Float>
  private let gradient: View<Float>
  /// The gradient with the loss behind it and room for what ranks tell each other.
  private let exchanged: View<Float>
  private let stripes: [ParameterLayout.Stripe]
  private let norms: View<Double>
  private let weights: Weights
  private let workers: Workers
  private let trace: Trace?
  /// Called after the parameters of a stripe moved, by the worker who moved them.
  private let moved: (ParameterLayout.Stripe) -> Void
  private var adam = AdamStep(rate: 0, beta1: 0, beta2: 0, epsilon: 1, step: 1, averageDecay: 0)
  private var scale = 1.0
  private var reducing: Job?
  private var updating: Job?
  private var doingBoth: Job?

  init(
    _ weights: Weights, _ program: Program, lanes: Int, context: Context,
    moved: @escaping (ParameterLayout.Stripe) -> Void
  ) throws {
    count = weights.parameters.count
    self.weights = weights
    self.lanes = lanes
    self.moved = moved
    self.program = program
    workers = context.workers
    trace = context.trace
    stripes = program.parameters.stripes(of: Optimizer.stripe)
    laneSums = try Storage<Float>(context.memory, count: lanes * program.sums.count).view
    exchanged = try Storage<Float>(context.memory, count: count + 1 + Ranks.tailCount).view
    gradient = exchanged.slice(0, count)
    norms = try Storage<Double>(context.memory, count: max(stripes.count, 1)).view
    reducing = Job { [unowned self] _, index in reduce(index) }
    updating = Job { [unowned self] _, index in update(index) }
    doingBoth = Job { [unowned self] _, index in
      reduce(index)
      update(index)
    }
  }

  func lane(_ index: Int) -> View<Float> {
    laneSums.slice(index * program.sums.count, program.sums.count)
  }

  /// Moves the weights against the gradient that lies in the lanes, and returns its norm, which is
  /// brought down to `clip` first where that is above 0.
  func step(_ adam: AdamStep, clip: Double) -> Double {
    self.adam = adam
    scale = 1
    guard clip > 0 else {
      run(doingBoth)
      return norm
    }
    run(reducing)
    return update(clip: clip)
  }

  /// The same with the gradient and the loss of all ranks together.
  func step(
    _ adam: AdamStep, clip: Double, loss: inout Double, _ ranks: Ranks
  ) throws -> Double {
    self.adam = adam
    scale = 1
    run(reducing)
    exchanged[count] = Float(loss)
    try ranks.sum(exchanged)
    loss = Double(exchanged[count])
    for (index, stripe) in stripes.enumerated() {
      norms[index] = gradient.slice(stripe.start, stripe.count).squaredNorm
    }
    return update(clip: clip)
  }

  private func update(clip: Double) -> Double {
    let norm = norm
    if clip > 0, norm > clip { scale = clip / norm }
    run(updating)
    return norm
  }

  private func run(_ job: Job?) {
    guard let job else { return }
    guard let trace else { return workers.run(tasks: stripes.count, job) }
    trace.span("optimizer") { workers.run(tasks: stripes.count, job) }
  }

  private var norm: Double {
    var sum = 0.0
    for index in stripes.indices { sum += norms[index] }
    return sum.squareRoot()
  }

  private func reduce(_ index: Int) {
    let stripe = stripes[index]
    let part = gradient.slice(stripe.start, stripe.count)
    program.add(laneSums, lanes: lanes, of: stripe, into: part)
    norms[index] = part.squaredNorm
  }

  private func update(_ index: Int) {
    let stripe = stripes[index]
    let (start, length) = (stripe.start, stripe.count)
    let part = gradient.slice(start, length)
    if scale != 1 { part.scale(by: Float(scale)) }
    adam.update(
      weights.parameters.view.slice(start, length), gradient: part,
      first: weights.first.view.slice(start, length),
      second: weights.second.view.slice(start, length),
      average: weights.average.view.slice(start, length))
    moved(stripe)
  }
}
