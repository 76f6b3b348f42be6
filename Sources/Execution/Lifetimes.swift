import Graph

/// How long each value is needed, in groups.
struct Lifetimes {
  /// The last group that reads a value; .max: read at the end of the shard.
  private let lastUse: [Node: Int]
  /// The values that nothing reads after each group.
  let deaths: [[Node]]

  init(
    _ groups: [FusionGroup], _ source: PlanGraph, _ products: SummedProducts, _ totals: Totals
  ) {
    var lastUse: [Node: Int] = [:]
    for (position, group) in groups.enumerated() {
      for node in group.nodes {
        for input in products.reads(node, source) {
          lastUse[source.root(input)] = max(position, lastUse[source.root(input)] ?? 0)
        }
      }
    }
    for node in source.rows + source.sums + totals.rest.map(\.node) {
      lastUse[source.root(node)] = .max
    }
    self.lastUse = lastUse
    deaths = groups.enumerated().map { position, group in
      var seen: Set<Node> = []
      let touched = group.nodes + group.nodes.flatMap { products.reads($0, source) }
      return touched.map(source.root).filter { node in
        seen.insert(node).inserted && (lastUse[node] ?? -1) <= position
          && !Lifetimes.isInput(node, source)
      }
    }
  }

  /// Whether a value is read after the group at `position`.
  func outlives(_ node: Node, _ position: Int) -> Bool { (lastUse[node] ?? -1) > position }

  private static func isInput(_ node: Node, _ source: PlanGraph) -> Bool {
    if case .input = source.operation(node) { return true }
    return false
  }
}
