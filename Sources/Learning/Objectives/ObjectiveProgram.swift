import Core
import Execution
import Graph
import Models

/// An objective on a family, ready to run on shards: the loss of each row and, for training, the
/// gradient of their weighted sum.
struct ObjectiveProgram: Sendable {
  /// A tensor of random numbers, filled anew for every shard.
  struct RandomInput: Sendable {
    let input: Int
    let columns: Int
    let isNormal: Bool
    let stream: UInt8
    /// Which of the tensors of one stream, or the first of these.
    let number: Int
    /// So many tensors [rows, columns] one after the other.
    let count: Int
  }

  let objective: Objective
  let program: Program
  let rows: Int
  let dimension: Int
  let classes: Int

  // Numbers of the inputs.
  let x: Int
  let sigma: Int
  /// λ of each row.
  let level: Int
  /// Of each row in the sum; only where there are gradients.
  let weight: Int?
  let label: Int?
  /// σ ∇ log q of noise that the caller supplies; x is then noisy already.
  let suppliedTarget: Int?
  let random: [RandomInput]

  init(
    _ objective: Objective, _ family: any Family, _ description: ModelDescription, training: Bool,
    isNoisy: Bool, innerSolve: Bool = true, precision: Precision = .float32, batch: Int? = nil,
    ofPart: Bool = false
  ) throws {
    func make(_ rows: Int, deep: Bool) throws -> (ObjectiveProgram, Program) {
      let made = try ObjectiveProgram(
        rows, objective, family, description, training: training, isNoisy: isNoisy, deep: deep,
        precision)
      return (made, made.program)
    }
    // A kernel's weights want many rows at once.
    if innerSolve, description.family.fit == .innerSolve {
      self = try make(256, deep: true).0
      return
    }
    var most = ShardRows.most(family.work, batch: batch)
    // A rank's part of a batch fills no whole number of shards: what is lost is half a shard.
    if ofPart { most = max(min(most, 32), most / 4) }
    self = try ShardRows.fitted(family.work, most: most) { try make($0, deep: false) }
  }

  private init(
    _ rows: Int, _ objective: Objective, _ family: any Family, _ description: ModelDescription,
    training: Bool, isNoisy: Bool, deep: Bool, _ precision: Precision
  ) throws {
    let (dimension, classes) = (description.dimension, description.classes.count)
    self.rows = rows
    var inputs = InputList(rows: rows)
    let (start, sigmaNode, levelNode) = (
      inputs.add(dimension), inputs.add(1), inputs.add(1)
    )
    let hot = classes > 0 ? inputs.add(classes) : nil
    let weights = training ? inputs.add(1) : nil
    let supplied = objective.kernel == .caller ? inputs.add(dimension) : nil
    let (count, normal) = objective.kernel.draws
    // At σ = 0 nothing is drawn.
    let draws = (0 ..< (isNoisy ? count : 0)).map {
      inputs.random(dimension, isNormal: normal, Stream.noise, $0)
    }
    let directions =
      objective.directionCount == 0
      ? nil
      : inputs.random(
        dimension, isNormal: objective.projectionDistribution.isNormal, Stream.projections, 0,
        count: objective.directionCount)
    let masks = (training ? family.dropoutWidths : []).enumerated().map { index, width in
      inputs.random(width, isNormal: false, Stream.dropout &+ UInt8(index), 0)
    }
    self.objective = objective
    (self.dimension, self.classes) = (dimension, classes)
    (x, sigma, level) = (inputs.number(start), inputs.number(sigmaNode), inputs.number(levelNode))
    label = hot.map { inputs.number($0) }
    weight = weights.map { inputs.number($0) }
    suppliedTarget = supplied.map { inputs.number($0) }
    random = inputs.random

    var graph = inputs.graph
    let parameters = family.parameters.map { graph.parameter($0.shape) }
    let none = graph.constant(0)
    var builder = LossBuilder(
      objective: objective, family: family, sigmaData: description.sigmaData,
      parameters: parameters, start: start, noisy: start,
      target: supplied ?? graph.broadcast(none, [rows, dimension]), sigma: sigmaNode,
      level: levelNode, label: hot, dropout: masks, directions: directions)
    if isNoisy, supplied == nil {
      let noise = objective.kernel.noise(&graph, draws)
      builder.noisy = graph.add(start, graph.multiply(sigmaNode, noise))
      builder.target = objective.kernel.target(&graph, noise)
    }
    let loss =
      deep
      ? try builder.innerSolveLoss(&graph, rows: rows) : builder.loss(&graph)
    var gradients: [Node] = []
    if let weights {
      gradients = graph.gradient(of: graph.multiply(weights, loss), withRespectTo: parameters)
    }
    program = try Program(
      graph, rows: [loss], sums: gradients, panels: true, precision: precision)
  }
}

/// The inputs of a program as they are made.
private struct InputList {
  var graph = Graph()
  let rows: Int
  private(set) var random: [ObjectiveProgram.RandomInput] = []

  init(rows: Int) { self.rows = rows }

  mutating func add(_ columns: Int) -> Node { graph.input([rows, columns]) }

  /// [rows, columns], or with a count [count, rows, columns].
  mutating func random(
    _ columns: Int, isNormal: Bool, _ stream: UInt8, _ number: Int, count: Int? = nil
  ) -> Node {
    let node = count.map { graph.input([$0, rows, columns]) } ?? add(columns)
    random.append(
      .init(
        input: self.number(node), columns: columns, isNormal: isNormal, stream: stream,
        number: number, count: count ?? 1))
    return node
  }

  func number(_ node: Node) -> Int { graph.inputs.firstIndex(of: node) ?? 0 }
}
