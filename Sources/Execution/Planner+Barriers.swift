import Graph
import Kernels

// The operations that are not elementwise, each as one or a few steps.

/// A factor of a product in bfloat16.
struct HalfOperand: Hashable {
  let node: Node
  let rows: Int
  let columns: Int
  let form: Halving
}

extension Planner {
  func lowerBarrier(_ node: Node) {
    let varying = varies[node.index]
    switch operation(node) {
    case .input, .parameter: break
    case .constant(let value): emit(.constants(place(node), [Float(value)]), varying: varying)
    case .literal(let literal):
      emit(.constants(place(node), literal.values.map { Float($0) }), varying: varying)
    case .identity(let n): lowerIdentity(node, n)
    case .unary, .binary, .select, .broadcast: break
    case .matmul(let a, let b, let transposeA, let transposeB):
      lowerProduct(node, a, b, transposeA, transposeB)
    case .convolution, .transposedConvolution, .windowProduct: lowerConvolution(node)
    case .inverse(let x), .logDeterminant(let x): lowerElimination(node, x)
    case .sum(let x, let axes): lowerReduction(node, x, axes, maximum: false)
    case .max(let x, let axes): lowerReduction(node, x, axes, maximum: true)
    case .reshape(let x, _): alias(node, to: x)
    case .transpose(let x, let permutation): lowerPermutation(node, x, permutation)
    case .slice(let x, let starts, _):
      let strides = rowMajorStrides(shape(x))
      let offset = zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
      let from = slot(x).advanced(by: offset)
      emit(
        .read(from: from, place(node), strides: strides, shape: shape(node).dims), varying: varying)
    case .pad(let x, let starts, let whole):
      let to = place(node)
      emit(.zero(to, count: whole.count), varying: varying)
      write(x, into: to, whole, at: starts, varying: varying)
    case .concatenate(let parts, let axis):
      let to = place(node)
      var starts = [Int](repeating: 0, count: shape(node).rank)
      for part in parts {
        write(part, into: to, shape(node), at: starts, varying: varying)
        starts[axis] += shape(part)[axis]
      }
    case .gather(let x, let indices):
      let rowLength = shape(x).dims.dropFirst().reduce(1, *)
      let step = Step.gather(
        slot(x), indices: slot(indices), place(node), rowLength: rowLength,
        count: shape(indices).count, rows: shape(x)[0])
      emit(step, varying: varying)
    case .scatterAdd(let x, let indices, let rows):
      let rowLength = shape(x).dims.dropFirst().reduce(1, *)
      let step = Step.scatterAdd(
        slot(x), indices: slot(indices), place(node), rowLength: rowLength,
        count: shape(indices).count, rows: rows)
      emit(step, varying: varying)
    }
  }

  private func rowMajorStrides(_ shape: Shape) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.rank)
    for axis in stride(from: shape.rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }

  private func write(_ x: Node, into to: Slot, _ whole: Shape, at starts: [Int], varying: Bool) {
    let strides = rowMajorStrides(whole)
    let offset = zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
    let target = to.advanced(by: offset)
    emit(.write(from: slot(x), target, strides: strides, shape: shape(x).dims), varying: varying)
  }

  private func lowerIdentity(_ node: Node, _ n: Int) {
    let to = place(node)
    let varying = varies[node.index]
    emit(.zero(to, count: n * n), varying: varying)
    let one = temporary(1, varying: varying)
    emit(.constants(one, [1]), varying: varying)
    emit(.write(from: one, to, strides: [0], shape: [1]), varying: varying)
    for row in 1 ..< max(n, 1) {
      let target = to.advanced(by: row * (n + 1))
      emit(.write(from: one, target, strides: [0], shape: [1]), varying: varying)
    }
  }

  /// Neighbouring axes are reduced together, from the last group to the first.
  private func lowerReduction(_ node: Node, _ x: Node, _ axes: [Int], maximum: Bool) {
    let varying = varies[node.index]
    var dims = shape(x).dims
    var groups: [ClosedRange<Int>] = []
    for axis in axes {
      if let last = groups.last, last.upperBound == axis - 1 {
        groups[groups.count - 1] = last.lowerBound ... axis
      } else {
        groups.append(axis ... axis)
      }
    }
    if let (a, b) = factors(summedBy: node) {
      let group = groups[0]
      let to = place(node)
      return emit(
        .sumProducts(
          slot(a), slot(b), to, outer: dims[..<group.lowerBound].reduce(1, *),
          count: dims[group].reduce(1, *), inner: dims[(group.upperBound + 1)...].reduce(1, *),
          accumulate: to.space == .sums), varying: varying)
    }
    var from = slot(x)
    for (index, group) in groups.enumerated().reversed() {
      let outer = dims[..<group.lowerBound].reduce(1, *)
      let count = dims[group].reduce(1, *)
      let inner = dims[(group.upperBound + 1)...].reduce(1, *)
      let to = index == 0 ? place(node) : temporary(outer * inner, varying: varying)
      emit(
        maximum
          ? .maximum(from, to, outer: outer, count: count, inner: inner)
          : .sum(
            from, to, outer: outer, count: count, inner: inner, accumulate: to.space == .sums),
        varying: varying)
      dims.removeSubrange(group)
      from = to
    }
    if groups.isEmpty {
      let step = Step.sum(
        from, place(node), outer: 1, count: 1, inner: shape(x).count, accumulate: false)
      emit(step, varying: varying)
    }
  }

  private func lowerPermutation(_ node: Node, _ x: Node, _ permutation: [Int]) {
    let varying = varies[node.index]
    let dims = shape(x).dims
    let rank = dims.count
    if rank >= 2, permutation == Array(0 ..< rank - 2) + [rank - 1, rank - 2] {
      let batches = dims.dropLast(2).reduce(1, *)
      let step = Step.transpose(
        slot(x), place(node), batches: batches, rows: dims[rank - 2], columns: dims[rank - 1])
      return emit(step, varying: varying)
    }
    let strides = rowMajorStrides(shape(x))
    let step = Step.read(
      from: slot(x), place(node), strides: permutation.map { strides[$0] },
      shape: shape(node).dims)
    emit(step, varying: varying)
  }

  /// Inverses and determinants, with room for one matrix in Double.
  private func lowerElimination(_ node: Node, _ x: Node) {
    let varying = varies[node.index]
    let n = shape(x).dims.last ?? 1
    let matrices = SquareMatrices(batches: shape(x).dims.dropLast(2).reduce(1, *), n: n)
    let to = place(node)
    let scratch = temporary(matrices.scratchCount, varying: varying)
    if case .inverse = operation(node) {
      emit(.inverse(matrices, slot(x), to, scratch: scratch), varying: varying)
    } else {
      emit(.logDeterminant(matrices, slot(x), to, scratch: scratch), varying: varying)
    }
  }

  /// Products of matrices; what must be transposed on the right is copied, once for all shards where it does not vary.
  private func lowerProduct(
    _ node: Node, _ a: Node, _ b: Node, _ transposeA: Bool, _ transposeB: Bool
  ) {
    let varying = varies[node.index]
    let (aDims, cDims) = (shape(a).dims, shape(node).dims)
    if isNarrow(cDims), !transposeB {
      if transposeA { return lowerNarrowGradient(node, a, b) }
      if !varies[b.index] {
        let place = place(node)
        let step = Step.narrowProduct(
          slot(a), sharedTranspose(b), place, rows: cDims[0], columns: cDims[1], inner: aDims[1])
        return emit(step, varying: varying)
      }
    }
    let (aBatch, bBatch) = (Array(aDims.dropLast(2)), Array(shape(b).dims.dropLast(2)))
    let batch = Array(cDims.dropLast(2))
    var rows = cDims[cDims.count - 2]
    let columns = cDims[cDims.count - 1]
    let inner = transposeA ? aDims[aDims.count - 2] : aDims[aDims.count - 1]
    let to = place(node)
    var batches = [(a: 0, b: 0, c: 0)]
    if !batch.isEmpty {
      if bBatch.allSatisfy({ $0 == 1 }), !transposeA, aBatch.reduce(1, *) == batch.reduce(1, *) {
        rows *= batch.reduce(1, *)
      } else {
        batches = Planner.batches(
          batch, aBatch, bBatch, a: rows * inner, b: inner * columns, c: rows * columns)
      }
    }
    if batches.count == 1, !isLiteral(a), !isLiteral(b),
      let multiply = halfMultiply(rows, columns, inner, to)
    {
      let left = HalfOperand(
        node: a, rows: transposeA ? inner : rows, columns: transposeA ? rows : inner,
        form: transposeA ? .transposed : .plain)
      let right = HalfOperand(
        node: b, rows: transposeB ? columns : inner, columns: transposeB ? inner : columns,
        form: transposeB ? .transposedPaired : .paired)
      let product = Product(
        multiply: multiply, a: halved(left), b: halved(right), c: to, batches: batches)
      return emit(.product(product), varying: varying)
    }
    let inPanels =
      batches.count == 1 && !varies[b.index]
      && MatrixMultiply.hasPanels(columns: columns, inner: inner)
    let right =
      inPanels
      ? sharedPanels(b, transposed: transposeB)
      : transposeB ? transposed(b, varying: varying) : slot(b)
    let multiply = MatrixMultiply(
      rows: rows, columns: columns, inner: inner, lda: transposeA ? rows : inner, ldb: columns,
      ldc: columns, transposeA: transposeA, accumulate: to.space == .sums, inPanels: inPanels,
      resultInPanels: isInPanels(to))
    let product = Product(multiply: multiply, a: slot(a), b: right, c: to, batches: batches)
    emit(.product(product), varying: varying)
  }

  /// Whether a factor is of numbers that were written into the graph, as axes to turn to: what bfloat16 takes of those is no noise that
  /// training averages out.
  private func isLiteral(_ node: Node) -> Bool {
    if case .literal = operation(node) { return true }
    return false
  }

  /// The product in bfloat16 where it is asked for and pays.
  private func halfMultiply(_ rows: Int, _ columns: Int, _ inner: Int, _ to: Slot)
    -> MatrixMultiply?
  {
    guard precision == .bf16, rows >= 16, columns >= 16, inner >= 16, inner % 2 == 0 else {
      return nil
    }
    let multiply = MatrixMultiply(
      rows: rows, columns: columns, inner: inner, lda: inner, ldb: columns, ldc: columns,
      transposeA: false, accumulate: to.space == .sums, half: true, resultInPanels: isInPanels(to))
    return multiply.hasCode ? multiply : nil
  }

  /// A matrix in bfloat16, made once for all shards where it does not vary.
  func halved(_ operand: HalfOperand) -> Slot {
    if let known = sharedHalves[operand] { return known }
    let varying = varies[operand.node.index]
    let count = (operand.rows * operand.columns + 1) / 2
    let (to, scratch) = (
      temporary(count, varying: varying),
      temporary(operand.form.isTransposed ? count : 0, varying: varying)
    )
    let step = Step.halve(
      slot(operand.node), to, rows: operand.rows, columns: operand.columns, operand.form,
      scratch: scratch)
    emit(step, varying: varying)
    if !varying { sharedHalves[operand] = to }
    return to
  }

  /// Results of so few columns that the vectors of a product would be nearly empty.
  private func isNarrow(_ dims: [Int]) -> Bool { dims.count == 2 && dims[1] <= 4 && dims[0] >= 16 }

  /// Aᵀ B of few columns by way of its transpose, Bᵀ A.
  private func lowerNarrowGradient(_ node: Node, _ a: Node, _ b: Node) {
    let varying = varies[node.index]
    let (inner, rows, columns) = (shape(a)[0], shape(node)[0], shape(node)[1])
    let multiply = MatrixMultiply(
      rows: columns, columns: rows, inner: inner, lda: columns, ldb: rows, ldc: rows,
      transposeA: true, accumulate: false)
    let wide = temporary(rows * columns, varying: varying)
    let product = Product(
      multiply: multiply, a: slot(b), b: slot(a), c: wide, batches: [(a: 0, b: 0, c: 0)])
    emit(.product(product), varying: varying)
    let to = place(node)
    let isTotal = to.space == .sums
    let tall = isTotal ? temporary(rows * columns, varying: varying) : to
    emit(.transpose(wide, tall, batches: 1, rows: columns, columns: rows), varying: varying)
    guard isTotal else { return }
    emit(
      .sum(tall, to, outer: 1, count: 1, inner: rows * columns, accumulate: true), varying: varying)
  }

  private func transposed(_ node: Node, varying: Bool) -> Slot {
    guard varies[node.index] else { return sharedTranspose(node) }
    let dims = shape(node).dims
    let to = temporary(shape(node).count, varying: varying)
    let step = Step.transpose(
      slot(node), to, batches: dims.dropLast(2).reduce(1, *), rows: dims[dims.count - 2],
      columns: dims[dims.count - 1])
    emit(step, varying: varying)
    return to
  }

  /// The offsets of each batch's matrices, 0 along what is broadcast.
  private static func batches(
    _ batch: [Int], _ aBatch: [Int], _ bBatch: [Int], a: Int, b: Int, c: Int
  ) -> [(a: Int, b: Int, c: Int)] {
    func strides(_ own: [Int]) -> [Int] {
      let padded = [Int](repeating: 1, count: batch.count - own.count) + own
      return Broadcasting.strides(padded, batch)
    }
    let (aStrides, bStrides) = (strides(aBatch), strides(bBatch))
    return (0 ..< batch.reduce(1, *)).map { index in
      var (rest, aIndex, bIndex) = (index, 0, 0)
      for axis in batch.indices.reversed() {
        aIndex += rest % batch[axis] * aStrides[axis]
        bIndex += rest % batch[axis] * bStrides[axis]
        rest /= batch[axis]
      }
      return (aIndex * a, bIndex * b, index * c)
    }
  }
}
