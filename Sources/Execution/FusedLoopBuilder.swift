import Graph
import Kernels

/// Collects the instructions of one loop and gives them tiles of scratch.
struct FusedLoopBuilder {
  let shape: Shape
  let tile: Int
  private var instructions: [FusedLoop.Instruction] = []
  private var expansions: [FusedLoop.Source: FusedLoop.Expansion] = [:]
  private var order: [FusedLoop.Expansion] = []
  private var results: [Node: FusedLoop.Operand] = [:]
  private var tiles = 0

  init(shape: Shape) {
    self.shape = shape
    tile = FusedLoop.tileSize(count: shape.count, rowLength: shape.dims.last ?? 1)
  }

  /// The operand for a node of this loop.
  func known(_ node: Node) -> FusedLoop.Operand? { results[node] }

  mutating func expanded(_ source: FusedLoop.Source) -> FusedLoop.Operand {
    if let known = expansions[source] { return .tile(known.tile) }
    let once =
      switch source {
      case .immediate: true
      case .periodic(_, let period): tile % period == 0
      case .repeated, .between: false
      }
    let expansion = FusedLoop.Expansion(source: source, tile: tiles, once: once)
    tiles += 1
    expansions[source] = expansion
    order.append(expansion)
    return .tile(expansion.tile)
  }

  mutating func add(_ node: Node, _ op: Op, _ operands: [FusedLoop.Operand], at place: Slot?) {
    let target: FusedLoop.Target
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
  private mutating func instruction(_ op: Op, _ operands: [FusedLoop.Operand]) -> (
    FusedLoop.Operation, [FusedLoop.Operand]
  ) {
    switch op {
    case .unary(let unary, _): return (.unary(UnaryKernel(unary)), operands.map { inMemory($0) })
    case .binary(let binary, _, _):
      let both = operands.filter { if case .immediate = $0 { true } else { false } }.count == 2
      return (.binary(BinaryKernel(binary)), both ? operands.map { inMemory($0) } : operands)
    case .select: return (.select, operands.map { inMemory($0) })
    case .broadcast, .input, .parameter, .constant, .literal, .identity, .matmul, .convolution,
      .transposedConvolution, .convolutionWeightGradient, .inverse, .logDeterminant, .sum, .max,
      .reshape,
      .transpose, .slice, .pad, .concatenate, .gather,
      .scatterAdd:
      return (.copy, operands.map { inMemory($0) })
    }
  }

  private mutating func inMemory(_ operand: FusedLoop.Operand) -> FusedLoop.Operand {
    if case .immediate(let value) = operand { return expanded(.immediate(value)) }
    return operand
  }

  mutating func loop() -> FusedLoop {
    instructions = fused(instructions)
    let renamed = reuse()
    return FusedLoop(
      count: shape.count, tile: tile, instructions: renamed.instructions,
      expansions: order.enumerated().map { index, expansion in
        FusedLoop.Expansion(source: expansion.source, tile: index, once: expansion.once)
      }, tiles: renamed.tiles)
  }

  /// Gives a tile to the next instruction that wants one once its value was last read.
  ///
  /// Expansions keep theirs, the first ones.
  private func reuse() -> (instructions: [FusedLoop.Instruction], tiles: Int) {
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
    var result: [FusedLoop.Instruction] = []
    for (index, instruction) in instructions.enumerated() {
      let operands = instruction.operands.map { operand -> FusedLoop.Operand in
        if case .tile(let tile) = operand { .tile(names[tile] ?? 0) } else { operand }
      }
      // An operand's tile may be the result's: kernels work in place.
      for case .tile(let tile) in instruction.operands
      where lastRead[tile] == index && !fixed.contains(tile) {
        if let name = names.removeValue(forKey: tile) { free.append(name) }
      }
      func named(_ target: FusedLoop.Target) -> FusedLoop.Target {
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
