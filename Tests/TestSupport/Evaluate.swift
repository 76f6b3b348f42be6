import Glibc
package import Graph

/// A tensor by its definition: a shape and values in row-major order.
package struct Tensor {
  package var shape: [Int]
  package var values: [Double]

  package init(_ shape: [Int], _ values: [Double]) {
    self.shape = shape
    self.values = values
  }

  package init(_ shape: [Int], _ value: (Int) -> Double) {
    self.shape = shape
    values = (0 ..< shape.reduce(1, *)).map(value)
  }

  /// The element at an index that may have more axes, or axes of length 1 stretched.
  func stretched(_ index: [Int]) -> Double {
    let own = index.suffix(shape.count)
    var offset = 0
    for (i, length) in zip(own, shape) { offset = offset * length + (length == 1 ? 0 : i) }
    return values[offset]
  }
}

/// Every index of a shape, in row-major order.
func indices(_ shape: [Int]) -> [[Int]] {
  shape.reduce([[]]) { partial, length in partial.flatMap { i in (0 ..< length).map { i + [$0] } } }
}

/// Evaluates a graph by the definition of each operation, in Double.
///
/// Slow and obvious: the reference that the executor and the derivative rules are compared with.
package func evaluate(
  _ graph: Graph, _ outputs: [Node], inputs: [Tensor] = [], parameters: [Tensor] = []
) -> [Tensor] {
  var results: [Tensor] = []
  for (index, op) in graph.operations.enumerated() {
    let shape = graph.shape(of: Node(index: index)).dims
    let operands = op.inputs.map { results[$0.index] }
    switch op {
    case .input(let slot): results.append(inputs[slot])
    case .parameter(let slot): results.append(parameters[slot])
    default: results.append(result(op, shape, operands))
    }
  }
  return outputs.map { results[$0.index] }
}

private func result(_ op: Op, _ shape: [Int], _ x: [Tensor]) -> Tensor {
  func build(_ value: ([Int]) -> Double) -> Tensor { Tensor(shape, indices(shape).map(value)) }
  switch op {
  case .input, .parameter: return Tensor([], [.nan])
  case .constant(let value): return Tensor([], [value])
  case .literal(let literal): return Tensor(shape, literal.values)
  case .identity: return build { $0[0] == $0[1] ? 1 : 0 }
  case .unary(let f, _): return Tensor(shape, x[0].values.map { apply(f, $0) })
  case .binary(let f, _, _): return build { apply(f, x[0].stretched($0), x[1].stretched($0)) }
  case .select:
    return build { x[0].stretched($0) != 0 ? x[1].stretched($0) : x[2].stretched($0) }
  case .matmul(_, _, let transposeA, let transposeB):
    let inner = x[0].shape[x[0].shape.count - (transposeA ? 2 : 1)]
    return build { index in
      let (batch, i, j) = (index.dropLast(2), index[index.count - 2], index[index.count - 1])
      return (0 ..< inner).reduce(0) { sum, p in
        let a = x[0].stretched(batch + (transposeA ? [p, i] : [i, p]))
        let b = x[1].stretched(batch + (transposeB ? [j, p] : [p, j]))
        return sum + a * b
      }
    }
  case .convolution, .transposedConvolution, .convolutionWeightGradient:
    return convolve(op, shape, x)
  case .inverse: return build { index in inverseElement(x[0], index) }
  case .logDeterminant:
    let n = x[0].shape.last ?? 1
    return build { log(abs(determinant(matrix(x[0], $0, n)))) }
  case .sum(_, let axes): return reduce(x[0], axes, shape, 0, +)
  case .max(_, let axes): return reduce(x[0], axes, shape, -.infinity, Swift.max)
  case .broadcast: return build { x[0].stretched($0) }
  case .reshape: return Tensor(shape, x[0].values)
  case .transpose(_, let permutation):
    return build { index in
      var source = index
      for (axis, from) in permutation.enumerated() { source[from] = index[axis] }
      return x[0].stretched(source)
    }
  case .slice(_, let starts, _): return build { x[0].stretched(zip($0, starts).map(+)) }
  case .pad(_, let starts, _):
    return build { index in
      let source = zip(index, starts).map { $0 - $1 }
      let inside = zip(source, x[0].shape).allSatisfy { $0 >= 0 && $0 < $1 }
      return inside ? x[0].values[offset(source, x[0].shape)] : 0
    }
  case .concatenate(_, let axis):
    return build { index in
      var index = index
      for part in x {
        if index[axis] < part.shape[axis] { return part.values[offset(index, part.shape)] }
        index[axis] -= part.shape[axis]
      }
      return .nan
    }
  case .gather:
    return build { x[0].values[offset([Int(x[1].values[$0[0]])] + $0.dropFirst(), x[0].shape)] }
  case .scatterAdd:
    return build { index in
      x[1].values.indices.reduce(0) { sum, i in
        guard Int(x[1].values[i]) == index[0] else { return sum }
        return sum + x[0].values[offset([i] + index.dropFirst(), x[0].shape)]
      }
    }
  }
}

/// ⟨y, W ∗ x⟩ term by term, each added where the result stands.
private func convolve(_ op: Op, _ shape: [Int], _ operands: [Tensor]) -> Tensor {
  var result = Tensor(shape) { _ in 0 }
  func visit(_ window: Window, _ term: (_ x: [Int], _ kernel: [Int], _ y: [Int]) -> Void) {
    let (x, w) = (operands[0].shape, operands[1].shape)
    let channels: Int
    let filters: Int
    switch op {
    case .convolution: (channels, filters) = (w[2], w[3])
    case .transposedConvolution: (channels, filters) = (w[2], x[3])
    default: (channels, filters) = (x[3], w[3])
    }
    for n in 0 ..< x[0] {
      let places = indices([window.output.height, window.output.width])
      for place in places {
        for tap in indices([window.kernel.height, window.kernel.width, channels, filters]) {
          let row = place[0] * window.stride.height + tap[0] - window.padding.height
          let column = place[1] * window.stride.width + tap[1] - window.padding.width
          guard (0 ..< window.input.height).contains(row),
            (0 ..< window.input.width).contains(column)
          else { continue }
          term([n, row, column, tap[2]], tap, [n, place[0], place[1], tap[3]])
        }
      }
    }
  }
  func value(_ operand: Int, _ index: [Int]) -> Double {
    operands[operand].values[offset(index, operands[operand].shape)]
  }
  switch op {
  case .convolution(_, _, let window):
    visit(window) { result.values[offset($2, shape)] += value(0, $0) * value(1, $1) }
  case .transposedConvolution(_, _, let window):
    visit(window) { result.values[offset($0, shape)] += value(0, $2) * value(1, $1) }
  case .convolutionWeightGradient(_, _, let window):
    visit(window) { result.values[offset($1, shape)] += value(0, $0) * value(1, $2) }
  default: break
  }
  return result
}

/// The matrix at the leading `index`, as rows.
private func matrix(_ x: Tensor, _ index: [Int], _ n: Int) -> [[Double]] {
  (0 ..< n).map { i in (0 ..< n).map { j in x.stretched(index + [i, j]) } }
}

/// By Laplace's expansion along the first row.
private func determinant(_ a: [[Double]]) -> Double {
  a.indices.reduce(a.isEmpty ? 1 : 0) { sum, j in
    sum + (j % 2 == 0 ? 1 : -1) * a[0][j] * determinant(minor(a, 0, j))
  }
}

/// Without row i and column j.
private func minor(_ a: [[Double]], _ i: Int, _ j: Int) -> [[Double]] {
  a.indices.filter { $0 != i }.map { row in a.indices.filter { $0 != j }.map { a[row][$0] } }
}

/// (A⁻¹)ᵢⱼ = (−1)ⁱ⁺ʲ det(A without row j and column i) / det A: Cramer's rule.
private func inverseElement(_ x: Tensor, _ index: [Int]) -> Double {
  let a = matrix(x, index.dropLast(2), x.shape.last ?? 1)
  let (i, j) = (index[index.count - 2], index[index.count - 1])
  return ((i + j) % 2 == 0 ? 1 : -1) * determinant(minor(a, j, i)) / determinant(a)
}

private func offset(_ index: [Int], _ shape: [Int]) -> Int {
  zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }
}

private func reduce(
  _ x: Tensor, _ axes: [Int], _ shape: [Int], _ start: Double, _ f: (Double, Double) -> Double
) -> Tensor {
  var result = Tensor(shape) { _ in start }
  for (position, index) in indices(x.shape).enumerated() {
    let kept = index.indices.filter { !axes.contains($0) }.map { index[$0] }
    let to = offset(kept, shape)
    result.values[to] = f(result.values[to], x.values[position])
  }
  return result
}
