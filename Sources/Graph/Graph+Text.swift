// A graph as text and as a drawing, for people.

extension Graph {
  /// One line for each node: its number, its operation with the operands and attributes, and its
  /// shape.
  ///
  ///     %3 = sum(%2, axes: [1]) [64]
  ///
  /// `outputs`: only what these need; nil: all nodes.
  package func text(of outputs: [Node]? = nil) -> String {
    listed(outputs).map { "%\($0.index) = \(label($0)) \(shape(of: $0))" }.joined(separator: "\n")
  }

  /// The same as a drawing in the language of Graphviz's `dot`.
  package func dot(of outputs: [Node]? = nil) -> String {
    let nodes = listed(outputs)
    let boxes = nodes.map { node in
      let op = operation(node)
      let attributes = op.attributes.map { "\\n" + DotText.escaped($0) }.joined()
      let label = "%\(node.index) \(op.name)\(attributes)\\n\(shape(of: node))"
      return "  n\(node.index) [label=\"\(label)\"];"
    }
    let arrows = nodes.flatMap { node in
      operation(node).inputs.map { "  n\($0.index) -> n\(node.index);" }
    }
    return DotText.graph(boxes + arrows)
  }

  private func listed(_ outputs: [Node]?) -> [Node] {
    outputs.map { reachable(from: $0) } ?? operations.indices.map { Node(index: $0) }
  }

  private func label(_ node: Node) -> String {
    let op = operation(node)
    let arguments = op.inputs.map { "%\($0.index)" } + op.attributes
    return "\(op.name)(\(arguments.joined(separator: ", ")))"
  }
}

extension Op {
  /// What an operation says beside its operands: "axes: [1]".
  var attributes: [String] {
    switch self {
    case .input(let number), .parameter(let number): ["\(number)"]
    case .constant(let value): ["\(value)"]
    case .literal(let literal): ["\(NumberText.list(literal.values))"]
    case .identity(let n): ["\(n)"]
    case .unary, .binary, .select, .inverse, .logDeterminant, .gather: []
    case .matmul(_, _, let transposeA, let transposeB):
      (transposeA ? ["transposeA"] : []) + (transposeB ? ["transposeB"] : [])
    case .convolution(_, _, let window), .transposedConvolution(_, _, let window),
      .convolutionWeightGradient(_, _, let window):
      [
        "stride: \(window.stride.height)x\(window.stride.width)",
        "padding: \(window.padding.height)x\(window.padding.width)",
      ]
    case .sum(_, let axes), .max(_, let axes): ["axes: \(axes)"]
    case .broadcast, .reshape: []
    case .transpose(_, let permutation): ["axes: \(permutation)"]
    case .slice(_, let starts, let sizes): ["starts: \(starts)", "sizes: \(sizes)"]
    case .pad(_, let starts, _): ["starts: \(starts)"]
    case .concatenate(_, let axis): ["axis: \(axis)"]
    case .scatterAdd(_, _, let rows): ["rows: \(rows)"]
    }
  }
}

/// Numbers for people.
package enum NumberText {
  private static let shown = 6

  /// "2" for a whole number, else the shortest text that reads back as the same number.
  package static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
  }

  /// "[1, 2.5, …]": the first six.
  package static func list(_ values: [Double]) -> String {
    let shown = values.prefix(NumberText.shown).map(number)
    return "[" + (shown + (values.count > shown.count ? ["…"] : [])).joined(separator: ", ") + "]"
  }
}

/// Pieces of the language of Graphviz.
package enum DotText {
  package static func graph(_ statements: [String]) -> String {
    let head = ["digraph {", "  node [shape=box, fontname=\"monospace\"];"]
    return (head + statements + ["}"]).joined(separator: "\n")
  }

  /// Within quotes.
  package static func escaped(_ text: String) -> String {
    text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
  }
}
