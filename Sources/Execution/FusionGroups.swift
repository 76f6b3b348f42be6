import Graph

/// Nodes that run as one: elementwise operations of one shape, or a single other operation.
enum FusionGroup {
  case single(Node)
  case fused([Node])

  var nodes: [Node] {
    switch self {
    case .single(let node): [node]
    case .fused(let nodes): nodes
    }
  }
}

/// The nodes of a plan put together in groups, in an order in which each follows what it reads.
///
/// Nodes are sorted into stages: an operation that is not elementwise stands one stage after its
/// inputs, an elementwise one in the stage of its latest input. Within a stage the elementwise
/// nodes of one shape make a group, and groups go from small shapes to large, since broadcasting
/// only ever grows a shape.
struct FusionGroups {
  let groups: [FusionGroup]

  init(_ source: PlanGraph, _ products: SummedProducts, _ totals: Totals) {
    var stages = Stages(source, without: products.products)
    // What varies starts after everything shared, so that its stages never mix with theirs.
    stages.add(source.nodes.filter { !source.varies($0) })
    stages.add(source.nodes.filter { source.varies($0) })
    groups = stages.groups.compactMap { group in
      guard case .fused(let nodes) = group else { return group }
      let left = nodes.filter { !totals.absorbed.contains($0) }
      return left.isEmpty ? nil : .fused(left)
    }
  }
}

private struct Stages {
  private let source: PlanGraph
  private let skipped: Set<Node>
  private var stage: NodeTable<Int>
  private var lastStage = 0
  private var singles: [Int: [Node]] = [:]
  private var fused: [Int: [Shape: [Node]]] = [:]
  /// The first stage of the nodes that are added next.
  private var base = 0

  init(_ source: PlanGraph, without skipped: Set<Node>) {
    self.source = source
    self.skipped = skipped
    stage = NodeTable(source.graph, repeating: 0)
  }

  mutating func add(_ nodes: [Node]) {
    for node in nodes {
      let isElementwise = source.isElementwise(node)
      let latest = source.operation(node).inputs.reduce(0) { max($0, stage[$1]) }
      let own = max(isElementwise ? latest : latest + 1, base)
      stage[node] = own
      lastStage = max(lastStage, own)
      if !isElementwise {
        singles[own, default: []].append(node)
      } else if !skipped.contains(node) {
        fused[own, default: [:]][source.shape(node), default: []].append(node)
      }
    }
    base = lastStage + 1
  }

  var groups: [FusionGroup] {
    (0 ..< max(base, 1)).flatMap { index in
      let ordered = (fused[index] ?? [:]).sorted {
        ($0.key.count, $0.value[0].index) < ($1.key.count, $1.value[0].index)
      }
      return (singles[index] ?? []).map(FusionGroup.single) + ordered.map { .fused($0.value) }
    }
  }
}
