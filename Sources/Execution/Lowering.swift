import Graph
import Kernels

/// Turns groups of nodes into steps.
///
/// Memory is taken as if there were no end of it: what varies with the rows at fresh addresses of a
/// frame, what depends on parameters alone in memory that all shards share. `Places` then puts the
/// frame's values where others have been.
struct Lowering {
  let source: PlanGraph
  let products: SummedProducts
  let totals: Totals
  let precision: Precision

  private(set) var steps: [Step] = []
  private(set) var sharedSteps: [Step] = []
  /// Floats of memory that all shards share.
  private(set) var sharedCount = 0
  /// What each group took of the frame, in order.
  private(set) var memory: [GroupMemory] = []
  /// What the inputs took.
  private(set) var inputs: [Stretch] = []
  /// Addresses that were taken of the frame.
  private var frameCount = 0
  private var slots: NodeTable<Slot>
  private var stretches: NodeTable<Stretch?>
  private var copies: [SharedCopy: Slot] = [:]
  /// Of the group at hand.
  private var taken = GroupMemory()

  init(
    _ source: PlanGraph, _ products: SummedProducts, _ totals: Totals, parameters: ParameterLayout,
    _ precision: Precision
  ) {
    (self.source, self.products, self.totals) = (source, products, totals)
    self.precision = precision
    slots = NodeTable(source.graph, repeating: Slot(.frame, 0))
    stretches = NodeTable(source.graph, repeating: nil)
    for (parameter, offset) in zip(source.graph.parameters, parameters.offsets) {
      slots[parameter] = Slot(.parameters, offset)
    }
    for input in source.graph.inputs {
      let stretch = takeFrame(shape(input).count)
      slots[input] = Slot(.frame, stretch.start)
      inputs.append(stretch)
    }
  }

  mutating func lower(_ groups: [FusionGroup], _ lifetimes: Lifetimes) {
    for (position, group) in groups.enumerated() {
      taken = GroupMemory()
      switch group {
      case .single(let node): lower(node)
      case .fused(let nodes): lower(nodes) { lifetimes.outlives($0, position) }
      }
      memory.append(taken)
    }
    for (node, to) in totals.rest {
      let count = shape(node).count
      steps.append(.sum(slot(node), to, outer: 1, count: 1, inner: count, accumulate: true))
    }
  }

  /// The frame's memory of a node that has any.
  func stretch(_ node: Node) -> Stretch? { stretches[node] }

  func slot(_ node: Node) -> Slot { slots[node] }

  func shape(_ node: Node) -> Shape { source.shape(node) }

  func operation(_ node: Node) -> Op { source.operation(node) }

  func varies(_ node: Node) -> Bool { source.varies(node) }
}

// MARK: - What the operations' own files use

extension Lowering {
  mutating func emit(_ step: Step, varying: Bool) {
    if varying { steps.append(step) } else { sharedSteps.append(step) }
  }

  /// Where `node`'s value goes; taken now.
  mutating func place(_ node: Node) -> Slot {
    if let direct = totals.direct[node] { return direct }
    let count = shape(node).count
    guard varies(node) else {
      slots[node] = takeShared(count)
      return slot(node)
    }
    let stretch = takeFrame(count)
    taken.taken.append(stretch)
    stretches[node] = stretch
    slots[node] = Slot(.frame, stretch.start)
    return slot(node)
  }

  /// Memory for the group at hand alone.
  mutating func temporary(_ count: Int, varying: Bool) -> Slot {
    guard varying else { return takeShared(count) }
    let stretch = takeFrame(count)
    taken.taken.append(stretch)
    taken.temporaries.append(stretch)
    return Slot(.frame, stretch.start)
  }

  /// Lets a node have the memory of another.
  mutating func alias(_ node: Node, to other: Node) { slots[node] = slot(other) }

  /// A copy of a value in another form: made once for all shards where the value does not vary.
  mutating func copy(
    _ node: Node, _ form: SharedCopy, _ make: (inout Lowering) -> Slot
  ) -> Slot {
    if let known = copies[form] { return known }
    let made = make(&self)
    if !varies(node) { copies[form] = made }
    return made
  }

  private mutating func takeFrame(_ count: Int) -> Stretch {
    let stretch = Stretch(start: frameCount, count: paddedCount(count))
    frameCount += stretch.count
    return stretch
  }

  private mutating func takeShared(_ count: Int) -> Slot {
    defer { sharedCount += paddedCount(count) }
    return Slot(.shared, sharedCount)
  }
}

/// Other forms in which a value that does not vary is kept.
enum SharedCopy: Hashable {
  case transposed(Node)
  /// As it is or transposed, in the panels that products read.
  case panels(Node, transposed: Bool)
  case bfloat16(BFloat16Operand)
  /// A kernel as its adjoint takes it.
  case flipped(Node, bfloat16: Bool)
}

/// A factor of a product in bfloat16.
struct BFloat16Operand: Hashable {
  let node: Node
  let rows: Int
  let columns: Int
  let form: BFloat16Layout
}
