import Graph
import Kernels

// Each operation that is not elementwise as one or a few steps.

extension Lowering {
  mutating func lower(_ node: Node) {
    switch operation(node) {
    case .input, .parameter, .unary, .binary, .select, .broadcast: break
    case .constant(let value): lowerConstants(node, [value])
    case .literal(let literal): lowerConstants(node, literal.values)
    case .identity(let n): lowerIdentity(node, n)
    case .matmul(let a, let b, let transposeA, let transposeB):
      lowerProduct(node, a, b, transposeA, transposeB)
    case .convolution, .transposedConvolution, .convolutionWeightGradient: lowerConvolution(node)
    case .inverse(let x), .logDeterminant(let x): lowerElimination(node, x)
    case .sum(let x, let axes): lowerReduction(node, x, axes, maximum: false)
    case .max(let x, let axes): lowerReduction(node, x, axes, maximum: true)
    case .reshape(let x, _): alias(node, to: x)
    case .transpose(let x, let permutation): lowerPermutation(node, x, permutation)
    case .slice(let x, let starts, _): lowerSlice(node, x, starts)
    case .pad(let x, let starts, let whole): lowerPad(node, x, starts, whole)
    case .concatenate(let parts, let axis): lowerConcatenation(node, parts, axis)
    case .gather(let x, let indices): lowerGather(node, x, indices)
    case .scatterAdd(let x, let indices, let rows): lowerScatterAdd(node, x, indices, rows)
    }
  }

  private mutating func lowerConstants(_ node: Node, _ values: [Double]) {
    emit(.constants(place(node), values.map { Float($0) }), varying: varies(node))
  }

  private mutating func lowerIdentity(_ node: Node, _ n: Int) {
    let (to, varying) = (place(node), varies(node))
    emit(.zero(to, count: n * n), varying: varying)
    let one = temporary(1, varying: varying)
    emit(.constants(one, [1]), varying: varying)
    for row in 0 ..< max(n, 1) {
      let target = to.advanced(by: row * (n + 1))
      emit(.write(from: one, target, strides: [0], shape: [1]), varying: varying)
    }
  }

  /// Inverses and determinants, with room for one matrix in Double.
  private mutating func lowerElimination(_ node: Node, _ x: Node) {
    let (n, varying) = (shape(x).dims.last ?? 1, varies(node))
    let matrices = SquareMatrices(batches: shape(x).dims.dropLast(2).reduce(1, *), n: n)
    let to = place(node)
    let scratch = temporary(matrices.scratchCount, varying: varying)
    if case .inverse = operation(node) {
      emit(.inverse(matrices, slot(x), to, scratch: scratch), varying: varying)
    } else {
      emit(.logDeterminant(matrices, slot(x), to, scratch: scratch), varying: varying)
    }
  }

  private mutating func lowerGather(_ node: Node, _ x: Node, _ indices: Node) {
    let step = Step.gather(
      slot(x), indices: slot(indices), place(node),
      rowLength: shape(x).dims.dropFirst().reduce(1, *), count: shape(indices).count,
      rows: shape(x)[0])
    emit(step, varying: varies(node))
  }

  private mutating func lowerScatterAdd(_ node: Node, _ x: Node, _ indices: Node, _ rows: Int) {
    let step = Step.scatterAdd(
      slot(x), indices: slot(indices), place(node),
      rowLength: shape(x).dims.dropFirst().reduce(1, *), count: shape(indices).count, rows: rows)
    emit(step, varying: varies(node))
  }
}
