import Core
import Graph

// A caller's graph as text, for people.

/// What a caller's graph can be written as.
package enum GraphFormat: String, Sendable, CaseIterable {
  /// One line for each node.
  case text
  /// A drawing in the language of Graphviz.
  case dot
  /// One node as a formula.
  case formula
}

extension GraphProgram {
  /// A node with all that it needs, or, for nil, the whole graph.
  package func described(_ format: GraphFormat, node: Int?) throws -> String {
    if let node { _ = try shape(of: node) }
    let nodes = node.map { needed(by: $0) } ?? Array(calls.indices)
    switch format {
    case .text:
      return nodes.map { "%\($0) = \(line($0)) \(shapes[$0])" }.joined(separator: "\n")
    case .dot: return dot(nodes)
    case .formula:
      guard let node else {
        throw SteinError(.badValue, "node is -1; a formula is of one node", argument: "node")
      }
      return GraphFormula(self).text(of: node)
    }
  }

  private func needed(by node: Int) -> [Int] {
    var needed = [Bool](repeating: false, count: calls.count)
    needed[node] = true
    for index in calls.indices.reversed() where needed[index] {
      for input in calls[index].inputs { needed[input] = true }
    }
    return calls.indices.filter { needed[$0] }
  }

  private func line(_ node: Int) -> String {
    let call = calls[node]
    let arguments = call.inputs.map { "%\($0)" } + details(call)
    return "\(call.operation.rawValue)(\(arguments.joined(separator: ", ")))"
  }

  private func details(_ call: Call) -> [String] {
    if let literal = call.literal { return [GraphFormula.constant(literal)] }
    return call.options.text.split(separator: " ").map(String.init)
  }

  private func dot(_ nodes: [Int]) -> String {
    let boxes = nodes.map { node in
      let label = ["%\(node) \(calls[node].operation.rawValue)"] + details(calls[node])
      let lines = label.map(DotText.escaped) + ["\(shapes[node])"]
      return "  n\(node) [label=\"\(lines.joined(separator: "\\n"))\"];"
    }
    let arrows = nodes.flatMap { node in calls[node].inputs.map { "  n\($0) -> n\(node);" } }
    return DotText.graph(boxes + arrows)
  }
}
