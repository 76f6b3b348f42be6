import Graph

// Operations that move values: permutations, slices, pads and concatenations.

extension Lowering {
  mutating func lowerPermutation(_ node: Node, _ x: Node, _ permutation: [Int]) {
    let dims = shape(x).dims
    let rank = dims.count
    guard rank >= 2, permutation == Array(0 ..< rank - 2) + [rank - 1, rank - 2] else {
      let strides = rowMajorStrides(shape(x))
      let step = Step.read(
        from: slot(x), place(node), strides: permutation.map { strides[$0] },
        shape: shape(node).dims)
      return emit(step, varying: varies(node))
    }
    emit(transposition(of: x, to: place(node)), varying: varies(node))
  }

  /// The last two axes of `x` exchanged.
  func transposition(of x: Node, to: Slot) -> Step {
    let dims = shape(x).dims
    return .transpose(
      slot(x), to, batches: dims.dropLast(2).reduce(1, *), rows: dims[dims.count - 2],
      columns: dims[dims.count - 1])
  }

  mutating func lowerSlice(_ node: Node, _ x: Node, _ starts: [Int]) {
    let strides = rowMajorStrides(shape(x))
    let from = slot(x).advanced(by: offset(starts, strides))
    let step = Step.read(from: from, place(node), strides: strides, shape: shape(node).dims)
    emit(step, varying: varies(node))
  }

  mutating func lowerPad(_ node: Node, _ x: Node, _ starts: [Int], _ whole: Shape) {
    let to = place(node)
    emit(.zero(to, count: whole.count), varying: varies(node))
    write(x, into: to, whole, at: starts, varying: varies(node))
  }

  mutating func lowerConcatenation(_ node: Node, _ parts: [Node], _ axis: Int) {
    let to = place(node)
    var starts = [Int](repeating: 0, count: shape(node).rank)
    for part in parts {
      write(part, into: to, shape(node), at: starts, varying: varies(node))
      starts[axis] += shape(part)[axis]
    }
  }

  private mutating func write(
    _ x: Node, into to: Slot, _ whole: Shape, at starts: [Int], varying: Bool
  ) {
    let strides = rowMajorStrides(whole)
    let target = to.advanced(by: offset(starts, strides))
    emit(.write(from: slot(x), target, strides: strides, shape: shape(x).dims), varying: varying)
  }

  private func offset(_ starts: [Int], _ strides: [Int]) -> Int {
    zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private func rowMajorStrides(_ shape: Shape) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.rank)
    for axis in stride(from: shape.rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }
}
