import Graph

/// How long each value is needed, in groups.
struct Lifetimes {
  /// The last group that reads a value; .max: read at the end of the shard, -1: never.
  private let lastUse: NodeTable<Int>
  /// The values that nothing reads after each group.
  let deaths: [[Node]]

  init(
    _ groups: [FusionGroup], _ source: PlanGraph, _ products: SummedProducts, _ totals: Totals
  ) {
    let touched = groups.map { group in
      (group.nodes + group.nodes.flatMap { products.reads($0, source) }).map(source.root)
    }
    var lastUse = NodeTable(source.graph, repeating: -1)
    for (position, group) in groups.enumerated() {
      for node in touched[position].dropFirst(group.nodes.count) { lastUse[node] = position }
    }
    for node in source.rows + source.sums + totals.rest.map(\.node) {
      lastUse[source.root(node)] = .max
    }
    // Inputs are there for the whole shard.
    for input in source.graph.inputs { lastUse[input] = .max }
    self.lastUse = lastUse
    var isDead = NodeTable(source.graph, repeating: false)
    deaths = touched.enumerated().map { position, nodes in
      nodes.filter { node in
        guard lastUse[node] <= position, !isDead[node] else { return false }
        isDead[node] = true
        return true
      }
    }
  }

  /// Whether a value is read after the group at `position`.
  func outlives(_ node: Node, _ position: Int) -> Bool { lastUse[node] > position }
}
