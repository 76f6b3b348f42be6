import Graph
import Kernels

/// Where the totals over shards lie, and which steps add to them.
///
/// A total that only a product or a sum makes, and nothing else reads, is added up by that step. Of
/// a total of several terms each such term is.
struct Totals {
  let layout: ParameterLayout
  /// What a node's step adds to by itself.
  let direct: [Node: Slot]
  /// Additions of such terms, which no step computes.
  let absorbed: Set<Node>
  /// Values that are added to a total at the end of a shard.
  let rest: [(node: Node, to: Slot)]
  /// Offsets of the totals that lie in panels of columns.
  private let inPanels: Set<Int>

  /// `panels`: whether totals may lie in panels of columns.
  init(_ source: PlanGraph, panels: Bool) {
    layout = ParameterLayout(source.sums.map { source.shape($0) })
    var (direct, absorbed, inPanels) = ([Node: Slot](), Set<Node>(), Set<Int>())
    var rest: [(node: Node, to: Slot)] = []
    for (node, offset) in zip(source.sums, layout.offsets)
    where source.isReadOnce(node) && source.varies(node) {
      let (terms, additions) = Totals.terms(of: node, source)
      let own = terms.filter { Totals.isDirect($0, source) }
      guard !own.isEmpty else { continue }
      let slot = Slot(.sums, offset)
      for term in own { direct[term] = slot }
      if panels, own.count == terms.count, own.allSatisfy({ Totals.hasPanels($0, source) }) {
        inPanels.insert(offset)
      }
      rest += terms.filter { direct[$0] == nil }.map { ($0, slot) }
      absorbed.formUnion(additions)
    }
    for (node, offset) in zip(source.sums, layout.offsets)
    where direct[node] == nil && !absorbed.contains(node) {
      rest.append((node, Slot(.sums, offset)))
    }
    (self.direct, self.absorbed, self.inPanels, self.rest) = (direct, absorbed, inPanels, rest)
  }

  /// For each total.
  var liesInPanels: [Bool] { layout.offsets.map { inPanels.contains($0) } }

  /// Whether a step that adds to this total writes it in panels.
  func isInPanels(_ slot: Slot) -> Bool { slot.space == .sums && inPanels.contains(slot.offset) }

  private static func isDirect(_ node: Node, _ source: PlanGraph) -> Bool {
    guard source.isReadOnce(node), source.varies(node) else { return false }
    return switch source.operation(node) {
    case .matmul: source.shape(node).rank == 2
    case .sum, .convolutionWeightGradient: true
    default: false
    }
  }

  /// Whether it is a product that is made panel by panel.
  private static func hasPanels(_ node: Node, _ source: PlanGraph) -> Bool {
    guard case .matmul(let a, _, let transposeA, _) = source.operation(node) else { return false }
    let (columns, inner) = (source.shape(node)[1], source.shape(a)[transposeA ? 0 : 1])
    return columns % 16 == 0 && MatrixMultiply.hasPanels(columns: columns, inner: inner)
  }

  /// What adds up to `node` by additions that nothing else reads, in order, and these.
  private static func terms(of node: Node, _ source: PlanGraph) -> (
    terms: [Node], additions: [Node]
  ) {
    let total = source.shape(node)
    var (terms, additions, open) = ([Node](), [Node](), [node])
    // Not by recursion: a sum may be as deep as a graph is long.
    while let next = open.popLast() {
      if source.isReadOnce(next), case .binary(.add, let a, let b) = source.operation(next),
        source.shape(a) == total, source.shape(b) == total
      {
        additions.append(next)
        open += [b, a]
      } else {
        terms.append(next)
      }
    }
    return (terms, additions)
  }
}
