import Graph

/// The part of a graph that a plan is made of: the nodes that its outputs need, which of them vary
/// from shard to shard, and how often each is read.
struct PlanGraph {
  let graph: Graph
  /// Outputs that are read after each shard.
  let rows: [Node]
  /// Outputs that are added up over the shards.
  let sums: [Node]
  /// What the outputs need, in order.
  let nodes: [Node]
  /// Whether a node, by its index, depends on an input.
  private let varying: [Bool]
  private let uses: NodeTable<Int>
  private let roots: NodeTable<Node>

  init(_ graph: Graph, rows: [Node], sums: [Node]) {
    (self.graph, self.rows, self.sums) = (graph, rows, sums)
    varying = graph.dependents(on: graph.inputs)
    nodes = graph.reachable(from: rows + sums)
    var uses = NodeTable(graph, repeating: 0)
    var roots = NodeTable(graph, repeating: Node(index: 0))
    for node in rows + sums { uses[node] += 1 }
    for node in nodes {
      let operation = graph.operation(node)
      for input in operation.inputs { uses[input] += 1 }
      if case .reshape(let x, _) = operation { roots[node] = roots[x] } else { roots[node] = node }
    }
    (self.uses, self.roots) = (uses, roots)
  }

  func varies(_ node: Node) -> Bool { varying[node.index] }

  func shape(_ node: Node) -> Shape { graph.shape(of: node) }

  func operation(_ node: Node) -> Op { graph.operation(node) }

  /// Whether nothing but one operation or output reads it.
  func isReadOnce(_ node: Node) -> Bool { uses[node] == 1 }

  /// The node whose memory a reshaped node shares.
  func root(_ node: Node) -> Node { roots[node] }

  /// Whether it can be run together with others of its shape, element by element.
  func isElementwise(_ node: Node) -> Bool {
    switch operation(node) {
    case .unary, .binary, .select, .broadcast: true
    case .input, .parameter, .constant, .literal, .identity, .matmul, .convolution,
      .transposedConvolution, .convolutionWeightGradient, .inverse, .logDeterminant, .sum, .max,
      .reshape,
      .transpose, .slice, .pad, .concatenate, .gather, .scatterAdd:
      false
    }
  }
}
