// Shapes on the way: how cotangents shrink to their variables and tangents keep their leading axes.

extension Graph {
  /// `x` summed down to `target`, which broadcasts to its shape: the adjoint of broadcasting.
  mutating func sum(_ x: Node, to target: Shape) -> Node {
    let shape = shape(of: x)
    if shape == target { return x }
    // A cotangent that was never stretched stands for equal values; they are counted, not added.
    guard Shape.broadcast(shape, target) == shape else {
      return sum(stretched(x, toCover: target), to: target)
    }
    let extra = shape.rank - target.rank
    let axes = shape.dims.indices.filter { axis in
      axis < extra || (target[axis - extra] == 1 && shape[axis] != 1)
    }
    return reshape(sum(x, axes: axes), target)
  }

  /// A reduced tensor with its lost axes back, of length 1.
  mutating func restored(_ y: Node, _ axes: [Int], of x: Node) -> Node {
    let dims = shape(of: x).dims.enumerated().map { axes.contains($0.offset) ? 1 : $0.element }
    return reshape(y, Shape(dims))
  }

  /// The leading axes that a tangent has beyond its variable's.
  func lead(of tangent: Node, over x: Node) -> [Int] {
    let extra = shape(of: tangent).rank - shape(of: x).rank
    return Array(shape(of: tangent).dims.prefix(Swift.max(extra, 0)))
  }

  /// A tangent of x with ones put between its leading axes and its own, so that these count `rank`.
  mutating func alignedTangent(_ t: Node, of x: Node, rank: Int) -> ([Int], Node) {
    let lead = lead(of: t, over: x)
    let own = shape(of: t).dims.dropFirst(lead.count)
    let ones = [Int](repeating: 1, count: Swift.max(rank - own.count, 0))
    return (lead, reshape(t, Shape(lead + ones + own)))
  }

  /// Whether an operation's inputs may have fewer axes than its result, to which their tangents
  /// must then be aligned.
  func broadcasts(_ op: Op) -> Bool {
    switch op {
    case .binary, .select, .matmul: true
    case .input, .parameter, .constant, .literal, .identity, .unary, .convolution,
      .transposedConvolution, .convolutionWeightGradient, .inverse, .logDeterminant, .sum, .max,
      .broadcast,
      .reshape, .transpose, .slice, .pad, .concatenate, .gather, .scatterAdd:
      false
    }
  }

  mutating func aligned(_ tangents: [Node?], _ inputs: [Node], rank: Int) -> [Node?] {
    zip(tangents, inputs).map { t, x in t.map { alignedTangent($0, of: x, rank: rank).1 } }
  }

  /// Adds what there is, in a shape no smaller than `shape`.
  mutating func total(_ terms: [Node?], atLeast shape: Shape) -> Node? {
    var sum: Node?
    for case let term? in terms { sum = sum.map { add($0, term) } ?? term }
    return sum.map { stretched($0, toCover: shape) }
  }

  mutating func stretched(_ x: Node, toCover shape: Shape) -> Node {
    guard let whole = Shape.broadcast(self.shape(of: x), shape) else { return x }
    return broadcast(x, whole)
  }

  mutating func concatenatedTangent(_ parts: [Node], _ axis: Int, _ tangents: [Node?])
    -> Node?
  {
    let pairs = zip(parts, tangents)
    guard
      let lead = pairs.compactMap({ part, t in t.map { lead(of: $0, over: part) } }).max(by: {
        $0.count < $1.count
      })
    else { return nil }
    let whole = pairs.map { part, t in
      let shape = Shape(lead + shape(of: part).dims)
      return broadcast(t ?? constant(0), shape)
    }
    return concatenate(whole, axis: axis + lead.count)
  }

  /// Applies what works on the first axis to a tangent with leading axes: they go behind, and come
  /// back.
  mutating func throughLead(
    _ t: Node, over x: Node, _ body: (inout Graph, Node) -> Node
  ) -> Node {
    let extra = lead(of: t, over: x).count
    guard extra > 0 else { return body(&self, t) }
    let rank = shape(of: t).rank
    let moved = transpose(t, Array(extra ..< rank) + Array(0 ..< extra))
    let done = body(&self, moved)
    let own = rank - extra
    return transpose(done, Array(own ..< rank) + Array(0 ..< own))
  }
}
