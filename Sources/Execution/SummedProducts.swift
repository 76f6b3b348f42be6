import Graph

/// Products, element by element, that only one sum over neighbouring axes reads: Σ a b, computed
/// without a b in memory.
///
/// It pays where the factors are in memory for another reason.
struct SummedProducts {
  /// The factors, by the sum.
  let factors: [Node: (Node, Node)]
  /// The products, which no step computes.
  let products: Set<Node>

  init(_ source: PlanGraph) {
    var factors: [Node: (Node, Node)] = [:]
    var products: Set<Node> = []
    let alone = source.nodes.filter { !source.isElementwise($0) }
    let kept = Set(alone).union(alone.flatMap { source.operation($0).inputs })
    for node in alone where source.varies(node) {
      guard let product = SummedProducts.product(summedBy: node, source),
        let (a, b) = SummedProducts.factors(of: product, source),
        [a, b].allSatisfy({ source.shape($0) == source.shape(product) && kept.contains($0) })
      else { continue }
      factors[node] = (a, b)
      products.insert(product)
    }
    (self.factors, self.products) = (factors, products)
  }

  /// What a node's own step reads.
  func reads(_ node: Node, _ source: PlanGraph) -> [Node] {
    factors[node].map { [$0, $1] } ?? source.operation(node).inputs
  }

  /// What a sum over neighbouring axes alone reads.
  private static func product(summedBy node: Node, _ source: PlanGraph) -> Node? {
    guard case .sum(let x, let axes) = source.operation(node), source.isReadOnce(x),
      let first = axes.first, axes == Array(first ..< first + axes.count)
    else { return nil }
    return x
  }

  private static func factors(of x: Node, _ source: PlanGraph) -> (Node, Node)? {
    switch source.operation(x) {
    case .binary(.multiply, let a, let b): (a, b)
    case .unary(.square, let a): (a, a)
    default: nil
    }
  }
}
