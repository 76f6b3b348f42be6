import Graph
import Kernels

// Products of matrices.

/// C = A · B as a node has it, each factor perhaps stored transposed.
private struct MatrixProduct {
  let node: Node
  let a: Node
  let b: Node
  let transposeA: Bool
  let transposeB: Bool
  let rows: Int
  let columns: Int
  let inner: Int
  /// Offsets of each batch's matrices.
  let batches: [(a: Int, b: Int, c: Int)]

  init(
    _ source: PlanGraph, _ node: Node, _ a: Node, _ b: Node, _ transposeA: Bool, _ transposeB: Bool
  ) {
    (self.node, self.a, self.b) = (node, a, b)
    (self.transposeA, self.transposeB) = (transposeA, transposeB)
    let (aDims, bDims, cDims) = (
      source.shape(a).dims, source.shape(b).dims, source.shape(node).dims
    )
    let (aBatch, bBatch, batch) = (
      Array(aDims.dropLast(2)), Array(bDims.dropLast(2)), Array(cDims.dropLast(2))
    )
    let height = cDims[cDims.count - 2]
    columns = cDims[cDims.count - 1]
    inner = transposeA ? aDims[aDims.count - 2] : aDims[aDims.count - 1]
    // One B for all A, which lie one after the other: one tall matrix.
    let isTall =
      bBatch.allSatisfy { $0 == 1 } && !transposeA && aBatch.reduce(1, *) == batch.reduce(1, *)
    rows = isTall ? height * batch.reduce(1, *) : height
    batches =
      batch.isEmpty || isTall
      ? [(a: 0, b: 0, c: 0)]
      : MatrixProduct.batches(
        batch, aBatch, bBatch, a: height * inner, b: inner * columns, c: height * columns)
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

extension Lowering {
  /// What must be transposed on the right is copied, once for all shards where it does not vary.
  mutating func lowerProduct(
    _ node: Node, _ a: Node, _ b: Node, _ transposeA: Bool, _ transposeB: Bool
  ) {
    if isNarrow(shape(node).dims), !transposeB {
      if transposeA { return lowerNarrowGradient(node, a, b) }
      if !varies(b) { return lowerNarrow(node, a, b) }
    }
    let product = MatrixProduct(source, node, a, b, transposeA, transposeB)
    let to = place(node)
    if let multiply = bfloat16Multiply(product, to) {
      lowerBFloat16(product, multiply, to)
    } else {
      lowerFull(product, to)
    }
  }

  private mutating func lowerFull(_ product: MatrixProduct, _ to: Slot) {
    let (rows, columns, inner) = (product.rows, product.columns, product.inner)
    let inPanels =
      product.batches.count == 1 && !varies(product.b)
      && MatrixMultiply.hasPanels(columns: columns, inner: inner)
    let right =
      inPanels
      ? sharedPanels(product.b, transposed: product.transposeB)
      : product.transposeB ? transposed(product.b) : slot(product.b)
    let multiply = MatrixMultiply(
      rows: rows, columns: columns, inner: inner, lda: product.transposeA ? rows : inner,
      ldb: columns, ldc: columns, transposeA: product.transposeA, accumulate: to.space == .sums,
      inPanels: inPanels, resultInPanels: totals.isInPanels(to))
    let step = Product(
      multiply: multiply, a: slot(product.a), b: right, c: to, batches: product.batches)
    emit(.product(step), varying: varies(product.node))
  }

  /// A matrix with its last two axes exchanged.
  private mutating func transposed(_ node: Node) -> Slot {
    copy(node, .transposed(node)) { lowering in
      let varying = lowering.varies(node)
      let to = lowering.temporary(lowering.shape(node).count, varying: varying)
      lowering.emit(lowering.transposition(of: node, to: to), varying: varying)
      return to
    }
  }

  /// The panels of a matrix that does not vary.
  private mutating func sharedPanels(_ node: Node, transposed: Bool) -> Slot {
    copy(node, .panels(node, transposed: transposed)) { lowering in
      let dims = lowering.shape(node).dims
      let to = lowering.temporary(lowering.shape(node).count, varying: false)
      let step = Step.panels(
        lowering.slot(node), to, rows: dims[dims.count - 2], columns: dims[dims.count - 1],
        transposed: transposed)
      lowering.emit(step, varying: false)
      return to
    }
  }
}

// MARK: - In bfloat16

extension Lowering {
  /// The product in bfloat16 where it is asked for and pays.
  private func bfloat16Multiply(_ product: MatrixProduct, _ to: Slot) -> MatrixMultiply? {
    guard product.batches.count == 1, !isLiteral(product.a), !isLiteral(product.b) else {
      return nil
    }
    let (rows, columns, inner) = (product.rows, product.columns, product.inner)
    guard precision == .bf16, rows >= 16, columns >= 16, inner >= 16, inner % 2 == 0 else {
      return nil
    }
    let multiply = MatrixMultiply(
      rows: rows, columns: columns, inner: inner, lda: inner, ldb: columns, ldc: columns,
      transposeA: false, accumulate: to.space == .sums, bfloat16: true,
      resultInPanels: totals.isInPanels(to))
    return multiply.hasCode ? multiply : nil
  }

  private mutating func lowerBFloat16(
    _ product: MatrixProduct, _ multiply: MatrixMultiply, _ to: Slot
  ) {
    let (rows, columns, inner) = (product.rows, product.columns, product.inner)
    let left = BFloat16Operand(
      node: product.a, rows: product.transposeA ? inner : rows,
      columns: product.transposeA ? rows : inner, form: product.transposeA ? .transposed : .plain)
    let right = BFloat16Operand(
      node: product.b, rows: product.transposeB ? columns : inner,
      columns: product.transposeB ? inner : columns,
      form: product.transposeB ? .transposedPaired : .paired)
    let step = Product(
      multiply: multiply, a: rounded(left), b: rounded(right), c: to, batches: product.batches)
    emit(.product(step), varying: varies(product.node))
  }

  /// A matrix in bfloat16.
  mutating func rounded(_ operand: BFloat16Operand) -> Slot {
    copy(operand.node, .bfloat16(operand)) { lowering in
      let varying = lowering.varies(operand.node)
      let count = (operand.rows * operand.columns + 1) / 2
      let to = lowering.temporary(count, varying: varying)
      let scratch = lowering.temporary(operand.form.isTransposed ? count : 0, varying: varying)
      let step = Step.toBFloat16(
        lowering.slot(operand.node), to, rows: operand.rows, columns: operand.columns,
        operand.form, scratch: scratch)
      lowering.emit(step, varying: varying)
      return to
    }
  }

  /// Whether a factor is of numbers that were written into the graph, as axes to turn to: what
  /// bfloat16 takes of those is no noise that training averages out.
  private func isLiteral(_ node: Node) -> Bool {
    if case .literal = operation(node) { return true }
    return false
  }
}

// MARK: - Of few columns

extension Lowering {
  /// Results of so few columns that the vectors of a product would be nearly empty.
  private func isNarrow(_ dims: [Int]) -> Bool { dims.count == 2 && dims[1] <= 4 && dims[0] >= 16 }

  /// A B by dot products of the rows of A and the columns of B, which does not vary.
  private mutating func lowerNarrow(_ node: Node, _ a: Node, _ b: Node) {
    let to = place(node)
    let step = Step.narrowProduct(
      slot(a), transposed(b), to, rows: shape(node)[0], columns: shape(node)[1],
      inner: shape(a)[1])
    emit(step, varying: varies(node))
  }

  /// Aᵀ B by way of its transpose, Bᵀ A.
  private mutating func lowerNarrowGradient(_ node: Node, _ a: Node, _ b: Node) {
    let varying = varies(node)
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
}
