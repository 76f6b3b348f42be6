import Core
import Execution
import Graph
import Platform

extension Model {
  /// Writes the score, and for Gaussian noise the denoiser, as a model of ONNX.
  package func exportONNX(path: String) throws {
    let now = snapshot
    var export = ONNXExport(now.description)
    try export.build(family, weights: now.weights.view, layout.offsets)
    let bytes = try export.onnx.serialized(
      "score model, family \(now.description.family.rawValue)", memory: context.memory)
    try saveFile(path, [bytes.view])
  }
}

/// A family's graph, made for a number of rows, written with its rows free.
private struct ONNXExport {
  private(set) var onnx = ONNXGraph()
  private let description: ModelDescription
  private var graph = Graph()
  private var names: [Node: String] = [:]
  private var rows = 0

  init(_ description: ModelDescription) { self.description = description }

  mutating func build(_ family: any Family, weights: View<Float>, _ offsets: [Int]) throws {
    let (d, classes) = (description.dimension, description.classes.count)
    // A number of rows that is no other axis' length tells where rows are meant.
    let taken = Set(
      family.parameters.flatMap(\.shape.dims) + [d, classes, description.units.count])
    rows = [9973, 9967, 9949, 9941].first { !taken.contains($0) } ?? 99_991
    let (x, sigma) = (graph.input([rows, d]), graph.input([rows, 1]))
    let label = classes > 0 ? graph.input([rows, classes]) : nil
    let parameters = family.parameters.map { graph.parameter($0.shape) }
    let inputs = ModelInputs(x: x, sigma: sigma, label: label, dropout: [])
    let scaled = family.scaledScore(&graph, parameters, inputs)
    if let error = graph.error { throw error }
    for (spec, (node, offset)) in zip(family.parameters, zip(parameters, offsets)) {
      names[node] = onnx.weights(
        spec.name, spec.shape.dims, weights.slice(offset, spec.shape.count))
    }
    let own = Array(description.shape.dropFirst())
    onnx.input("x", .float, own)
    onnx.input("sigma", .float, [])
    names[x] = standardized()
    names[sigma] = reshaped("sigma", [-1, 1])
    if let label { names[label] = oneHot() }
    for node in graph.reachable(from: [scaled]) where names[node] == nil {
      names[node] = try written(node)
    }
    finish(try name(scaled), u: try name(x), sigma: try name(sigma), own)
  }

  // MARK: Ends

  private var units: Units { description.units }

  private mutating func reshaped(_ x: String, _ dims: [Int], named name: String? = nil) -> String {
    onnx.node("Reshape", [x, onnx.constant(dims)], named: name)
  }

  private mutating func row(_ values: [Double]) -> String {
    onnx.constant(values.map { Float($0) }, [1, values.count])
  }

  private mutating func standardized() -> String {
    var u = reshaped("x", [-1, units.count])
    if units.active.count < units.count {
      u = onnx.node("Gather", [u, onnx.constant(units.active)], [("axis", .integer(1))])
    }
    u = onnx.node("Sub", [u, row(units.active.map { units.mean[$0] })])
    return onnx.node("Div", [u, row(units.active.map { units.scale[$0] })])
  }

  /// A label that is no class is unconditional.
  private mutating func oneHot() -> String {
    onnx.input("label", .int64, [])
    let column = reshaped("label", [-1, 1])
    let classes = onnx.constant(description.classes.map { Int($0) })
    return asFloat(onnx.node("Equal", [column, classes]))
  }

  private mutating func asFloat(_ x: String) -> String {
    onnx.node("Cast", [x], [("to", .integer(ONNXGraph.Element.float.rawValue))])
  }

  private mutating func asIndex(_ x: String) -> String {
    onnx.node("Cast", [x], [("to", .integer(ONNXGraph.Element.int64.rawValue))])
  }

  /// score = g/(σ S), 0 in constant columns; denoised = m + S (u + σ g), there m.
  private mutating func finish(_ g: String, u: String, sigma: String, _ own: [Int]) {
    let scale = row(units.active.map { units.scale[$0] })
    let score = onnx.node("Div", [onnx.node("Div", [g, sigma]), scale])
    _ = reshaped(spread(score), [-1] + own, named: "score")
    onnx.output("score", own)
    guard description.noiseKernel == .gaussian else { return }
    let clean = onnx.node("Mul", [onnx.node("Add", [u, onnx.node("Mul", [sigma, g])]), scale])
    let placed = onnx.node("Add", [spread(clean), row(units.mean)])
    _ = reshaped(placed, [-1] + own, named: "denoised")
    onnx.output("denoised", own)
  }

  /// Columns that vary among those that do not, which are 0.
  private mutating func spread(_ x: String) -> String {
    guard units.active.count < units.count else { return x }
    let padded = onnx.node("Pad", [x, onnx.constant([0, 0, 0, 1])])
    let places = (0 ..< units.count).map { units.active.firstIndex(of: $0) ?? units.active.count }
    return onnx.node("Gather", [padded, onnx.constant(places)], [("axis", .integer(1))])
  }

  // MARK: Operations

  private func name(_ node: Node) throws -> String {
    guard let name = names[node] else {
      throw SteinError(.internal, "a node was written before its operand")
    }
    return name
  }

  /// A shape whose axes of rows follow the rows given.
  private mutating func shape(_ dims: [Int], isWhole: Bool = true) throws -> String {
    guard let joined = dims.first(where: { $0 % rows == 0 }) else { return onnx.constant(dims) }
    // Rows that were joined with another axis can be told where a length is free.
    guard joined == rows || !isWhole else {
      throw SteinError(
        .unsupported, "the model's graph repeats rows along another axis, which is not written",
        argument: "model")
    }
    // One free axis can be told from the number of elements.
    if !isWhole { return onnx.constant(dims.map { $0 == joined ? -1 : $0 }) }
    let counted = onnx.node("Shape", ["sigma"])
    let parts = dims.map { $0 == rows ? counted : onnx.constant([$0]) }
    return onnx.node("Concat", parts, [("axis", .integer(0))])
  }

  private mutating func written(_ node: Node) throws -> String {
    let op = graph.operation(node)
    let inputs = try op.inputs.map { try name($0) }
    switch op {
    case .input, .parameter: return try name(node)
    case .constant(let value): return onnx.constant([Float(value)], [])
    case .literal(let literal):
      return onnx.constant(literal.values.map { Float($0) }, literal.shape.dims)
    case .identity(let n):
      return onnx.constant((0 ..< n * n).map { $0 % (n + 1) == 0 ? 1 : 0 }, [n, n])
    case .unary(let unary, _): return written(unary, inputs[0])
    case .binary(.greater, _, _): return asFloat(onnx.node("Greater", inputs))
    case .binary(let binary, _, _): return onnx.node(binary.onnxName, inputs)
    case .select:
      let isZero = onnx.node("Equal", [inputs[0], onnx.constant([0], [])])
      return onnx.node("Where", [isZero, inputs[2], inputs[1]])
    case .matmul(let a, let b, let transposeA, let transposeB):
      return onnx.node(
        "MatMul",
        [
          transposed(inputs[0], graph.shape(of: a).rank, transposeA),
          transposed(inputs[1], graph.shape(of: b).rank, transposeB),
        ])
    case .sum(_, let axes):
      return onnx.node("ReduceSum", inputs + [onnx.constant(axes)], [("keepdims", .integer(0))])
    case .max(_, let axes):
      return onnx.node("ReduceMax", inputs, [("axes", .integers(axes)), ("keepdims", .integer(0))])
    case .broadcast(_, let to): return onnx.node("Expand", inputs + [try shape(to.dims)])
    case .reshape(_, let to):
      return onnx.node("Reshape", inputs + [try shape(to.dims, isWhole: false)])
    case .transpose(_, let permutation):
      return onnx.node("Transpose", inputs, [("perm", .integers(permutation))])
    case .slice(_, let starts, let sizes):
      // Rows are never cut.
      let ends = zip(starts, sizes).map { $1 == rows ? Int.max : $0 + $1 }
      return onnx.node("Slice", inputs + [onnx.constant(starts), onnx.constant(ends)])
    case .pad(let x, let starts, let whole):
      let behind = zip(starts, zip(graph.shape(of: x).dims, whole.dims)).map { $1.1 - $1.0 - $0 }
      return onnx.node("Pad", inputs + [onnx.constant(starts + behind)])
    case .concatenate(_, let axis):
      return onnx.node("Concat", inputs, [("axis", .integer(axis))])
    case .gather:
      return onnx.node("Gather", [inputs[0], asIndex(inputs[1])], [("axis", .integer(0))])
    case .scatterAdd:
      let zeros = onnx.node(
        "Expand", [onnx.constant([0], []), try shape(graph.shape(of: node).dims)])
      let places = reshaped(asIndex(inputs[1]), [-1, 1])
      return onnx.node(
        "ScatterND", [zeros, places, inputs[0]], [("reduction", .text("add"))])
    case .convolution(_, _, let window): return convolution("Conv", inputs, window)
    case .transposedConvolution(_, _, let window):
      return convolution("ConvTranspose", inputs, window)
    case .inverse, .logDeterminant, .convolutionWeightGradient:
      throw SteinError(
        .unsupported, "the model's graph has the operation \(op.name), which ONNX does not have",
        argument: "model")
    }
  }

  /// ONNX has channels behind the pictures and filters first in kernels; of the adjoint the filters
  /// are what goes in.
  private mutating func convolution(_ operation: String, _ inputs: [String], _ window: Window)
    -> String
  {
    let x = onnx.node("Transpose", [inputs[0]], [("perm", .integers([0, 3, 1, 2]))])
    let kernel = onnx.node("Transpose", [inputs[1]], [("perm", .integers([3, 2, 0, 1]))])
    let lengths: [(Window.Lengths) -> Int] = [\.height, \.width]
    // What the last window reads behind the input, or leaves unread of it.
    let behind = lengths.map { length in
      (length(window.output) - 1) * length(window.stride) + length(window.kernel)
        - length(window.padding) - length(window.input)
    }
    var attributes: [(String, ONNXGraph.Attribute)] = [
      ("strides", .integers(lengths.map { $0(window.stride) })),
      ("pads", .integers(lengths.map { $0(window.padding) } + behind.map { max($0, 0) })),
    ]
    if operation == "ConvTranspose" {
      attributes.append(("output_padding", .integers(behind.map { max(-$0, 0) })))
    }
    let y = onnx.node(operation, [x, kernel], attributes)
    return onnx.node("Transpose", [y], [("perm", .integers([0, 2, 3, 1]))])
  }

  private mutating func transposed(_ x: String, _ rank: Int, _ isWanted: Bool) -> String {
    guard isWanted else { return x }
    let axes = Array(0 ..< rank - 2) + [rank - 1, rank - 2]
    return onnx.node("Transpose", [x], [("perm", .integers(axes))])
  }

  private mutating func written(_ unary: Unary, _ x: String) -> String {
    if let name = unary.onnxName { return onnx.node(name, [x]) }
    if unary == .square { return onnx.node("Mul", [x, x]) }
    return asFloat(onnx.node("Greater", [x, onnx.constant([0], [])]))
  }
}
