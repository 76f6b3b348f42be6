package import Core
package import Data
package import Graph

/// The caller's own model: a graph for one row, whose output is an energy, a log density or a
/// score.
package struct GraphModel: Family {
  package enum Output: String, Sendable, CaseIterable {
    case energy
    case logDensity = "log_density"
    case score
  }

  let program: GraphProgram
  let node: Int
  package let output: Output
  let dimension: Int

  init(_ program: GraphProgram, node: Int, output: Output, dimension: Int) throws {
    guard program.calls.indices.contains(node) else {
      throw SteinError(
        .badValue, "node \(node) is not in the graph, which has \(program.calls.count)",
        argument: "node")
    }
    let (program, node) = try program.pruned(to: node)
    (self.program, self.node, self.output, self.dimension) = (program, node, output, dimension)
    guard let columns = program.columns, program.varies[node] else {
      throw SteinError(.badValue, "the output does not depend on x", argument: "node")
    }
    guard columns == dimension else {
      throw SteinError(
        .badShape,
        "x has \(columns) columns; the data set has \(dimension), not counting constant ones, which no density has",
        argument: "dataset")
    }
    let shape = program.shapes[node]
    let fits = output == .score ? shape == [dimension] : shape.count == 1 && shape.rank <= 1
    guard fits else {
      let wanted =
        output == .score ? "a score is [\(dimension)]" : "an \(output.rawValue) is one number"
      throw SteinError(
        .badShape, "node \(node) has shape \(shape) for a row; \(wanted)", argument: "node")
    }
    guard !program.parameterNames.isEmpty else {
      throw SteinError(.badValue, "the graph has no parameter to train", argument: "graph")
    }
  }

  private init(dimension: Int) {
    (program, node, output, self.dimension) = (GraphProgram(), 0, .score, dimension)
  }

  /// For a description that has no graph, which none has.
  static func none(dimension: Int) -> GraphModel { GraphModel(dimension: dimension) }

  package var parameters: [ParameterSpec] { program.parameterSpecs() }
  package var isNoiseConditional: Bool { program.usesSigma }

  /// Rows of a shard are the usual few, however wide the nodes.
  package var work: RowWork { .layers(widest: 256) }

  package func energy(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node? {
    guard output != .score else { return nil }
    let value = built(&graph, parameters, inputs)
    let column = graph.reshape(value, [graph.shape(of: inputs.x)[0], 1])
    return output == .energy ? column : graph.negate(column)
  }

  package func score(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node {
    guard let energy = energy(&graph, parameters, inputs) else {
      return built(&graph, parameters, inputs)
    }
    return graph.negate(graph.gradient(of: energy, withRespectTo: [inputs.x])[0])
  }

  package func scaledScore(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs)
    -> Node
  {
    graph.multiply(inputs.sigma, score(&graph, parameters, inputs))
  }

  /// The output for every row.
  private func built(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node {
    let rows = graph.shape(of: inputs.x)[0]
    let replay = GraphReplay(rows: rows)
    var values: [GraphReplay.Value] = []
    var rest = parameters[...]
    for (index, call) in program.calls.enumerated() {
      let value: GraphReplay.Value
      switch call.operation {
      case .x: value = .init(node: inputs.x, rank: 1, isBatched: true)
      case .sigma:
        value = .init(node: graph.reshape(inputs.sigma, [rows]), rank: 0, isBatched: true)
      case .parameter:
        let own = rest.popFirst() ?? graph.constant(.nan)
        value = .init(node: own, rank: program.shapes[index].rank, isBatched: false)
      default: value = replay.node(&graph, call, call.inputs.map { values[$0] })
      }
      values.append(value)
    }
    return values[node].node
  }

  /// Why the second derivative of the energy is not what the graph says; nil if it is.
  package var kinkRefusal: String? {
    let kink = program.calls.indices.first { index in
      let call = program.calls[index]
      if call.operation == .select { return program.varies[call.inputs[0]] }
      return call.operation.hasKink && call.inputs.contains { program.varies[$0] }
    }
    guard let kink else { return nil }
    return
      "the energy uses \(program.calls[kink].operation.rawValue), whose kink its second derivative does not see; a smooth one (softplus, silu, tanh, log_sum_exp) has it"
  }
}

extension GraphModel {
  var json: JSON {
    .object([
      ("output", .string(output.rawValue)), ("node", .integer(node)),
      (
        "nodes",
        .array(
          program.calls.map { call in
            .object([
              ("operation", .string(call.operation.rawValue)),
              ("inputs", .array(call.inputs.map(JSON.integer))),
              ("options", .string(call.options.text)),
              ("shape", call.options.shape.map { .array($0.map(JSON.integer)) } ?? .null),
              ("value", call.literal.map { .array($0.map(JSON.number)) } ?? .null),
            ])
          })
      ),
    ])
  }

  /// Builds anew what `json` wrote; the file may be anybody's.
  init(_ json: JSON, dimension: Int) throws {
    func bad(_ what: String) -> SteinError { SteinError(.badFile, "the model's graph: \(what)") }
    guard let output = json["output"]?.string.flatMap(Output.init),
      let node = json["node"]?.integer,
      let calls = json["nodes"]?.array
    else { throw bad("its output or nodes") }
    var program = GraphProgram()
    do {
      for call in calls {
        guard let operation = call["operation"]?.string.flatMap(GraphOperation.init),
          let inputs = call["inputs"]?.integers, let text = call["options"]?.string
        else { throw bad("a node") }
        let literal = call["value"]?.doubles
        let shape = call["shape"]?.integers
        guard shape?.allSatisfy({ $0 > 0 && $0 <= GraphProgram.mostElements }) ?? true else {
          throw bad("a shape")
        }
        let options = try NodeOptions(saved: text, operation).with(shape: shape)
        _ = try program.append(
          .init(operation: operation, inputs: inputs, options: options, literal: literal))
      }
      try self.init(program, node: node, output: output, dimension: dimension)
    } catch let error as SteinError {
      throw bad(error.message)
    }
  }
}

extension Model {
  /// A model of the caller's own.
  package convenience init(
    context: Context, graph: GraphProgram, node: Int, dataset: Dataset, options text: String
  ) throws {
    let options = try Options(text, .model, chosen: ["family": FamilyKind.graph.rawValue])
      .knowing(ModelDescription.Key.hasLabels, dataset.labels != nil)
    if options.isSet("family") {
      throw Options.bad("family", "is not asked: a graph is a family of its own")
    }
    try options.check()
    var description = try ModelDescription(.graph, dataset, options)
    let output = options[GraphModel.Key.output]
    let model = try GraphModel(graph, node: node, output: output, dimension: description.dimension)
    description.familyParameters.graph = model
    description.network.noiseConditional = model.isNoiseConditional
    try description.checkDomain()
    let weights = try Model.start(
      description, dataset, seed: options[ModelDescription.Key.seed], memory: context.memory)
    self.init(context: context, description, weights: weights)
  }
}

extension GraphModel {
  static let definition = FamilyDefinition(
    options: [Key.output], isNoiseConditional: nil, allowsDomain: true, canBeSmall: true,
    isBoundedOnData: true, usualScaling: ModelDescription.Scaling.none
  ) { $0.familyParameters.graph ?? GraphModel.none(dimension: $0.dimension) }
}
