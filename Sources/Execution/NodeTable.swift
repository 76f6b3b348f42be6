import Graph

/// A value for each node of a graph.
struct NodeTable<Value> {
  private var values: [Value]

  init(_ graph: Graph, repeating value: Value) {
    values = [Value](repeating: value, count: graph.operations.count)
  }

  subscript(node: Node) -> Value {
    get { values[node.index] }
    set { values[node.index] = newValue }
  }
}
