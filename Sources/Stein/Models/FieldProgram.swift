import Execution
import Graph

/// The fields of a model that are evaluated row by row.
enum Field: String, Sendable {
  /// σ s, in units of u.
  case scaledScore
  case energy
  /// ∂(σ s_j)/∂u_i, [D, R, D] with i first.
  case jacobian
}

/// A field made ready: a program for shards of fixed rows, with inputs u [R, D], σ [R, 1] and, with classes, labels [R, C].
struct FieldProgram: Sendable {
  let program: Program
  let rows: Int

  init(_ field: Field, _ family: any Family, _ description: ModelDescription) throws {
    rows = FieldProgram.rows(field, family, dimension: description.dimension)
    var graph = Graph()
    let x = graph.input([rows, description.dimension])
    let sigma = graph.input([rows, 1])
    let classes = description.classes.count
    let label = classes > 0 ? graph.input([rows, classes]) : nil
    let inputs = ModelInputs(x: x, sigma: sigma, label: label, dropout: [])
    let parameters = family.parameters.map { graph.parameter($0.shape) }
    let output: Node
    switch field {
    case .scaledScore: output = family.scaledScore(&graph, parameters, inputs)
    case .jacobian:
      let d = description.dimension
      let axes = graph.reshape(graph.identity(d), [d, 1, d])
      let tangents = graph.broadcast(axes, [d, rows, d])
      let score = family.scaledScore(&graph, parameters, inputs)
      output = graph.pushforward(of: [score], along: [(variable: x, tangent: tangents)])[0]
    case .energy:
      guard let energy = family.energy(&graph, parameters, inputs) else {
        throw SteinError(
          .unsupported,
          "family=\(description.family.rawValue) gives a score without an energy; energy_mlp has one",
          argument: "model")
      }
      output = energy
    }
    program = try Program(graph, rows: [output])
  }

  /// A Jacobian takes D tangents a row, so fewer rows at a time.
  private static func rows(_ field: Field, _ family: any Family, dimension: Int) -> Int {
    var rows = shardRows(width: family.width)
    guard field == .jacobian else { return rows }
    while rows > 1, rows * dimension * max(dimension, family.width) > 1 << 21 { rows /= 2 }
    return rows
  }
}

/// Rows of a shard: a fixed function of the shapes, so that results never depend on how work was cut.
func shardRows(width: Int) -> Int { width <= 256 ? 64 : 256 }
