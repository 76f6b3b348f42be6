import Core
import Graph
package import Platform

/// A model of the caller's own as he wrote it: operations by name, for one row.
///
/// The rows axis is the library's affair: `GraphReplay` puts it in front of all that depends on the
/// row.
package struct GraphProgram: Sendable {
  struct Call: Sendable {
    let operation: GraphOperation
    let inputs: [Int]
    let options: NodeOptions
    /// Values of a constant.
    let literal: [Double]?
  }

  private(set) var calls: [Call] = []
  /// Of each call's result, for one row.
  private(set) var shapes: [Shape] = []
  /// Whether it depends on the row or on the noise level.
  private(set) var varies: [Bool] = []
  private(set) var usesSigma = false
  /// Columns of the row; nil before the first x.
  private(set) var columns: Int?
  /// Starts of parameters that came as values, by the parameter's number; not in files.
  private var starts: [Int: [Float]] = [:]
  private var graph = Graph()
  private var nodes: [Node] = []

  /// Numbers held by constants and starts.
  private var held = 0

  static let mostNodes = 4096
  static let mostElements = 1 << 20

  package init() {}

  var parameterNames: [String] { calls.filter { $0.operation == .parameter }.map(\.options.name) }

  /// Appends an operation and returns its number.
  ///
  /// Nothing changes where it throws.
  package mutating func append(
    _ name: String, inputs: [Int], options text: String, value: TensorView?
  ) throws -> Int {
    guard let operation = GraphOperation(rawValue: name) else {
      let all = GraphOperation.allCases.map(\.rawValue).joined(separator: ", ")
      throw SteinError(
        .badValue, "no operation '\(name.prefix(32))'; there are \(all)", argument: "operation")
    }
    let options = try NodeOptions(text, operation, isGiven: value != nil)
    let given = try value.map { try GraphProgram.values($0) }
    if given != nil, operation != .constant, operation != .parameter {
      throw SteinError(
        .badValue, "\(name) takes no value; constants and parameters do", argument: "value")
    }
    let shape = value?.shape ?? options.shape
    return try append(
      Call(
        operation: operation, inputs: inputs, options: options.with(shape: shape),
        literal: operation == .constant ? given ?? options.value.map { [$0] } : nil),
      start: operation == .parameter ? given : nil)
  }

  /// A scalar comes as [1] with no axis of its own.
  private static func values(_ tensor: TensorView) throws -> [Double] {
    guard tensor.type.isFloat, tensor.shape.count <= 4, !tensor.shape.contains(0) else {
      throw SteinError(
        .badShape,
        "value is \(tensor.type) of shape \(tensor.shape); it needs 1 to 4 axes of float32 or float64",
        argument: "value")
    }
    guard tensor.shape.reduce(1, *) <= GraphProgram.mostElements else {
      throw SteinError(
        .badShape, "value has more than \(GraphProgram.mostElements) elements", argument: "value")
    }
    let row = try Storage<Double>(Memory(), count: tensor.rowCount)
    var list: [Double] = []
    for r in 0 ..< tensor.rows {
      tensor.readRow(r, into: row.view)
      for c in 0 ..< tensor.rowCount {
        guard row.view[c].isFinite, abs(row.view[c]) <= Double(Float.greatestFiniteMagnitude) else {
          throw SteinError(.notFinite, "value holds \(row.view[c])", argument: "value")
        }
        list.append(row.view[c])
      }
    }
    return list
  }

  mutating func append(_ call: Call, start: [Double]? = nil) throws -> Int {
    let number = calls.count
    guard number < GraphProgram.mostNodes else {
      throw SteinError(
        .badState, "the graph has \(GraphProgram.mostNodes) nodes, the most there can be",
        argument: "graph")
    }
    try check(call)
    let size = (call.literal?.count ?? 0) + (start?.count ?? 0)
    guard held + size <= GraphProgram.mostElements else {
      throw SteinError(
        .badState,
        "the constants and starts of a graph hold at most \(GraphProgram.mostElements) numbers together",
        argument: "value")
    }
    // Tried on a copy: a misuse leaves the graph as it was.
    var trial = graph
    let replay = GraphReplay(rows: nil)
    let x = columns ?? call.options.columns
    let operands = call.inputs.map {
      GraphReplay.Value(node: nodes[$0], rank: shapes[$0].rank, isBatched: false)
    }
    let made: Node
    switch call.operation {
    case .x: made = trial.input([x])
    case .sigma: made = trial.input([])
    case .parameter: made = trial.parameter(Shape(call.options.shape ?? []))
    default: made = replay.node(&trial, call, operands).node
    }
    if let error = trial.error {
      // What is made of several operations says whose misuse it was.
      let name = call.operation.rawValue
      let message = error.message.hasPrefix(name) ? error.message : "\(name): \(error.message)"
      throw SteinError(.badShape, message, argument: "inputs")
    }
    let shape = trial.shape(of: made)
    // Rows and directions take an axis each of the five that there are.
    let isRow =
      call.operation == .x || call.operation == .sigma || call.inputs.contains { varies[$0] }
    guard shape.rank <= (isRow ? 3 : 4), shape.count <= GraphProgram.mostElements, shape.count > 0
    else {
      throw SteinError(
        .badShape,
        "\(call.operation.rawValue) gives \(shape); a node has at most 3 axes, 4 where it does not depend on x, and \(GraphProgram.mostElements) elements",
        argument: "inputs")
    }
    graph = trial
    held += size
    nodes.append(made)
    shapes.append(shape)
    calls.append(call)
    varies.append(isRow)
    if call.operation == .x { columns = x }
    if call.operation == .sigma { usesSigma = true }
    if let start { starts[number] = start.map { Float($0) } }
    return number
  }

  /// What the options and inputs of a call must be, apart from the shapes.
  private func check(_ call: Call) throws {
    let (operation, inputs) = (call.operation, call.inputs)
    for input in inputs where !calls.indices.contains(input) {
      throw SteinError(
        .badValue, "input \(input) is not a node of the graph, which has \(calls.count)",
        argument: "inputs")
    }
    guard operation.inputCounts.contains(inputs.count) else {
      let range = operation.inputCounts
      let wanted = range.count == 1 ? "\(range.lowerBound)" : "at least \(range.lowerBound)"
      throw SteinError(
        .badValue, "\(operation.rawValue) takes \(wanted) inputs, not \(inputs.count)",
        argument: "count")
    }
    func missing(_ key: String) -> SteinError {
      Options.bad(key, "is missing; \(operation.rawValue) needs it")
    }
    switch operation {
    case .x:
      guard columns == nil || call.options.columns == 0 || call.options.columns == columns else {
        throw Options.bad("columns", "is \(call.options.columns); x has \(columns ?? 0)")
      }
      if columns == nil, call.options.columns == 0 { throw missing("columns") }
    case .parameter:
      guard !call.options.name.isEmpty else { throw missing("name") }
      let isPlain = call.options.name.utf8.allSatisfy {
        (0x30 ... 0x39).contains($0) || (0x41 ... 0x5a).contains($0) || (0x61 ... 0x7a).contains($0)
          || [0x5f, 0x2e, 0x2d].contains($0)
      }
      guard isPlain, call.options.name.utf8.count <= 128, call.options.name != "__metadata__" else {
        throw Options.bad("name", "is not 1 to 128 of the letters A-Z, a-z, 0-9, _, . and -")
      }
      guard !parameterNames.contains(call.options.name) else {
        throw Options.bad("name", "is '\(call.options.name)', which another parameter has")
      }
      let count = (call.options.shape ?? []).reduce(1) {
        $0.multipliedReportingOverflow(by: $1).overflow ? .max : $0 * $1
      }
      guard count <= GraphProgram.mostElements, (call.options.shape ?? []).count <= 4 else {
        throw Options.bad("shape", "has more than 4 axes or \(GraphProgram.mostElements) elements")
      }
    case .constant: if call.literal == nil { throw missing("value") }
    case .reshape, .broadcast: if call.options.shape == nil { throw missing("shape") }
    case .slice:
      if call.options.starts == nil { throw missing("starts") }
      if call.options.sizes == nil { throw missing("sizes") }
    case .gather: if call.options.indices == nil { throw missing("indices") }
    case .power: if call.options.exponent == nil { throw missing("exponent") }
    case .sum, .mean, .max, .logSumExp, .transpose: try checkAxes(call)
    case .concatenate:
      let rank = call.inputs.first.map { shapes[$0].rank } ?? 0
      let axis = call.options.axis < 0 ? call.options.axis + rank : call.options.axis
      guard (0 ..< rank).contains(axis) else {
        throw SteinError(
          .badShape, "concatenate of \(shapes[call.inputs[0]]): no axis \(call.options.axis)",
          argument: "inputs")
      }
    default: break
    }
  }

  private func checkAxes(_ call: Call) throws {
    guard let axes = call.options.axes, let input = call.inputs.first else { return }
    let rank = shapes[input].rank
    let counted = axes.map { $0 < 0 ? $0 + rank : $0 }
    let isEach = call.operation != .transpose || counted.sorted() == Array(0 ..< rank)
    guard counted.allSatisfy({ (0 ..< rank).contains($0) }), Set(counted).count == counted.count,
      isEach
    else {
      throw SteinError(
        .badShape,
        "\(call.operation.rawValue) of \(shapes[input]): axes \(axes) are not \(call.operation == .transpose ? "each of" : "among") its axes",
        argument: "inputs")
    }
  }

  /// The calls that node `output` needs, as a program of their own, and the output's number there.
  func pruned(to output: Int) throws -> (program: GraphProgram, output: Int) {
    var needed = [Bool](repeating: false, count: calls.count)
    needed[output] = true
    for index in calls.indices.reversed() where needed[index] {
      for input in calls[index].inputs { needed[input] = true }
    }
    var program = GraphProgram()
    var numbers: [Int: Int] = [:]
    for index in calls.indices where needed[index] {
      let call = calls[index]
      let moved = Call(
        operation: call.operation, inputs: call.inputs.map { numbers[$0] ?? 0 },
        options: call.options, literal: call.literal)
      let number = try program.append(moved)
      program.starts[number] = starts[index]
      numbers[index] = number
    }
    return (program, numbers[output] ?? 0)
  }

  /// Lengths of the axes of a node's value for one row.
  package func shape(of node: Int) throws -> [Int] {
    guard shapes.indices.contains(node) else {
      throw SteinError(
        .badValue, "node \(node) is not in the graph, which has \(calls.count)", argument: "node")
    }
    return shapes[node].dims
  }

  /// The parameters as a family has them, in the order of the calls.
  func parameterSpecs() -> [ParameterSpec] {
    calls.indices.filter { calls[$0].operation == .parameter }.map { index in
      let options = calls[index].options
      let start = starts[index].map(ParameterSpec.Start.values) ?? options.start
      return ParameterSpec(name: options.name, shape: Shape(options.shape ?? []), start: start)
    }
  }
}
