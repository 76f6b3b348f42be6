import Core
import Execution
import Graph

/// What is evaluated of a model, row by row.
package enum Field: Sendable, Hashable {
  /// σ s, in units of u.
  case scaledScore
  case energy
  /// σ s and E.
  case scaledScoreAndEnergy
  /// ∂(σ s_j)/∂u_i, [D, R, D] with i first.
  case jacobian
  /// σ s and the trace of its Jacobian, [R, 1].
  case scaledScoreAndTrace
  /// σ s and vᵀ ∂(σ s) v, [k, R], for k directions v, an input [k, R, D].
  case scaledScoreAndSlopes(directions: Int)
  /// σ s and its derivative along a direction, an input [R, D].
  case scaledScoreAndTangent

  var needsEnergy: Bool { self == .energy || self == .scaledScoreAndEnergy }
}

/// What tells one program of a model from another.
struct PreparedField: Hashable {
  let field: Field
  let precision: Precision
}

/// A field made ready: a program for shards of fixed rows, with inputs u [R, D], σ [R, 1], with
/// classes labels [R, C], then directions.
struct FieldProgram: Sendable {
  let program: Program
  let rows: Int

  init(
    _ field: Field, _ family: any Family, _ description: ModelDescription, _ precision: Precision
  ) throws {
    self = try ShardRows.fitted(family.work, most: ShardRows.most(family.work)) { rows in
      let made = try FieldProgram(rows, field, family, description, precision)
      return (made, made.program)
    }
  }

  private init(
    _ rows: Int, _ field: Field, _ family: any Family, _ description: ModelDescription,
    _ precision: Precision
  ) throws {
    self.rows = rows
    var graph = Graph()
    let x = graph.input([rows, description.dimension])
    let sigma = graph.input([rows, 1])
    let classes = description.classes.count
    let label = classes > 0 ? graph.input([rows, classes]) : nil
    let inputs = ModelInputs(x: x, sigma: sigma, label: label, dropout: [])
    let parameters = family.parameters.map { graph.parameter($0.shape) }
    let energy = family.energy(&graph, parameters, inputs)
    if field.needsEnergy, energy == nil {
      throw SteinError(
        .unsupported,
        "family=\(description.family.rawValue) gives a score without an energy; energy_mlp has one",
        argument: "model")
    }
    let none = graph.constant(.nan)
    if field == .energy {
      program = try Program(graph, rows: [energy ?? none], precision: precision)
      return
    }
    let score = family.scaledScore(&graph, parameters, inputs)
    var outputs = [score]
    switch field {
    case .scaledScore, .energy: break
    case .scaledScoreAndEnergy: outputs.append(energy ?? none)
    case .jacobian: outputs = [graph.jacobian(of: score, x)]
    case .scaledScoreAndTrace: outputs.append(graph.trace(score, energy, inputs))
    case .scaledScoreAndTangent:
      let v = graph.input([rows, description.dimension])
      outputs += graph.pushforward(of: [score], along: [(variable: x, tangent: v)])
    case .scaledScoreAndSlopes(let directions):
      let v = graph.input([directions, rows, description.dimension])
      let slopes = graph.pushforward(of: [score], along: [(variable: x, tangent: v)])[0]
      outputs.append(graph.dot(v, slopes))
    }
    program = try Program(graph, rows: outputs, precision: precision)
  }
}

extension Graph {
  /// [D, R, D], by forward mode along all axes at once.
  fileprivate mutating func jacobian(of score: Node, _ x: Node) -> Node {
    let (rows, d) = (shape(of: x)[0], shape(of: x)[1])
    let tangents = broadcast(reshape(identity(d), [d, 1, d]), [d, rows, d])
    return pushforward(of: [score], along: [(variable: x, tangent: tangents)])[0]
  }

  /// tr ∂(σ s)/∂u: −σ ΔE where there is an energy, else from the Jacobian.
  fileprivate mutating func trace(_ score: Node, _ energy: Node?, _ inputs: ModelInputs) -> Node {
    if let energy, let curvature = traceOfHessian(of: energy, inputs.x) {
      return negate(multiply(inputs.sigma, curvature))
    }
    let (rows, d) = (shape(of: inputs.x)[0], shape(of: inputs.x)[1])
    let axes = reshape(identity(d), [d, 1, d])
    let diagonal = broadcast(multiply(jacobian(of: score, inputs.x), axes), [d, rows, d])
    return reshape(sum(diagonal, axes: [0, 2]), [rows, 1])
  }
}
