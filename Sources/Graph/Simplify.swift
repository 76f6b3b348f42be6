// Identities that hold whatever the values, applied as nodes are made. A zero that cancels a
// product drops infinities and NaNs with it, as a derivative that does not exist should.

extension Graph {
  package mutating func unary(_ op: Unary, _ x: Node) -> Node {
    if let value = constantValue(x), let folded = op.value(value) {
      return broadcast(constant(folded), shape(of: x))
    }
    switch (op, operation(x)) {
    case (.negate, .unary(.negate, let inner)): return inner
    case (.negate, .binary(.subtract, let a, let b)): return subtract(b, a)
    case (.reciprocal, .unary(.reciprocal, let inner)): return inner
    case (.square, .unary(.negate, let inner)), (.abs, .unary(.negate, let inner)):
      return unary(op, inner)
    default: return append(.unary(op, x))
    }
  }

  package mutating func binary(_ op: Binary, _ first: Node, _ second: Node) -> Node {
    guard let shape = Shape.broadcast(shape(of: first), shape(of: second)) else {
      return append(.binary(op, first, second))
    }
    if let x = constantValue(first), let y = constantValue(second) {
      return broadcast(constant(op.value(x, y)), shape)
    }
    if let simple = simplified(op, first, second) { return broadcast(simple, shape) }
    var (a, b) = withoutBroadcasts(first, second)
    if op.isCommutative, a.index > b.index { swap(&a, &b) }
    return append(.binary(op, a, b))
  }

  private mutating func simplified(_ op: Binary, _ a: Node, _ b: Node) -> Node? {
    let (x, y) = (constantValue(a), constantValue(b))
    switch op {
    case .add:
      if x == 0 { return b }
      if y == 0 { return a }
      if case .unary(.negate, let inner) = operation(b) { return subtract(a, inner) }
      if case .unary(.negate, let inner) = operation(a) { return subtract(b, inner) }
      return a == b ? multiply(constant(2), a) : nil
    case .subtract:
      if y == 0 { return a }
      if x == 0 { return negate(b) }
      if case .unary(.negate, let inner) = operation(b) { return add(a, inner) }
      return nil
    case .multiply:
      return simplifiedProduct(a, b)
    case .divide:
      if y == 1 { return a }
      if let y, y != 0 { return multiply(constant(1 / y), a) }
      if x == 0 { return constant(0) }
      return nil
    case .maximum, .minimum: return a == b ? a : nil
    case .greater: return nil
    }
  }

  private mutating func simplifiedProduct(_ a: Node, _ b: Node) -> Node? {
    for (factor, other) in [(a, b), (b, a)] {
      if let value = constantValue(factor) {
        if value == 0 { return constant(0) }
        if value == 1 { return other }
        if value == -1 { return negate(other) }
        if case .binary(.multiply, let p, let q) = operation(other) {
          if let inner = constantValue(p) { return multiply(constant(value * inner), q) }
          if let inner = constantValue(q) { return multiply(constant(value * inner), p) }
        }
        if case .unary(.negate, let inner) = operation(other) {
          return multiply(constant(-value), inner)
        }
      } else if case .unary(.negate, let inner) = operation(factor) {
        return negate(multiply(inner, other))
      }
    }
    return a == b ? square(a) : nil
  }

  /// The value of a scalar constant, also behind a broadcast.
  func constantValue(_ x: Node) -> Double? {
    switch operation(x) {
    case .constant(let value): value
    case .broadcast(let source, _): constantValue(source)
    default: nil
    }
  }

  /// `x` in the shape that an elementwise operation of it and `other` has.
  mutating func stretched(_ x: Node, over other: Node) -> Node {
    guard let shape = Shape.broadcast(shape(of: x), shape(of: other)) else {
      return append(.binary(.add, x, other))
    }
    return broadcast(x, shape)
  }

  /// Broadcasts that the operation does by itself.
  private func withoutBroadcasts(_ a: Node, _ b: Node) -> (Node, Node) {
    let shape = Shape.broadcast(shape(of: a), shape(of: b))
    var (left, right) = (a, b)
    if case .broadcast(let source, _) = operation(a),
      Shape.broadcast(self.shape(of: source), self.shape(of: b)) == shape
    {
      left = source
    }
    if case .broadcast(let source, _) = operation(b),
      Shape.broadcast(self.shape(of: left), self.shape(of: source)) == shape
    {
      right = source
    }
    return (left, right)
  }

  /// What stands behind an exchange of the last two axes, and whether there was one.
  func withoutTranspose(_ x: Node) -> (Node, Bool) {
    guard case .transpose(let source, let permutation) = operation(x) else { return (x, false) }
    let rank = permutation.count
    guard rank >= 2, permutation == Array(0 ..< rank - 2) + [rank - 1, rank - 2] else {
      return (x, false)
    }
    return (source, true)
  }

  mutating func reduce(_ x: Node, _ axes: [Int], _ keepAxes: Bool, _ op: (Node, [Int]) -> Op)
    -> Node
  {
    let shape = shape(of: x)
    let counted = axes.map { $0 < 0 ? $0 + shape.rank : $0 }.sorted()
    // Over axes of length 1 nothing is added up.
    let real = counted.filter { !shape.dims.indices.contains($0) || shape[$0] != 1 }
    let reduced = real.isEmpty ? x : append(op(x, real))
    let dims = shape.dims.enumerated().compactMap { axis, length -> Int? in
      counted.contains(axis) ? (keepAxes ? 1 : nil) : length
    }
    return error == nil ? reshape(reduced, Shape(dims)) : reduced
  }
}

extension Binary {
  var isCommutative: Bool {
    switch self {
    case .add, .multiply, .maximum, .minimum: true
    case .subtract, .divide, .greater: false
    }
  }

  func value(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .maximum: Swift.max(a, b)
    case .minimum: Swift.min(a, b)
    case .greater: a > b ? 1 : 0
    }
  }
}

extension Unary {
  /// The value at a constant; nil where it takes a mathematics library, which the executor has and
  /// the graph has not.
  func value(_ x: Double) -> Double? {
    switch self {
    case .negate: -x
    case .sqrt: x.squareRoot()
    case .reciprocal: 1 / x
    case .abs: Swift.abs(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : 0
    case .relu: x > 0 ? x : 0
    case .step: x > 0 ? 1 : 0
    case .square: x * x
    case .exp, .log, .tanh, .sigmoid, .softplus, .sin, .cos: nil
    }
  }
}
