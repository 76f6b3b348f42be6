/// A misuse of an operation, with its name and the shapes.
package struct GraphError: Error, Hashable, Sendable {
  package let message: String
}

/// A tensor program: operations in topological order, each written once.
///
/// Nodes are appended and never changed, so a graph is a value, a node's inputs always precede it,
/// and the array order is an execution order. The same operation on the same nodes is the same
/// node. Builders never trap: a misuse is kept as `error` and gives a constant, and whoever runs
/// the graph looks there first.
package struct Graph: Sendable {
  package private(set) var operations: [Op] = []
  package private(set) var error: GraphError?
  package private(set) var inputs: [Node] = []
  package private(set) var parameters: [Node] = []
  private var shapes: [Shape] = []
  private var known: [Op: Node] = [:]

  package init() {}

  package func shape(of node: Node) -> Shape { shapes[node.index] }

  package func operation(_ node: Node) -> Op { operations[node.index] }

  package mutating func input(_ shape: Shape) -> Node {
    let node = insert(.input(inputs.count), shape)
    inputs.append(node)
    return node
  }

  package mutating func parameter(_ shape: Shape) -> Node {
    let node = insert(.parameter(parameters.count), shape)
    parameters.append(node)
    return node
  }

  /// The node for `op`, which is appended unless it stands already.
  mutating func append(_ op: Op) -> Node {
    if let node = known[op] { return node }
    do throws(GraphError) {
      let shape = try inferShape(op)
      guard shape.count <= 1 << 40 else {
        throw GraphError(message: "\(op.name) gives \(shape), which no memory holds")
      }
      return insert(op, shape)
    } catch {
      if self.error == nil { self.error = error }
      return insert(.constant(.nan), [])
    }
  }

  /// Notes a misuse that no shape rule sees.
  package mutating func fail(_ message: String) -> Node {
    if error == nil { error = GraphError(message: message) }
    return insert(.constant(.nan), [])
  }

  private mutating func insert(_ op: Op, _ shape: Shape) -> Node {
    let node = Node(index: operations.count)
    operations.append(op)
    shapes.append(shape)
    known[op] = node
    return node
  }

  /// The nodes that `outputs` need, in order.
  package func reachable(from outputs: [Node]) -> [Node] {
    var needed = [Bool](repeating: false, count: operations.count)
    for node in outputs { needed[node.index] = true }
    for index in operations.indices.reversed() where needed[index] {
      for input in operations[index].inputs { needed[input.index] = true }
    }
    return operations.indices.filter { needed[$0] }.map { Node(index: $0) }
  }

  /// For every node, whether it depends on one of `nodes`.
  package func dependents(on nodes: [Node]) -> [Bool] {
    var depends = [Bool](repeating: false, count: operations.count)
    for node in nodes { depends[node.index] = true }
    for index in operations.indices where !depends[index] {
      depends[index] = operations[index].inputs.contains { depends[$0.index] }
    }
    return depends
  }
}
