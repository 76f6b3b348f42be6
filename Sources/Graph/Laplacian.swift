// The forward Laplacian: value, Jacobian and Laplacian carried through a graph together, once.
//
// Li et al. (2024), "A Computational Framework for Neural Network-Based Variational Monte Carlo with Forward Laplacian". For y = f(a, b)
// with Jacobians J (one derivative an axis of x, along leading tangent axes) and Laplacians L:
//
//     Ly = f_a La + f_b Lb + Σ_i (J_i a, J_i b) f″ (J_i a, J_i b)ᵀ
//
// so what is linear passes L on as a tangent, a function of one argument adds f″ Σ (J_i a)², a bilinear one 2 Σ J_i a · J_i b.

extension Graph {
  /// Appends Σ_i ∂²y/∂x_i² of each row, in y's shape; nil where an operation on the way has no rule.
  ///
  /// `x`: [R, D], and row r of `output`, [R, ...], must depend on row r of x alone.
  package mutating func laplacian(of output: Node, withRespectTo x: Node) -> Node? {
    let (rows, d) = (shape(of: x)[0], shape(of: x)[1])
    let matters = dependents(on: [x])
    guard matters[output.index] else { return broadcast(constant(0), shape(of: output)) }
    let axes = reshape(identity(d), [d, 1, d])
    var jacobian: [Node: Node] = [x: broadcast(axes, [d, rows, d])]
    // Absent: 0.
    var laplacian: [Node: Node] = [:]
    for y in reachable(from: [output]) where matters[y.index] && y != x {
      let inputs = operation(y).inputs
      guard shape(of: y).rank < 5 else { return nil }
      let slopes = inputs.map { matters[$0.index] ? jacobian[$0] : nil }
      let linear = inputs.map { matters[$0.index] ? laplacian[$0] : nil }
      guard let own = curvature(of: y, slopes) else { return nil }
      if let first = tangent(of: y, slopes) { jacobian[y] = first }
      let passed = tangent(of: y, linear)
      switch (passed, own.node) {
      case (let a?, let b?): laplacian[y] = add(a, b)
      case (let a?, nil): laplacian[y] = a
      case (nil, let b?): laplacian[y] = b
      case (nil, nil): break
      }
    }
    return broadcast(laplacian[output] ?? constant(0), shape(of: output))
  }

  /// What second derivatives of y's own operation add, given the Jacobians of its inputs: a node, or nothing.
  ///
  /// Nil: no rule.
  private mutating func curvature(of y: Node, _ slopes: [Node?]) -> (node: Node?, Void)? {
    switch operation(y) {
    case .input, .parameter, .constant, .literal, .identity: return (nil, ())
    case .unary(_, let x):
      guard let j = slopes[0] else { return (nil, ()) }
      guard let second = secondDerivative(of: y, x) else { return (nil, ()) }
      return (multiply(second, sum(square(j), axes: [0])), ())
    case .binary(let f, let a, let b):
      return (binaryCurvature(f, a, b, y, slopes[0], slopes[1]), ())
    case .matmul(let a, let b, let transposeA, let transposeB):
      guard let left = slopes[0], let right = slopes[1] else { return (nil, ()) }
      guard shape(of: a).rank == shape(of: b).rank else { return nil }
      let products = matmul(left, right, transposeA: transposeA, transposeB: transposeB)
      return (multiply(constant(2), sum(products, axes: [0])), ())
    case .select, .sum, .broadcast, .reshape, .transpose, .slice, .pad, .concatenate, .gather,
      .scatterAdd, .max:
      return (nil, ())
    case .inverse:
      // Y″ = 2 Σ Y Ȧ_i Y Ȧ_i Y
      guard let j = slopes[0] else { return (nil, ()) }
      let once = matmul(y, j)
      let twice = sum(matmul(once, once), axes: [0])
      return (multiply(constant(2), matmul(twice, y)), ())
    case .logDeterminant(let x):
      // −Σ tr(A⁻¹ Ȧ_i A⁻¹ Ȧ_i)
      guard let j = slopes[0] else { return (nil, ()) }
      let once = matmul(inverse(x), j)
      let trace = sum(multiply(once, transposed(once)), axes: [-2, -1])
      return (negate(sum(trace, axes: [0])), ())
    }
  }

  /// f″(x) of an elementwise y = f(x), by forward mode over its own slope; nil where it is 0.
  private mutating func secondDerivative(of y: Node, _ x: Node) -> Node? {
    let one = broadcast(constant(1), shape(of: x))
    guard let slope = tangent(of: y, [one]) else { return nil }
    let matters = dependents(on: [x])
    guard matters[slope.index] else { return nil }
    let second = pushforward(of: [slope], along: [(variable: x, tangent: one)])[0]
    return constantValue(second) == 0 ? nil : second
  }

  private mutating func binaryCurvature(
    _ f: Binary, _ a: Node, _ b: Node, _ y: Node, _ aSlope: Node?, _ bSlope: Node?
  ) -> Node? {
    let rank = shape(of: y).rank
    switch f {
    case .add, .subtract, .greater, .maximum, .minimum: return nil
    case .multiply:
      guard let left = aSlope, let right = bSlope else { return nil }
      let product = multiply(aligned(left, a, rank), aligned(right, b, rank))
      return multiply(constant(2), sum(product, axes: [0]))
    case .divide:
      // y = a/b: −2 ȧ ḃ/b² + 2 a ḃ²/b³ = −2 (ḃ/b) (ȧ − y ḃ)/b = −2 (ḃ/b) ẏ
      guard let right = bSlope else { return nil }
      guard let whole = tangent(of: y, [aSlope, bSlope]) else { return nil }
      let share = divide(aligned(right, b, rank), b)
      return multiply(constant(-2), sum(multiply(share, whole), axes: [0]))
    }
  }

  /// A Jacobian [D, …] of x with ones behind its leading axis, so that its other axes count `rank`.
  private mutating func aligned(_ j: Node, _ x: Node, _ rank: Int) -> Node {
    let dims = shape(of: j).dims
    let ones = [Int](repeating: 1, count: Swift.max(rank - shape(of: x).rank, 0))
    return reshape(j, Shape([dims[0]] + ones + dims.dropFirst()))
  }
}
