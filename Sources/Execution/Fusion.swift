import Kernels

// Chains of elementwise instructions made into one pass over the tile.

/// The instructions with what a single kernel does together put together.
///
/// Before tiles get their names each is written once, so what reads it can be counted.
func fused(_ instructions: [FusedLoop.Instruction]) -> [FusedLoop.Instruction] {
  var fusion = Fusion(instructions)
  fusion.findSlopes()
  fusion.findSilus()
  fusion.findBiases()
  fusion.findProducts()
  return fusion.instructions.compactMap { $0 }
}

private struct Fusion {
  typealias Instruction = FusedLoop.Instruction
  typealias Operand = FusedLoop.Operand

  /// Nil where an instruction became part of another.
  var instructions: [Instruction?]
  /// The instructions that read a tile.
  private var readers: [Int: Set<Int>] = [:]
  /// The instruction that writes a tile.
  private var writer: [Int: Int] = [:]

  init(_ given: [Instruction]) {
    instructions = given
    for index in given.indices { note(index) }
  }

  private mutating func note(_ index: Int) {
    guard let instruction = instructions[index] else { return }
    for case .tile(let tile) in instruction.operands { readers[tile, default: []].insert(index) }
    for case .tile(let tile) in [instruction.target, instruction.secondTarget] {
      writer[tile] = index
    }
  }

  /// Puts `new` in the place of several instructions, at one of theirs.
  private mutating func replace(_ old: [Int], with new: Instruction, at index: Int) {
    for place in old {
      for case .tile(let tile) in instructions[place]?.operands ?? [] {
        readers[tile]?.remove(place)
      }
      instructions[place] = nil
    }
    instructions[index] = new
    note(index)
  }

  /// The tile that an instruction of one kind writes, if it writes no whole value.
  private func result(_ index: Int) -> Int? {
    if let instruction = instructions[index], instruction.secondTarget == nil,
      case .tile(let tile) = instruction.target
    {
      return tile
    }
    return nil
  }

  private func isBinary(_ index: Int, _ kernel: BinaryKernel) -> Bool {
    if case .binary(kernel) = instructions[index]?.operation { return true }
    return false
  }

  /// The operand of a commutative instruction beside `operand`; nil if that is not one of the two.
  private func other(_ index: Int, than operand: Operand) -> Operand? {
    guard let instruction = instructions[index] else { return nil }
    if instruction.first == operand { return instruction.second }
    return instruction.second == operand ? instruction.first : nil
  }

  /// The place of y = x σ where σ = σ(x) stands at `sigmoid`.
  private func siluProduct(_ sigmoid: Int) -> (x: Operand, tile: Int, product: Int)? {
    guard let instruction = instructions[sigmoid], case .unary(.sigmoid) = instruction.operation,
      let tile = result(sigmoid)
    else { return nil }
    let x = instruction.first
    let product = readers[tile, default: []].filter { index in
      isBinary(index, .multiply) && other(index, than: .tile(tile)) == x
    }.min()
    return product.map { (x, tile, $0) }
  }

  /// σ, y = x σ, 1 − σ, y (1 − σ), σ + y (1 − σ): y and its derivative.
  mutating func findSlopes() {
    for sigmoid in instructions.indices {
      guard let (x, tile, product) = siluProduct(sigmoid), let y = instructions[product]?.target,
        let uses = readers[tile], uses.count == 3
      else { continue }
      let one = uses.filter { index in
        isBinary(index, .subtract) && instructions[index]?.first == .immediate(1)
      }.min()
      guard let one, let rest = result(one), let scaled = onlyReader(rest),
        isBinary(scaled, .multiply), other(scaled, than: .tile(rest)) == y.operand,
        let term = result(scaled), let sum = onlyReader(term), isBinary(sum, .add),
        other(sum, than: .tile(term)) == .tile(tile), let slope = instructions[sum]?.target
      else { continue }
      let made = Instruction(operation: .silu, operands: [x], target: y, secondTarget: slope)
      replace([sigmoid, one, scaled, sum, product], with: made, at: product)
    }
  }

  /// σ, x σ where nothing else reads σ.
  mutating func findSilus() {
    for sigmoid in instructions.indices {
      guard let (x, tile, product) = siluProduct(sigmoid), onlyReader(tile) != nil,
        let y = instructions[product]?.target
      else { continue }
      let made = Instruction(operation: .silu, operands: [x], target: y)
      replace([sigmoid, product], with: made, at: product)
    }
  }

  /// A sum that nothing but one SiLU reads.
  mutating func findBiases() {
    for index in instructions.indices {
      guard let silu = instructions[index], case .silu = silu.operation,
        case .tile(let tile) = silu.first, onlyReader(tile) != nil, let sum = writer[tile],
        isBinary(sum, .add), let operands = instructions[sum]?.operands,
        operands.allSatisfy(\.isInMemory)
      else { continue }
      let made = Instruction(
        operation: .silu, operands: operands, target: silu.target, secondTarget: silu.secondTarget)
      replace([sum, index], with: made, at: index)
    }
  }

  /// A product that nothing but one sum reads.
  mutating func findProducts() {
    for index in instructions.indices {
      guard isBinary(index, .multiply), let operands = instructions[index]?.operands,
        let tile = result(index), let sum = onlyReader(tile), isBinary(sum, .add),
        let addend = other(sum, than: .tile(tile)), addend != .tile(tile),
        (operands + [addend]).allSatisfy(\.isInMemory), let target = instructions[sum]?.target
      else { continue }
      let made = Instruction(
        operation: .multiplyAdd, operands: operands + [addend], target: target)
      replace([index, sum], with: made, at: sum)
    }
  }

  /// The one instruction that reads a tile.
  private func onlyReader(_ tile: Int) -> Int? {
    let all = readers[tile, default: []]
    return all.count == 1 ? all.first : nil
  }
}

extension FusedLoop.Operand {
  fileprivate var isInMemory: Bool {
    if case .immediate = self { return false }
    return true
  }
}

extension FusedLoop.Target {
  fileprivate var operand: FusedLoop.Operand {
    switch self {
    case .value(let slot): .value(slot)
    case .tile(let tile): .tile(tile)
    }
  }
}
