import Graph
import Kernels

/// How a broadcast operand's elements follow those of the result, both flattened.
enum Broadcasting: Equatable {
  case full
  /// Element i is element i mod `period`.
  case periodic(Int)
  /// Element i is element i / `run`.
  case repeated(Int)
  /// Element i is element (i / `run`) · `period` + i mod `period`: axes on both sides of those that are stretched.
  case between(period: Int, run: Int)
  /// Anything else: read with strides.
  case strided([Int])

  init(of operand: Shape, in result: Shape) {
    let lengths = result.dims
    let own = [Int](repeating: 1, count: max(0, lengths.count - operand.rank)) + operand.dims
    if operand.count == result.count {
      self = .full
    } else if let first = own.firstIndex(where: { $0 != 1 }) {
      let last = own.lastIndex { $0 != 1 } ?? first
      if own[first...] == lengths[first...] {
        self = .periodic(operand.count)
      } else if own[...last] == lengths[...last] {
        self = .repeated(lengths[(last + 1)...].reduce(1, *))
      } else if let between = Broadcasting.between(own, lengths) {
        self = between
      } else {
        self = .strided(Broadcasting.strides(own, lengths))
      }
    } else {
      self = .periodic(1)
    }
  }

  private static func between(_ own: [Int], _ lengths: [Int]) -> Broadcasting? {
    let same = own.indices.filter { own[$0] == lengths[$0] }
    guard let first = own.indices.first(where: { own[$0] != lengths[$0] }),
      let last = own.indices.last(where: { own[$0] != lengths[$0] }),
      same == Array(0 ..< first) + Array(last + 1 ..< own.count)
    else { return nil }
    return .between(
      period: lengths[(last + 1)...].reduce(1, *), run: lengths[first...].reduce(1, *))
  }

  /// Row-major strides of `own`, 0 along what is broadcast.
  static func strides(_ own: [Int], _ lengths: [Int]) -> [Int] {
    var strides = [Int](repeating: 0, count: own.count)
    var step = 1
    for axis in own.indices.reversed() {
      strides[axis] = own[axis] == 1 ? 0 : step
      step *= own[axis]
    }
    return strides
  }
}

extension Planner {
  func lowerCluster(_ nodes: [Node], _ position: Int) {
    guard let first = nodes.first else { return }
    let varying = varies[first.index]
    var builder = ClusterBuilder(shape: shape(first))
    var materialized: [Node: Slot] = [:]
    for node in nodes {
      let inputs = operation(node).inputs
      let operands = inputs.map { input in
        builder.known(input)
          ?? outerOperand(input, varying: varying, &builder, &materialized)
      }
      builder.add(node, operation(node), operands, at: outlives(node, position) ? place(node) : nil)
    }
    let cluster = builder.cluster()
    let scratch = temporary(cluster.scratchCount, varying: varying)
    emit(.cluster(cluster, scratch: scratch), varying: varying)
  }

  private func outerOperand(
    _ node: Node, varying: Bool, _ builder: inout ClusterBuilder, _ materialized: inout [Node: Slot]
  ) -> Cluster.Operand {
    if case .constant(let value) = operation(node) { return .immediate(Float(value)) }
    switch Broadcasting(of: shape(node), in: builder.shape) {
    case .full: return .value(slot(node))
    case .periodic(let period):
      if period % builder.tile == 0 { return .wrapped(slot(node), period: period) }
      return builder.expanded(.periodic(slot(node), period: period))
    case .repeated(let run): return builder.expanded(.repeated(slot(node), run: run))
    case .between(let period, let run):
      return builder.expanded(.between(slot(node), period: period, run: run))
    case .strided(let strides):
      if let known = materialized[node] { return .value(known) }
      let to = temporary(builder.shape.count, varying: varying)
      emit(
        .read(from: slot(node), to, strides: strides, shape: builder.shape.dims), varying: varying)
      materialized[node] = to
      return .value(to)
    }
  }
}

/// Collects the instructions of one cluster and gives them tiles of scratch.
struct ClusterBuilder {
  let shape: Shape
  let tile: Int
  private var instructions: [Cluster.Instruction] = []
  private var expansions: [Cluster.Source: Cluster.Expansion] = [:]
  private var order: [Cluster.Expansion] = []
  private var results: [Node: Cluster.Operand] = [:]
  private var tiles = 0

  init(shape: Shape) {
    self.shape = shape
    tile = Cluster.tileSize(count: shape.count, rowLength: shape.dims.last ?? 1)
  }

  /// The operand for a node of this cluster.
  func known(_ node: Node) -> Cluster.Operand? { results[node] }

  mutating func expanded(_ source: Cluster.Source) -> Cluster.Operand {
    if let known = expansions[source] { return .tile(known.tile) }
    let once =
      switch source {
      case .immediate: true
      case .periodic(_, let period): tile % period == 0
      case .repeated, .between: false
      }
    let expansion = Cluster.Expansion(source: source, tile: tiles, once: once)
    tiles += 1
    expansions[source] = expansion
    order.append(expansion)
    return .tile(expansion.tile)
  }

  mutating func add(_ node: Node, _ op: Op, _ operands: [Cluster.Operand], at place: Slot?) {
    let target: Cluster.Target
    if let place {
      target = .value(place)
      results[node] = .value(place)
    } else {
      target = .tile(tiles)
      results[node] = .tile(tiles)
      tiles += 1
    }
    let (operation, used) = instruction(op, operands)
    instructions.append(.init(operation: operation, operands: used, target: target))
  }

  /// The kernel for an operation.
  ///
  /// Where no scalar form serves, an immediate is expanded.
  private mutating func instruction(_ op: Op, _ operands: [Cluster.Operand]) -> (
    Cluster.Operation, [Cluster.Operand]
  ) {
    switch op {
    case .unary(let unary, _): return (.unary(UnaryKernel(unary)), operands.map { inMemory($0) })
    case .binary(let binary, _, _):
      let both = operands.filter { if case .immediate = $0 { true } else { false } }.count == 2
      return (.binary(BinaryKernel(binary)), both ? operands.map { inMemory($0) } : operands)
    case .select: return (.select, operands.map { inMemory($0) })
    case .broadcast, .input, .parameter, .constant, .literal, .identity, .matmul, .convolution,
      .transposedConvolution, .windowProduct, .inverse, .logDeterminant, .sum, .max, .reshape,
      .transpose, .slice, .pad, .concatenate, .gather,
      .scatterAdd:
      return (.copy, operands.map { inMemory($0) })
    }
  }

  private mutating func inMemory(_ operand: Cluster.Operand) -> Cluster.Operand {
    if case .immediate(let value) = operand { return expanded(.immediate(value)) }
    return operand
  }

  mutating func cluster() -> Cluster {
    instructions = fused(instructions)
    let renamed = reuse()
    return Cluster(
      count: shape.count, tile: tile, instructions: renamed.instructions,
      expansions: order.enumerated().map { index, expansion in
        Cluster.Expansion(source: expansion.source, tile: index, once: expansion.once)
      }, tiles: renamed.tiles)
  }

  /// Gives a tile to the next instruction that wants one once its value was last read.
  ///
  /// Expansions keep theirs, the first ones.
  private func reuse() -> (instructions: [Cluster.Instruction], tiles: Int) {
    let fixed = Set(order.map(\.tile))
    var lastRead: [Int: Int] = [:]
    for (index, instruction) in instructions.enumerated() {
      for case .tile(let tile) in instruction.operands { lastRead[tile] = index }
    }
    var names: [Int: Int] = [:]
    var free: [Int] = []
    var count = 0
    func fresh() -> Int {
      if let tile = free.popLast() { return tile }
      count += 1
      return count - 1
    }
    for expansion in order {
      names[expansion.tile] = count
      count += 1
    }
    var result: [Cluster.Instruction] = []
    for (index, instruction) in instructions.enumerated() {
      let operands = instruction.operands.map { operand -> Cluster.Operand in
        if case .tile(let tile) = operand { .tile(names[tile] ?? 0) } else { operand }
      }
      // An operand's tile may be the result's: kernels work in place.
      for case .tile(let tile) in instruction.operands
      where lastRead[tile] == index && !fixed.contains(tile) {
        if let name = names.removeValue(forKey: tile) { free.append(name) }
      }
      func named(_ target: Cluster.Target) -> Cluster.Target {
        guard case .tile(let tile) = target else { return target }
        names[tile] = fresh()
        return .tile(names[tile] ?? 0)
      }
      let (target, second) = (named(instruction.target), instruction.secondTarget.map(named))
      for case .tile(let tile) in [instruction.target, instruction.secondTarget]
      where lastRead[tile] == nil {
        if let name = names.removeValue(forKey: tile) { free.append(name) }
      }
      result.append(
        .init(
          operation: instruction.operation, operands: operands, target: target,
          secondTarget: second))
    }
    return (result, count)
  }
}

extension UnaryKernel {
  init(_ unary: Unary) {
    self =
      switch unary {
      case .negate: .negate
      case .exp: .exp
      case .log: .log
      case .tanh: .tanh
      case .sigmoid: .sigmoid
      case .softplus: .softplus
      case .sqrt: .sqrt
      case .reciprocal: .reciprocal
      case .sin: .sin
      case .cos: .cos
      case .abs: .abs
      case .sign: .sign
      case .relu: .relu
      case .step: .step
      case .square: .square
      }
  }
}

extension BinaryKernel {
  init(_ binary: Binary) {
    self =
      switch binary {
      case .add: .add
      case .subtract: .subtract
      case .multiply: .multiply
      case .divide: .divide
      case .maximum: .maximum
      case .minimum: .minimum
      case .greater: .greater
      }
  }
}
