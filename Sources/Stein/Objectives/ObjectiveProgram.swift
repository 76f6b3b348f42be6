import Execution
import Graph

/// An objective on a family, ready to run on shards: the loss of each row and, for training, the gradient of their weighted sum.
struct ObjectiveProgram: Sendable {
  let objective: Objective
  let program: Program
  let rows: Int
  let dimension: Int
  let classes: Int

  // Numbers of the inputs.
  let x: Int
  let noise: Int
  let sigma: Int
  /// Of each row in the sum; only where there are gradients.
  let weight: Int?
  let label: Int?
  /// Uniforms, from which random signs are made.
  let projections: [Int]
  let dropout: [Int]
  let dropoutWidths: [Int]

  init(
    _ objective: Objective, _ family: any Family, _ description: ModelDescription, training: Bool
  ) throws {
    let (dimension, classes) = (description.dimension, description.classes.count)
    let rows = ObjectiveProgram.shardRows(objective, width: family.width, dimension: dimension)
    var graph = Graph()
    func input(_ graph: inout Graph, _ columns: Int) -> Node { graph.input([rows, columns]) }
    let (start, z) = (input(&graph, dimension), input(&graph, dimension))
    let level = input(&graph, 1)
    let hot = classes > 0 ? input(&graph, classes) : nil
    let weights = training ? input(&graph, 1) : nil
    var uniforms: [Node] = []
    if case .slicedVR(let count) = objective {
      for _ in 0 ..< count { uniforms.append(input(&graph, dimension)) }
    }
    let widths = training ? family.dropoutWidths : []
    var masks: [Node] = []
    for width in widths { masks.append(input(&graph, width)) }
    let all = graph.inputs
    func number(_ node: Node) -> Int { all.firstIndex(of: node) ?? 0 }
    self.objective = objective
    (self.dimension, self.classes, self.rows) = (dimension, classes, rows)
    (x, noise, sigma) = (number(start), number(z), number(level))
    label = hot.map(number)
    weight = weights.map(number)
    projections = uniforms.map(number)
    dropout = masks.map(number)
    dropoutWidths = widths

    let parameters = family.parameters.map { graph.parameter($0.shape) }
    let noisy = graph.add(start, graph.multiply(level, z))
    let inputs = ModelInputs(x: noisy, sigma: level, label: hot, dropout: masks)
    let loss: Node
    switch objective {
    case .denoising:
      let scaled = family.scaledScore(&graph, parameters, inputs)
      loss = graph.denoisingLoss(
        scaledScore: scaled, noise: z, sigma: level, sigmaData: description.sigmaData)
    case .exact:
      loss = graph.exactScoreMatchingLoss(score: family.score(&graph, parameters, inputs), x: noisy)
    case .slicedVR:
      let signs = uniforms.map { graph.sign(graph.subtract($0, graph.constant(0.5))) }
      loss = graph.slicedScoreMatchingLoss(
        score: family.score(&graph, parameters, inputs), x: noisy, projections: signs)
    }
    var gradients: [Node] = []
    if let weights {
      gradients = graph.gradient(of: graph.multiply(weights, loss), withRespectTo: parameters)
    }
    program = try Program(graph, rows: [loss], sums: gradients)
  }

  /// Exact score matching carries D tangents a row, so it takes fewer rows at a time.
  private static func shardRows(_ objective: Objective, width: Int, dimension: Int) -> Int {
    let usual = Stein.shardRows(width: width)
    guard objective == .exact else { return usual }
    var rows = usual
    while rows > 8, rows * dimension * width > 1 << 20 { rows /= 2 }
    return rows
  }
}
