// The derivative of every operation, in the order of `Op`, backward and forward.
//
// A rule's answer is new nodes, never numbers, so a gradient is an ordinary graph and can be
// differentiated again. Score matching needs that twice, and its training three times.

extension Graph {
  /// ∂y/∂x of an elementwise function y = f(x), as a node of x's shape; nil where it is 0.
  mutating func slope(_ op: Unary, _ x: Node, _ y: Node) -> Node? {
    switch op {
    case .negate: constant(-1)
    case .exp: y
    case .log: reciprocal(x)
    case .tanh: subtract(constant(1), square(y))  // 1 − tanh²x
    case .sigmoid: multiply(y, subtract(constant(1), y))  // σ(1 − σ)
    case .softplus: sigmoid(x)
    case .sqrt: divide(constant(0.5), y)  // 1/(2√x)
    case .reciprocal: negate(square(y))  // −1/x²
    case .sin: cos(x)
    case .cos: negate(sin(x))
    case .abs: sign(x)
    case .sign, .step: nil
    case .relu: step(x)
    case .square: multiply(constant(2), x)
    }
  }

  /// Given ȳ = ∂L/∂y of y = op(…), the cotangents of the inputs, in their order and shapes; nil for
  /// 0.
  mutating func cotangents(of y: Node, _ yBar: Node) -> [Node?] {
    let op = operation(y)
    switch op {
    case .input, .parameter, .constant, .literal, .identity: return []
    case .unary(let f, let x): return [slope(f, x, y).map { multiply(yBar, $0) }]
    case .binary(let f, let a, let b):
      let (aBar, bBar) = binaryCotangents(f, a, b, y, yBar)
      return [aBar.map { sum($0, to: shape(of: a)) }, bBar.map { sum($0, to: shape(of: b)) }]
    case .select(let condition, let a, let b):
      let zero = constant(0)
      let (aBar, bBar) = (select(condition, yBar, zero), select(condition, zero, yBar))
      return [nil, sum(aBar, to: shape(of: a)), sum(bBar, to: shape(of: b))]
    case .matmul(let a, let b, let transposeA, let transposeB):
      // C = A B: Ā = C̄ Bᵀ, B̄ = Aᵀ C̄; for a transposed operand the transpose of that.
      let aBar =
        transposeA
        ? matmul(b, yBar, transposeA: transposeB, transposeB: true)
        : matmul(yBar, b, transposeB: !transposeB)
      if shape(of: b).rank == 2, shape(of: a).rank > 2, !transposeA {
        // One matrix for all batches: Σ Aᵢᵀ C̄ᵢ is one product of their rows together.
        let (rows, cotangent) = (flattened(a), flattened(yBar))
        let bBar =
          transposeB
          ? matmul(cotangent, rows, transposeA: true) : matmul(rows, cotangent, transposeA: true)
        return [sum(aBar, to: shape(of: a)), bBar]
      }
      let bBar =
        transposeB
        ? matmul(yBar, a, transposeA: true, transposeB: transposeA)
        : matmul(a, yBar, transposeA: !transposeA)
      return [sum(aBar, to: shape(of: a)), sum(bBar, to: shape(of: b))]
    case .convolution, .transposedConvolution, .convolutionWeightGradient:
      return convolutionCotangents(of: op, yBar)
    case .inverse:  // Y = A⁻¹: Ā = −Yᵀ Ȳ Yᵀ
      return [negate(matmul(matmul(y, yBar, transposeA: true), y, transposeB: true))]
    case .logDeterminant(let x):  // Ā = ȳ A⁻ᵀ
      let scale = reshape(yBar, Shape(shape(of: y).dims + [1, 1]))
      return [multiply(scale, transposed(inverse(x)))]
    case .sum(let x, let axes): return [broadcast(restored(yBar, axes, of: x), shape(of: x))]
    case .max(let x, let axes):
      // Every element that attains the maximum gets the whole cotangent.
      let attained = subtract(constant(1), greater(restored(y, axes, of: x), x))
      return [multiply(attained, restored(yBar, axes, of: x))]
    case .broadcast(let x, _): return [sum(yBar, to: shape(of: x))]
    case .reshape(let x, _): return [reshape(yBar, shape(of: x))]
    case .transpose(_, let permutation):
      return [transpose(yBar, permutation.indices.map { permutation.firstIndex(of: $0) ?? $0 })]
    case .slice(let x, let starts, _): return [pad(yBar, starts: starts, shape: shape(of: x))]
    case .pad(let x, let starts, _):
      return [slice(yBar, starts: starts, sizes: shape(of: x).dims)]
    case .concatenate(let parts, let axis):
      var starts = [Int](repeating: 0, count: shape(of: y).rank)
      var result: [Node?] = []
      for part in parts {
        result.append(slice(yBar, starts: starts, sizes: shape(of: part).dims))
        starts[axis] += shape(of: part)[axis]
      }
      return result
    case .gather(let x, let indices):
      return [scatterAdd(yBar, indices: indices, rows: shape(of: x)[0]), nil]
    case .scatterAdd(_, let indices, _): return [gather(yBar, indices: indices), nil]
    }
  }

  /// Where y = x σ(x), its derivative by x, σ + y(1 − σ): what is kept of the way there is y and
  /// this alone.
  ///
  /// Nil where σ is a variable of its own.
  mutating func siluSlope(_ y: Node, variables: Set<Node>) -> Node? {
    guard case .binary(.multiply, let x, let s) = operation(y),
      case .unary(.sigmoid, x) = operation(s), !variables.contains(s)
    else { return nil }
    return add(s, multiply(y, subtract(constant(1), s)))
  }

  /// The second derivative of y = x σ(x): (1 − σ)(2σ + y(1 − 2σ)).
  mutating func siluCurvature(_ y: Node) -> Node? {
    guard case .binary(.multiply, _, let s) = operation(y) else { return nil }
    let (one, two) = (constant(1), constant(2))
    let inner = add(multiply(two, s), multiply(y, subtract(one, multiply(two, s))))
    return multiply(subtract(one, s), inner)
  }

  /// All axes but the last as one.
  private mutating func flattened(_ x: Node) -> Node {
    let dims = shape(of: x).dims
    return reshape(x, [dims.dropLast().reduce(1, *), dims[dims.count - 1]])
  }

  private mutating func binaryCotangents(
    _ f: Binary, _ a: Node, _ b: Node, _ y: Node, _ yBar: Node
  ) -> (Node?, Node?) {
    switch f {
    case .add: return (yBar, yBar)
    case .subtract: return (yBar, negate(yBar))
    case .multiply: return (multiply(yBar, b), multiply(yBar, a))
    case .divide:
      let share = divide(yBar, b)
      return (share, negate(multiply(share, y)))
    case .maximum:
      let larger = greater(a, b)
      return (multiply(yBar, larger), multiply(yBar, subtract(constant(1), larger)))
    case .minimum:
      let smaller = greater(b, a)
      return (multiply(yBar, smaller), multiply(yBar, subtract(constant(1), smaller)))
    case .greater: return (nil, nil)
    }
  }

  /// The tangent of y = op(…) given those of its inputs (nil: 0); they may have extra leading axes.
  mutating func tangent(of y: Node, _ given: [Node?]) -> Node? {
    let op = operation(y)
    let tangents = broadcasts(op) ? aligned(given, op.inputs, rank: shape(of: y).rank) : given
    switch op {
    case .input, .parameter, .constant, .literal, .identity: return nil
    case .unary(let f, let x):
      guard let t = tangents[0], let slope = slope(f, x, y) else { return nil }
      return multiply(t, slope)
    case .binary(let f, let a, let b):
      let terms = binaryTangents(f, a, b, y, tangents[0], tangents[1])
      return total(terms, atLeast: shape(of: y))
    case .select(let condition, _, _):
      guard tangents[1] != nil || tangents[2] != nil else { return nil }
      let zero = constant(0)
      let chosen = select(condition, tangents[1] ?? zero, tangents[2] ?? zero)
      return stretched(chosen, toCover: shape(of: y))
    case .matmul(let a, let b, let transposeA, let transposeB):
      let left = tangents[0].map { matmul($0, b, transposeA: transposeA, transposeB: transposeB) }
      let right = tangents[1].map { matmul(a, $0, transposeA: transposeA, transposeB: transposeB) }
      return total([left, right], atLeast: shape(of: y))
    case .convolution, .transposedConvolution, .convolutionWeightGradient:
      return convolutionTangent(of: op, tangents, like: shape(of: y))
    case .inverse: return tangents[0].map { negate(matmul(matmul(y, $0), y)) }  // −Y Ȧ Y
    case .logDeterminant(let x):  // tr A⁻¹ Ȧ
      return tangents[0].map { sum(multiply($0, transposed(inverse(x))), axes: [-2, -1]) }
    case .sum(let x, let axes):
      return tangents[0].map { t in
        let extra = shape(of: t).rank - shape(of: x).rank
        return sum(t, axes: axes.map { $0 + extra })
      }
    case .max(let x, let axes):
      return tangents[0].map { t in
        let extra = shape(of: t).rank - shape(of: x).rank
        let attained = subtract(constant(1), greater(restored(y, axes, of: x), x))
        return sum(multiply(t, attained), axes: axes.map { $0 + extra })
      }
    case .broadcast(let x, let shape):
      return tangents[0].map { t in
        let (lead, aligned) = alignedTangent(t, of: x, rank: shape.rank)
        return broadcast(aligned, Shape(lead + shape.dims))
      }
    case .reshape(let x, let shape):
      return tangents[0].map { reshape($0, Shape(lead(of: $0, over: x) + shape.dims)) }
    case .transpose(let x, let permutation):
      return tangents[0].map { t in
        let extra = lead(of: t, over: x).count
        return transpose(t, Array(0 ..< extra) + permutation.map { $0 + extra })
      }
    case .slice(let x, let starts, let sizes):
      return tangents[0].map { t in
        let lead = lead(of: t, over: x)
        return slice(t, starts: lead.map { _ in 0 } + starts, sizes: lead + sizes)
      }
    case .pad(let x, let starts, let shape):
      return tangents[0].map { t in
        let lead = lead(of: t, over: x)
        return pad(t, starts: lead.map { _ in 0 } + starts, shape: Shape(lead + shape.dims))
      }
    case .concatenate(let parts, let axis): return concatenatedTangent(parts, axis, tangents)
    case .gather(let x, let indices):
      return tangents[0].map { throughLead($0, over: x) { $0.gather($1, indices: indices) } }
    case .scatterAdd(let x, let indices, let rows):
      return tangents[0].map {
        throughLead($0, over: x) { $0.scatterAdd($1, indices: indices, rows: rows) }
      }
    }
  }

  private mutating func binaryTangents(
    _ f: Binary, _ a: Node, _ b: Node, _ y: Node, _ aDot: Node?, _ bDot: Node?
  ) -> [Node?] {
    switch f {
    case .add: return [aDot, bDot]
    case .subtract: return [aDot, bDot.map { negate($0) }]
    case .multiply: return [aDot.map { multiply($0, b) }, bDot.map { multiply($0, a) }]
    case .divide:
      return [aDot.map { divide($0, b) }, bDot.map { negate(multiply($0, divide(y, b))) }]
    case .maximum:
      let larger = greater(a, b)
      return [
        aDot.map { multiply($0, larger) }, bDot.map { multiply($0, subtract(constant(1), larger)) },
      ]
    case .minimum:
      let smaller = greater(b, a)
      return [
        aDot.map { multiply($0, smaller) },
        bDot.map { multiply($0, subtract(constant(1), smaller)) },
      ]
    case .greater: return [nil, nil]
    }
  }
}
