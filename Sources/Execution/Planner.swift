import Graph
import Kernels

/// Turns a graph into steps.
///
/// Nodes are sorted into stages: an operation that is not elementwise ("barrier") stands one stage after its inputs, an elementwise
/// one in the stage of its latest input. Within a stage the elementwise nodes of one shape make a cluster, and clusters go from
/// small shapes to large, since broadcasting only ever grows a shape. Then every value gets a place: what varies with the rows in
/// the frame, where places are used again after a value's last use; what depends on parameters alone in memory shared by all.
final class Planner {
  let graph: Graph
  let parameterLayout: ParameterLayout
  let sumLayout: ParameterLayout
  private(set) var steps: [Step] = []
  private(set) var sharedSteps: [Step] = []
  private(set) var frame = Arena()
  private(set) var sharedArena = Arena()

  /// Which nodes depend on an input.
  let varies: [Bool]
  private var slots: [Node: Slot] = [:]
  private var units: [Unit] = []
  /// The unit after which a node's place is free; .max: never.
  private var lastUse: [Node: Int] = [:]
  private var sharedTransposes: [Node: Slot] = [:]
  /// Shared kernels as their adjoints take them.
  var sharedFlips: [FlippedKernel: Slot] = [:]
  /// Shared matrices, as they are and transposed, in the panels that products read.
  private var sharedPanels: [[Node: Slot]] = [[:], [:]]
  /// Shared matrices in bfloat16, made once for all shards.
  var sharedHalves: [HalfOperand: Slot] = [:]
  let precision: Precision
  private let allowsPanels: Bool
  /// Where the totals stand that lie in panels of columns.
  private(set) var totalsInPanels: Set<Int> = []
  /// What a step adds to a total by itself.
  private var directSums: [Node: Slot] = [:]
  /// Sums of such parts, which nobody computes.
  private var absorbed: Set<Node> = []
  /// The factors of products that nothing but a sum reads, by that sum, which computes them.
  private var summedFactors: [Node: (Node, Node)] = [:]
  /// Their other parts, added at the end of the shard.
  private var otherParts: [(node: Node, to: Slot)] = []
  /// Taken by the unit being lowered, given back after it.
  private var temporaries: [(offset: Int, count: Int)] = []

  enum Unit {
    case barrier(Node)
    case cluster([Node])

    var nodes: [Node] {
      switch self {
      case .barrier(let node): [node]
      case .cluster(let nodes): nodes
      }
    }
  }

  init(_ graph: Graph, rows: [Node], sums: [Node], panels: Bool, precision: Precision) {
    self.graph = graph
    allowsPanels = panels
    self.precision = precision
    parameterLayout = ParameterLayout(graph.parameters.map { graph.shape(of: $0) })
    sumLayout = ParameterLayout(sums.map { graph.shape(of: $0) })
    varies = graph.dependents(on: graph.inputs)
    let needed = graph.reachable(from: rows + sums)
    for (index, parameter) in graph.parameters.enumerated() {
      slots[parameter] = Slot(.parameters, parameterLayout.offsets[index])
    }
    for input in graph.inputs { slots[input] = placeForGood(input) }
    let uses = Planner.uses(of: graph, needed, outputs: rows + sums)
    let products = findSummedProducts(needed, uses)
    units = Planner.units(of: graph, needed, varies, without: products)
    findDirectSums(sums, uses)
    findLastUses(rows: rows, sums: sums)
    for (position, unit) in units.enumerated() { lower(unit, position) }
    addSums(sums)
  }

  func slot(_ node: Node) -> Slot { slots[node] ?? Slot(.frame, 0) }

  func shape(_ node: Node) -> Shape { graph.shape(of: node) }

  func operation(_ node: Node) -> Op { graph.operations[node.index] }
}

// MARK: - Order

extension Planner {
  /// How often each node is read.
  private static func uses(of graph: Graph, _ needed: [Node], outputs: [Node]) -> [Node: Int] {
    var uses: [Node: Int] = [:]
    for node in outputs { uses[node, default: 0] += 1 }
    for node in needed {
      for input in graph.operation(node).inputs { uses[input, default: 0] += 1 }
    }
    return uses
  }

  /// Finds the products, element by element, that nothing but one sum over neighbouring axes reads, and that stand in memory for
  /// no other reason: their factors do in any case.
  private func findSummedProducts(_ needed: [Node], _ uses: [Node: Int]) -> Set<Node> {
    var found: Set<Node> = []
    let barriers = needed.filter { !Planner.isElementwise(operation($0), graph) }
    let kept = Set(barriers).union(barriers.flatMap { operation($0).inputs })
    for node in barriers where varies[node.index] {
      guard case .sum(let x, let axes) = operation(node), uses[x] == 1, let first = axes.first,
        axes == Array(first ..< first + axes.count), let (a, b) = factors(of: x)
      else { continue }
      guard [a, b].allSatisfy({ shape($0) == shape(x) && kept.contains($0) }) else { continue }
      summedFactors[node] = (a, b)
      found.insert(x)
    }
    return found
  }

  private func factors(of x: Node) -> (Node, Node)? {
    switch operation(x) {
    case .binary(.multiply, let a, let b): (a, b)
    case .unary(.square, let a): (a, a)
    default: nil
    }
  }

  func factors(summedBy node: Node) -> (Node, Node)? { summedFactors[node] }

  /// What a node's own step reads.
  private func reads(_ node: Node) -> [Node] {
    factors(summedBy: node).map { [$0, $1] } ?? operation(node).inputs
  }

  private static func units(
    of graph: Graph, _ needed: [Node], _ varies: [Bool], without absorbed: Set<Node>
  ) -> [Unit] {
    var stage: [Node: Int] = [:]
    var barriers: [Int: [Node]] = [:]
    var clusters: [Int: [Shape: [Node]]] = [:]
    // What varies starts after everything shared, so that its stages never mix with theirs.
    let shared = needed.filter { !varies[$0.index] }
    var base = 0
    for group in [shared, needed.filter { varies[$0.index] }] {
      for node in group {
        let op = graph.operations[node.index]
        let latest = op.inputs.map { stage[$0] ?? 0 }.max() ?? 0
        if isElementwise(op, graph) {
          stage[node] = max(latest, base)
          if absorbed.contains(node) { continue }
          clusters[max(latest, base), default: [:]][graph.shape(of: node), default: []].append(node)
        } else {
          stage[node] = max(latest + 1, base)
          barriers[max(latest + 1, base), default: []].append(node)
        }
      }
      base = (stage.values.max() ?? 0) + 1
    }
    var units: [Unit] = []
    for index in 0 ..< max(base, 1) {
      units += (barriers[index] ?? []).map(Unit.barrier)
      let ordered = (clusters[index] ?? [:]).sorted {
        ($0.key.count, $0.value[0].index) < ($1.key.count, $1.value[0].index)
      }
      units += ordered.map { .cluster($0.value) }
    }
    return units
  }

  static func isElementwise(_ op: Op, _ graph: Graph) -> Bool {
    switch op {
    case .unary, .binary, .select, .broadcast: true
    case .input, .parameter, .constant, .literal, .identity, .matmul, .convolution,
      .transposedConvolution, .windowProduct, .inverse, .logDeterminant, .sum, .max, .reshape,
      .transpose, .slice, .pad, .concatenate, .gather, .scatterAdd:
      false
    }
  }

  /// A total that only a product or a sum makes, and nobody else reads, is added up by that step; of a total of several terms each
  /// such term.
  private func findDirectSums(_ sums: [Node], _ uses: [Node: Int]) {
    for (index, node) in sums.enumerated() where uses[node] == 1 && varies[node.index] {
      let (terms, sums) = terms(of: node, uses)
      let direct = terms.filter { isDirect($0, uses) }
      guard !direct.isEmpty else { continue }
      let slot = Slot(.sums, sumLayout.offsets[index])
      for term in direct { directSums[term] = slot }
      if allowsPanels, direct.count == terms.count, direct.allSatisfy(hasPanels) {
        totalsInPanels.insert(slot.offset)
      }
      otherParts += terms.filter { directSums[$0] == nil }.map { ($0, slot) }
      absorbed.formUnion(sums)
    }
    guard !absorbed.isEmpty else { return }
    units = units.compactMap { unit in
      guard case .cluster(let nodes) = unit else { return unit }
      let left = nodes.filter { !absorbed.contains($0) }
      return left.isEmpty ? nil : .cluster(left)
    }
  }

  private func isDirect(_ node: Node, _ uses: [Node: Int]) -> Bool {
    guard uses[node] == 1, varies[node.index] else { return false }
    return switch operation(node) {
    case .matmul: shape(node).rank == 2
    case .sum, .windowProduct: true
    default: false
    }
  }

  /// Whether it is a product that is made panel by panel.
  private func hasPanels(_ node: Node) -> Bool {
    guard case .matmul(let a, _, let transposeA, _) = operation(node) else { return false }
    let (columns, inner) = (shape(node)[1], shape(a)[transposeA ? 0 : 1])
    return columns % 16 == 0 && MatrixMultiply.hasPanels(columns: columns, inner: inner)
  }

  /// Whether a step that adds to this total writes it in panels.
  func isInPanels(_ slot: Slot) -> Bool {
    slot.space == .sums && totalsInPanels.contains(slot.offset)
  }

  /// What adds up to `node` by additions that nobody else reads, in order, and these.
  private func terms(of node: Node, _ uses: [Node: Int]) -> (terms: [Node], sums: [Node]) {
    let total = shape(node)
    var (terms, sums, open) = ([Node](), [Node](), [node])
    // Not by recursion: a sum may be as deep as a graph is long.
    while let next = open.popLast() {
      if uses[next] == 1, case .binary(.add, let a, let b) = operation(next), shape(a) == total,
        shape(b) == total
      {
        sums.append(next)
        open += [b, a]
      } else {
        terms.append(next)
      }
    }
    return (terms, sums)
  }

  private func findLastUses(rows: [Node], sums: [Node]) {
    for (position, unit) in units.enumerated() {
      for node in unit.nodes {
        for input in reads(node) {
          lastUse[root(input)] = max(position, lastUse[root(input)] ?? 0)
        }
      }
    }
    for node in rows + sums + otherParts.map(\.node) { lastUse[root(node)] = .max }
  }

  /// The node whose place a reshaped node shares.
  private func root(_ node: Node) -> Node {
    var node = node
    while case .reshape(let x, _) = operation(node) { node = x }
    return node
  }

  /// Values that no step adds up by itself: y += x at the end of the shard.
  private func addSums(_ sums: [Node]) {
    var parts = otherParts
    for (index, node) in sums.enumerated()
    where directSums[node] == nil && !absorbed.contains(node) {
      parts.append((node, Slot(.sums, sumLayout.offsets[index])))
    }
    for (node, to) in parts {
      steps.append(
        .sum(slot(node), to, outer: 1, count: 1, inner: shape(node).count, accumulate: true))
    }
  }
}

// MARK: - Places

extension Planner {
  private func placeForGood(_ node: Node) -> Slot {
    let count = paddedCount(shape(node).count)
    return varies[node.index]
      ? Slot(.frame, frame.take(count)) : Slot(.shared, sharedArena.take(count))
  }

  /// Where `node`'s value goes; taken now.
  func place(_ node: Node) -> Slot {
    if let direct = directSums[node] { return direct }
    let slot = placeForGood(node)
    slots[node] = slot
    return slot
  }

  /// Memory for the unit at hand alone.
  func temporary(_ count: Int, varying: Bool) -> Slot {
    let count = paddedCount(count)
    guard varying else { return Slot(.shared, sharedArena.take(count)) }
    let offset = frame.take(count)
    temporaries.append((offset, count))
    return Slot(.frame, offset)
  }

  func emit(_ step: Step, varying: Bool) {
    if varying { steps.append(step) } else { sharedSteps.append(step) }
  }

  /// The transposed copy of a shared matrix, made once for all shards.
  func sharedTranspose(_ node: Node) -> Slot {
    if let known = sharedTransposes[node] { return known }
    let dims = shape(node).dims
    let (rows, columns) = (dims[dims.count - 2], dims[dims.count - 1])
    let to = temporary(shape(node).count, varying: false)
    sharedSteps.append(
      .transpose(
        slot(node), to, batches: dims.dropLast(2).reduce(1, *), rows: rows, columns: columns))
    sharedTransposes[node] = to
    return to
  }

  /// The panels of a shared matrix, made once for all shards.
  func sharedPanels(_ node: Node, transposed: Bool) -> Slot {
    if let known = sharedPanels[transposed ? 1 : 0][node] { return known }
    let dims = shape(node).dims
    let to = temporary(shape(node).count, varying: false)
    sharedSteps.append(
      .panels(
        slot(node), to, rows: dims[dims.count - 2], columns: dims[dims.count - 1],
        transposed: transposed))
    sharedPanels[transposed ? 1 : 0][node] = to
    return to
  }

  private func lower(_ unit: Unit, _ position: Int) {
    switch unit {
    case .barrier(let node): lowerBarrier(node)
    case .cluster(let nodes): lowerCluster(nodes, position)
    }
    for (offset, count) in temporaries { frame.leave(offset, count) }
    temporaries = []
    release(after: position, unit)
  }

  /// Gives back the places of values whose last use this unit was.
  private func release(after position: Int, _ unit: Unit) {
    var seen: Set<Node> = []
    for node in unit.nodes + unit.nodes.flatMap({ reads($0) }) {
      let owner = root(node)
      guard seen.insert(owner).inserted, (lastUse[owner] ?? -1) <= position, varies[owner.index],
        case .frame = slot(owner).space, slots[owner] != nil
      else { continue }
      if case .input = operation(owner) { continue }
      frame.leave(slot(owner).offset, paddedCount(shape(owner).count))
      slots[owner] = nil
    }
  }

  /// Whether `node` is read after its own unit.
  func outlives(_ node: Node, _ position: Int) -> Bool { (lastUse[node] ?? -1) > position }

  func alias(_ node: Node, to other: Node) { slots[node] = slot(other) }
}
