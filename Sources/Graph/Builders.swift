// One method an operation. What can be simplified is simplified here, as the graph grows.

extension Graph {
  package mutating func constant(_ value: Double) -> Node { append(.constant(value)) }

  package mutating func literal(_ literal: Literal) -> Node { append(.literal(literal)) }

  package mutating func identity(_ n: Int) -> Node { append(.identity(n)) }

  package mutating func negate(_ x: Node) -> Node { unary(.negate, x) }
  package mutating func exp(_ x: Node) -> Node { unary(.exp, x) }
  package mutating func log(_ x: Node) -> Node { unary(.log, x) }
  package mutating func tanh(_ x: Node) -> Node { unary(.tanh, x) }
  package mutating func sigmoid(_ x: Node) -> Node { unary(.sigmoid, x) }
  package mutating func softplus(_ x: Node) -> Node { unary(.softplus, x) }
  package mutating func sqrt(_ x: Node) -> Node { unary(.sqrt, x) }
  package mutating func reciprocal(_ x: Node) -> Node { unary(.reciprocal, x) }
  package mutating func sin(_ x: Node) -> Node { unary(.sin, x) }
  package mutating func cos(_ x: Node) -> Node { unary(.cos, x) }
  package mutating func abs(_ x: Node) -> Node { unary(.abs, x) }
  package mutating func sign(_ x: Node) -> Node { unary(.sign, x) }
  package mutating func relu(_ x: Node) -> Node { unary(.relu, x) }
  package mutating func step(_ x: Node) -> Node { unary(.step, x) }
  package mutating func square(_ x: Node) -> Node { unary(.square, x) }

  package mutating func add(_ a: Node, _ b: Node) -> Node { binary(.add, a, b) }
  package mutating func subtract(_ a: Node, _ b: Node) -> Node { binary(.subtract, a, b) }
  package mutating func multiply(_ a: Node, _ b: Node) -> Node { binary(.multiply, a, b) }
  package mutating func divide(_ a: Node, _ b: Node) -> Node { binary(.divide, a, b) }
  package mutating func maximum(_ a: Node, _ b: Node) -> Node { binary(.maximum, a, b) }
  package mutating func minimum(_ a: Node, _ b: Node) -> Node { binary(.minimum, a, b) }
  package mutating func greater(_ a: Node, _ b: Node) -> Node { binary(.greater, a, b) }

  package mutating func select(_ condition: Node, _ a: Node, _ b: Node) -> Node {
    a == b ? stretched(a, over: condition) : append(.select(condition, a, b))
  }

  package mutating func matmul(
    _ a: Node, _ b: Node, transposeA: Bool = false, transposeB: Bool = false
  ) -> Node {
    let (left, flipA) = withoutTranspose(a)
    let (right, flipB) = withoutTranspose(b)
    return append(
      .matmul(left, right, transposeA: transposeA != flipA, transposeB: transposeB != flipB))
  }

  /// The inverses of matrices [.., n, n]; not finite where one has none.
  package mutating func inverse(_ x: Node) -> Node { append(.inverse(x)) }

  /// ln |det x| of matrices [.., n, n], in shape [..].
  package mutating func logDeterminant(_ x: Node) -> Node { append(.logDeterminant(x)) }

  /// Σ over `axes`; negative axes count from the end.
  package mutating func sum(_ x: Node, axes: [Int], keepAxes: Bool = false) -> Node {
    reduce(x, axes, keepAxes) { .sum($0, axes: $1) }
  }

  /// The largest over `axes`.
  package mutating func max(_ x: Node, axes: [Int], keepAxes: Bool = false) -> Node {
    reduce(x, axes, keepAxes) { .max($0, axes: $1) }
  }

  /// Σ over every axis: a scalar.
  package mutating func total(_ x: Node) -> Node {
    sum(x, axes: Array(0 ..< shape(of: x).rank))
  }

  package mutating func broadcast(_ x: Node, _ shape: Shape) -> Node {
    if self.shape(of: x) == shape { return x }
    if case .broadcast(let source, _) = operation(x) { return broadcast(source, shape) }
    return append(.broadcast(x, shape))
  }

  package mutating func reshape(_ x: Node, _ shape: Shape) -> Node {
    if self.shape(of: x) == shape { return x }
    if case .reshape(let source, _) = operation(x) { return reshape(source, shape) }
    return append(.reshape(x, shape))
  }

  package mutating func transpose(_ x: Node, _ permutation: [Int]) -> Node {
    if permutation == Array(0 ..< shape(of: x).rank) { return x }
    if case .transpose(let source, let inner) = operation(x),
      permutation.allSatisfy(inner.indices.contains)
    {
      return transpose(source, permutation.map { inner[$0] })
    }
    return append(.transpose(x, permutation))
  }

  package mutating func slice(_ x: Node, starts: [Int], sizes: [Int]) -> Node {
    if sizes == shape(of: x).dims, starts == sizes.map({ _ in 0 }) { return x }
    return append(.slice(x, starts: starts, sizes: sizes))
  }

  package mutating func pad(_ x: Node, starts: [Int], shape: Shape) -> Node {
    if self.shape(of: x) == shape { return x }
    return append(.pad(x, starts: starts, shape: shape))
  }

  /// `axis`: negative counts from the end.
  package mutating func concatenate(_ parts: [Node], axis: Int) -> Node {
    if parts.count == 1 { return parts[0] }
    let rank = parts.first.map { shape(of: $0).rank } ?? 0
    return append(.concatenate(parts, axis: axis < 0 ? axis + rank : axis))
  }

  package mutating func gather(_ x: Node, indices: Node) -> Node {
    append(.gather(x, indices: indices))
  }

  package mutating func scatterAdd(_ x: Node, indices: Node, rows: Int) -> Node {
    append(.scatterAdd(x, indices: indices, rows: rows))
  }
}

// MARK: - What several operations make

extension Graph {
  /// x σ(x).
  package mutating func silu(_ x: Node) -> Node { multiply(x, sigmoid(x)) }

  /// aᵀ b along the last axis.
  package mutating func dot(_ a: Node, _ b: Node, keepAxes: Bool = false) -> Node {
    sum(a == b ? square(a) : multiply(a, b), axes: [-1], keepAxes: keepAxes)
  }

  /// ‖x‖² along the last axis.
  package mutating func squaredNorm(_ x: Node, keepAxes: Bool = false) -> Node {
    dot(x, x, keepAxes: keepAxes)
  }

  package mutating func mean(_ x: Node, axes: [Int], keepAxes: Bool = false) -> Node {
    let total = sum(x, axes: axes, keepAxes: keepAxes)
    let scale = Double(shape(of: total).count) / Double(Swift.max(shape(of: x).count, 1))
    return multiply(constant(scale), total)
  }

  /// ln Σ eˣ over `axes`, without overflow.
  package mutating func logSumExp(_ x: Node, axes: [Int], keepAxes: Bool = false) -> Node {
    let largest = max(x, axes: axes, keepAxes: true)
    let sum = log(sum(exp(subtract(x, largest)), axes: axes, keepAxes: true))
    let result = add(sum, largest)
    guard !keepAxes else { return result }
    let rank = shape(of: x).rank
    let gone = Set(axes.map { $0 < 0 ? $0 + rank : $0 })
    let dims = shape(of: result).dims.enumerated().filter { !gone.contains($0.offset) }
    return reshape(result, Shape(dims.map(\.element)))
  }

  /// `x` as a matrix with its last two axes exchanged.
  package mutating func transposed(_ x: Node) -> Node {
    let rank = shape(of: x).rank
    guard rank >= 2 else { return x }
    return transpose(x, Array(0 ..< rank - 2) + [rank - 1, rank - 2])
  }
}
