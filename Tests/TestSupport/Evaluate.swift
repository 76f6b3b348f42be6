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
  case .inverse: return matrices(x[0], shape) { inverse($0) }
  case .logDeterminant: return matrices(x[0], shape) { [[log(abs(determinant($0)))]] }
  case .scatterAdd:
    return build { index in
      x[1].values.indices.reduce(0) { sum, i in
        guard Int(x[1].values[i]) == index[0] else { return sum }
        return sum + x[0].values[offset([i] + index.dropFirst(), x[0].shape)]
      }
    }
  }
}

/// A function of every matrix in the last two axes.
private func matrices(_ x: Tensor, _ shape: [Int], _ f: ([[Double]]) -> [[Double]]) -> Tensor {
  let n = x.shape[x.shape.count - 1]
  let results = (0 ..< x.values.count / max(n * n, 1)).map { index in
    f((0 ..< n).map { i in (0 ..< n).map { j in x.values[(index * n + i) * n + j] } })
  }
  return Tensor(shape, results.flatMap { $0.flatMap { $0 } })
}

/// By Laplace's expansion along the first row.
private func determinant(_ a: [[Double]]) -> Double {
  guard a.count > 1 else { return a[0][0] }
  return a.indices.reduce(0) {
    $0 + ($1 % 2 == 0 ? 1 : -1) * a[0][$1] * determinant(minor(a, 0, $1))
  }
}

private func minor(_ a: [[Double]], _ row: Int, _ column: Int) -> [[Double]] {
  a.indices.filter { $0 != row }.map { i in a.indices.filter { $0 != column }.map { a[i][$0] } }
}

/// By Cramer's rule.
private func inverse(_ a: [[Double]]) -> [[Double]] {
  guard a.count > 1 else { return [[1 / a[0][0]]] }
  let whole = determinant(a)
  return a.indices.map { i in
    a.indices.map { j in ((i + j) % 2 == 0 ? 1 : -1) * determinant(minor(a, j, i)) / whole }
  }
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
