// The sum of second derivatives, forward through the graph once.

extension Graph {
  /// Appends the Laplacian of `output`, row by row; nil where a value on the way has more than four
  /// axes, or x not two.
  ///
  ///     Δy = Σᵢ ∂²y/∂xᵢ²
  ///
  /// Each value carries its Jacobian, D tangents [D, R, ..], and its Laplacian. Against a
  /// gradient's Jacobian that saves the way back with D tangents. Li et al. (2024), "A
  /// computational framework for neural network-based variational Monte Carlo with Forward
  /// Laplacian".
  ///
  /// - Parameters:
  ///   - output: [R, ..]; its row r, like that of all that lies between, depends on row r of x only.
  ///   - x: [R, D].
  /// - Returns: the shape of `output`.
  package mutating func laplacian(of output: Node, withRespectTo x: Node) -> Node? {
    guard shape(of: x).rank == 2 else { return nil }
    let (rows, dimension) = (shape(of: x)[0], shape(of: x)[1])
    let axes = reshape(identity(dimension), [dimension, 1, dimension])
    let tangents = broadcast(axes, [dimension, rows, dimension])
    let ones = broadcast(constant(1), [rows, dimension])
    return secondDerivatives(of: output, along: (variable: x, tangents: tangents), squares: ones)
  }

  /// The same along given directions: Σ_m v_mᵀ ∇²y v_m.
  ///
  /// `tangents`: v, [M, R, D]. `squares`: Σ_m v_m², [R, D], where that is known.
  package mutating func secondDerivatives(
    of output: Node, along directions: (variable: Node, tangents: Node), squares: Node? = nil
  ) -> Node? {
    let (x, tangents) = directions
    let depends = dependents(on: [x])
    let path = reachable(from: [output]).filter { depends[$0.index] && $0.index > x.index }
    guard shape(of: x).rank == 2, path.allSatisfy({ shape(of: $0).rank <= 4 }) else { return nil }
    var sweep = ForwardLaplacian(self, x, tangents, squares: squares)
    for y in path { sweep.visit(y) }
    let result = sweep.jet(output)?.second
    self = sweep.graph
    let zero = constant(0)
    return broadcast(result ?? zero, shape(of: output))
  }
}

/// First and second derivatives along directions, the second summed over them; nil is 0.
private struct Jet {
  var first: Node?
  var second: Node?
}

/// What is known of the nodes on the way from x.
///
/// An elementwise function y = f(u) of one earlier value, however many operations it takes, is kept
/// as f′(u) and f″(u), in u's shape, so that only u has work in D tangents:
///
///     Jᵢ y = f′ Jᵢu,   Δy = f′ Δu + f″ Σᵢ (Jᵢu)²
private struct ForwardLaplacian {
  private(set) var graph: Graph
  /// The u of each node, and (f′, f″); u's own is (1, 0).
  private var bases: [Node: (base: Node, jet: Jet)] = [:]
  /// (J, Δ) of each u.
  private var jets: [Node: Jet] = [:]
  /// Σᵢ (Jᵢu)², made when first wanted.
  private var squares: [Node: Node] = [:]

  init(_ given: Graph, _ x: Node, _ tangents: Node, squares known: Node?) {
    graph = given
    squares[x] = known
    begin(x, Jet(first: tangents))
  }

  mutating func visit(_ y: Node) {
    let inputs = graph.operation(y).inputs
    if let base = graph.commonBase(of: y, { bases[$0]?.base }) {
      bases[y] = (base, graph.jet(of: y, inputs.map { bases[$0]?.jet }))
    } else {
      begin(y, graph.jet(of: y, inputs.map { jet($0) }))
    }
  }

  /// (J, Δ) of a node; nil if it does not depend on x.
  mutating func jet(_ y: Node) -> Jet? {
    guard let (base, f) = bases[y], let u = jets[base] else { return nil }
    guard y != base, let slope = f.first else { return y == base ? u : Jet() }
    let straight = u.second.map { graph.multiply($0, slope) }
    let bent = f.second.flatMap { second in
      squares(base).map { graph.multiply($0, second) }
    }
    return Jet(
      first: u.first.map { graph.multiply($0, slope) },
      second: graph.total([straight, bent], atLeast: graph.shape(of: y)))
  }

  private mutating func begin(_ y: Node, _ jet: Jet) {
    jets[y] = jet
    let one = graph.constant(1)
    bases[y] = (y, Jet(first: graph.broadcast(one, graph.shape(of: y))))
  }

  private mutating func squares(_ u: Node) -> Node? {
    if let known = squares[u] { return known }
    guard let first = jets[u]?.first else { return nil }
    squares[u] = graph.sum(graph.square(first), axes: [0])
    return squares[u]
  }

}

// MARK: - Rules

extension Graph {
  /// The one u, of y's shape, that elementwise y is a function of, given those of its inputs.
  func commonBase(of y: Node, _ base: (Node) -> Node?) -> Node? {
    let op = operation(y)
    switch op {
    case .unary, .binary, .select:
      let found = Set(op.inputs.compactMap(base))
      guard found.count == 1, let one = found.first else { return nil }
      return shape(of: one) == shape(of: y) ? one : nil
    case .input, .parameter, .constant, .literal, .identity, .matmul, .convolution,
      .transposedConvolution, .convolutionWeightGradient, .inverse, .logDeterminant, .sum, .max,
      .broadcast,
      .reshape, .transpose, .slice, .pad, .concatenate, .gather, .scatterAdd:
      return nil
    }
  }

  /// The jet of y = op(…) from those of its inputs.
  ///
  ///     Δy = Dop(Δ…) + Σᵢ D²op(Jᵢ…, Jᵢ…)
  fileprivate mutating func jet(of y: Node, _ inputs: [Jet?]) -> Jet {
    let tangents = inputs.map { $0?.first }
    let first = tangent(of: y, tangents)
    let straight = tangent(of: y, inputs.map { $0?.second })
    let bent = secondOrder(of: y, tangents, first)
    return Jet(first: first, second: total([straight, bent], atLeast: shape(of: y)))
  }

  /// Σᵢ D²op(vᵢ, vᵢ) for tangents vᵢ of the inputs and `yDot` of y, which have an axis of i in
  /// front or are one alone.
  mutating func secondOrder(of y: Node, _ given: [Node?], _ yDot: Node?) -> Node? {
    let op = operation(y)
    let t = broadcasts(op) ? aligned(given, op.inputs, rank: shape(of: y).rank) : given
    switch op {
    case .unary(let f, let x):
      guard let v = t[0], let curvature = curvature(f, x, y) else { return nil }
      return multiply(summed(square(v), like: y), curvature)
    case .binary(.multiply, _, _):
      guard let a = t[0], let b = t[1] else { return nil }
      return multiply(constant(2), summed(multiply(a, b), like: y))
    case .binary(.divide, _, let b):  // From a = b y: Δa = y Δb + b Δy + 2 Σ ḃ ẏ
      guard let bDot = t[1], let yDot else { return nil }
      return divide(multiply(constant(-2), summed(multiply(bDot, yDot), like: y)), b)
    case .matmul(_, _, let transposeA, let transposeB):
      guard let a = t[0], let b = t[1] else { return nil }
      let product = matmul(a, b, transposeA: transposeA, transposeB: transposeB)
      return multiply(constant(2), summed(product, like: y))
    case .convolution, .transposedConvolution, .convolutionWeightGradient:
      return convolutionSecondOrder(of: op, t)
    case .inverse:  // D²Y = 2 Y Ȧ Y Ȧ Y = −2 Ẏ Ȧ Y
      guard let v = t[0], let yDot else { return nil }
      return multiply(constant(-2), matmul(summed(matmul(yDot, v), like: y), y))
    case .logDeterminant(let x):  // −tr (A⁻¹ Ȧ)²
      guard let v = t[0] else { return nil }
      let share = matmul(inverse(x), v)
      let trace = sum(multiply(share, transposed(share)), axes: [-2, -1])
      return negate(summed(trace, like: y))
    case .input, .parameter, .constant, .literal, .identity,
      .binary(.add, _, _), .binary(.subtract, _, _), .binary(.maximum, _, _),
      .binary(.minimum, _, _), .binary(.greater, _, _), .select, .sum, .max, .broadcast, .reshape,
      .transpose, .slice, .pad, .concatenate, .gather, .scatterAdd:
      return nil
    }
  }

  /// ∂²y/∂x² of an elementwise function y = f(x); nil where it is 0.
  private mutating func curvature(_ f: Unary, _ x: Node, _ y: Node) -> Node? {
    guard let slope = slope(f, x, y) else { return nil }
    switch f {
    case .exp, .sin, .cos: return f == .exp ? y : negate(y)
    case .log: return negate(square(slope))  // −1/x²
    case .tanh: return multiply(constant(-2), multiply(y, slope))
    case .sigmoid: return multiply(slope, subtract(constant(1), multiply(constant(2), y)))
    case .softplus: return multiply(slope, subtract(constant(1), slope))  // σ(1 − σ)
    case .sqrt: return multiply(constant(-0.5), divide(slope, x))  // −¼ x^(−3/2)
    case .reciprocal: return multiply(constant(-2), multiply(y, slope))  // 2/x³
    case .square: return constant(2)
    case .negate, .abs, .sign, .relu, .step: return nil
    }
  }

  /// Σ over the axis that x has in front of y's own, if it has.
  private mutating func summed(_ x: Node, like y: Node) -> Node {
    shape(of: x).rank > shape(of: y).rank ? sum(x, axes: [0]) : x
  }
}
