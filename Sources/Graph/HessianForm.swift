// vᵀ ∇²y v for the price of a gradient and one pass of tangents.

extension Graph {
  /// Appends Σ_m v_mᵀ ∇²y v_m for each row of `output` y, [R, 1].
  ///
  ///     Σ_z z̄ · D²op(ż, ż)   over the values z between x and y,   z̄ = ∂y/∂z,   ż = ∂z/∂x v
  ///
  /// Where y is a network's energy, z̄ is what its score takes in any case, and a product of
  /// matrices adds nothing to the sum: each layer has one product more, where the derivative of the
  /// gradient along v has two.
  ///
  /// - Parameters:
  ///   - output: [R, ..]; its row r, like that of all that lies between, depends on row r of x only.
  ///   - direction: x, [R, D], and v, [R, D] or several [M, R, D].
  ///   - squares: Σ_m v_m², [R, D], where that is known.
  /// - Returns: nil where rows leave the first axis on the way, or there is no axis left for M.
  package mutating func hessianForm(
    of output: Node, along direction: (variable: Node, tangent: Node), squares: Node? = nil
  ) -> Node? {
    let (x, tangent) = direction
    let depends = dependents(on: [x])
    let path = reachable(from: [output]).filter { depends[$0.index] && $0.index > x.index }
    let lead = shape(of: tangent).rank - shape(of: x).rank
    guard shape(of: x).rank == 2,
      path.allSatisfy({ keepsRowsFirst($0, depends) && shape(of: $0).rank + lead <= 5 })
    else { return nil }
    let rows = shape(of: x)[0]
    let one = broadcast(constant(1), shape(of: output))
    let cotangents = cotangents(of: [(output, one)], to: [x])
    var sweep = TangentSweep(self, x, tangent, squares: squares)
    let terms = path.map { sweep.visit($0) }
    self = sweep.graph
    var form: Node?
    for (y, secondOrder) in zip(path, terms) {
      guard let secondOrder, let yBar = cotangents[y] else { continue }
      let whole = broadcast(multiply(yBar, secondOrder), shape(of: y))
      let sum = sum(whole, axes: Array(1 ..< shape(of: y).rank))
      let share = reshape(sum, [rows, 1])
      form = form.map { add($0, share) } ?? share
    }
    let zero = constant(0)
    return form ?? broadcast(zero, [rows, 1])
  }

  /// Whether y has its rows on the first axis, given that those of its inputs that depend on x
  /// have.
  private func keepsRowsFirst(_ y: Node, _ depends: [Bool]) -> Bool {
    let (op, rank) = (operation(y), shape(of: y).rank)
    func isFirst(_ x: Node) -> Bool { shape(of: x).rank == rank || !depends[x.index] }
    switch op {
    case .input, .parameter, .constant, .literal, .identity: return false
    case .unary: return true
    case .binary, .select: return op.inputs.allSatisfy(isFirst)
    case .matmul(let a, let b, let transposeA, _):
      if rank > 2 { return isFirst(a) && isFirst(b) }
      return !transposeA && !depends[b.index]
    case .convolution(let x, let kernel, _): return isFirst(x) && !depends[kernel.index]
    case .transposedConvolution(let y, let kernel, _): return isFirst(y) && !depends[kernel.index]
    case .convolutionWeightGradient: return false
    case .inverse(let x): return shape(of: x).rank > 2
    case .logDeterminant(let x): return shape(of: x).rank > 2
    case .sum(_, let axes), .max(_, let axes): return !axes.contains(0)
    case .broadcast(let x, _): return shape(of: x).rank == rank
    case .reshape(let x, let shape): return rank > 0 && shape[0] == self.shape(of: x)[0]
    case .transpose(_, let permutation): return permutation[0] == 0
    case .slice(let x, _, let sizes): return sizes[0] == shape(of: x)[0]
    case .pad(let x, _, let shape): return shape[0] == self.shape(of: x)[0]
    case .concatenate(_, let axis): return axis != 0
    case .gather, .scatterAdd: return false
    }
  }
}

/// Tangents of the nodes on the way from x, and the second-order term of each operation.
///
/// An elementwise function of one earlier value u, however many operations it takes, is kept as its
/// slope in u's shape, so that only u has tangents.
private struct TangentSweep {
  private(set) var graph: Graph
  /// The u of each node and dy/du, nil where it is 0.
  private var bases: [Node: (base: Node, slope: Node?)] = [:]
  /// u̇ of each u; nil where it is 0.
  private var tangents: [Node: Node] = [:]
  /// Σ u̇², made when first wanted.
  private var squares: [Node: Node] = [:]
  /// Of the shape of one direction.
  private let lead: Int

  init(_ given: Graph, _ x: Node, _ tangent: Node, squares known: Node?) {
    graph = given
    lead = graph.shape(of: tangent).rank - graph.shape(of: x).rank
    squares[x] = known
    begin(x, tangent)
  }

  /// Σ D²op(ż, ż) over the directions, in a shape that broadcasts to y's; nil for 0.
  mutating func visit(_ y: Node) -> Node? {
    let inputs = graph.operation(y).inputs
    guard let base = graph.commonBase(of: y, { bases[$0]?.base }) else {
      let given = inputs.map { tangent($0) }
      let yDot = graph.tangent(of: y, given)
      begin(y, yDot)
      return graph.secondOrder(of: y, given, yDot)
    }
    let slopes = inputs.map { bases[$0].flatMap(\.slope) }
    let (slope, secondOrder): (Node?, Node?)
    // A gradient passes x σ(x) as one function, with no cotangent of σ.
    if let silu = graph.siluSlope(y, variables: []), let curvature = graph.siluCurvature(y) {
      slope = slopes[0].map { graph.multiply($0, silu) }
      secondOrder = slopes[0].map { graph.multiply(graph.square($0), curvature) }
    } else {
      slope = graph.tangent(of: y, slopes)
      secondOrder = graph.secondOrder(of: y, slopes, slope)
    }
    bases[y] = (base, slope)
    return secondOrder.flatMap { secondOrder in
      squares(base).map { graph.multiply(secondOrder, $0) }
    }
  }

  private mutating func begin(_ y: Node, _ yDot: Node?) {
    tangents[y] = yDot
    let one = graph.constant(1)
    bases[y] = (y, graph.broadcast(one, graph.shape(of: y)))
  }

  private mutating func tangent(_ y: Node) -> Node? {
    guard let (base, slope) = bases[y], let u = tangents[base] else { return nil }
    return y == base ? u : slope.map { graph.multiply(u, $0) }
  }

  private mutating func squares(_ u: Node) -> Node? {
    if let known = squares[u] { return known }
    guard let tangent = tangents[u] else { return nil }
    let square = graph.square(tangent)
    squares[u] = lead > 0 ? graph.sum(square, axes: [0]) : square
    return squares[u]
  }
}

extension Graph {
  /// Σ_i ∂²E/∂x_i² of each row, [R, 1], from what E's gradient takes in any case, or where that
  /// can't be forward alone.
  package mutating func traceOfHessian(of energy: Node, _ x: Node) -> Node? {
    let (rows, dimension) = (shape(of: x)[0], shape(of: x)[1])
    let axes = reshape(identity(dimension), [dimension, 1, dimension])
    let tangents = broadcast(axes, [dimension, rows, dimension])
    let ones = broadcast(constant(1), [rows, dimension])
    return hessianForm(of: energy, along: (variable: x, tangent: tangents), squares: ones)
      ?? laplacian(of: energy, withRespectTo: x)
  }
}
