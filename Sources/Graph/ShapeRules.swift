// The shape of every operation's result, and what makes it a misuse: the one place that knows.

extension Graph {
  package func inferShape(_ op: Op) throws(GraphError) -> Shape {
    let shapes = op.inputs.map { shape(of: $0) }
    func misuse(_ why: String) -> GraphError {
      let list = shapes.map(\.description).joined(separator: " and ")
      return GraphError(message: "\(op.name) of \(list): \(why)")
    }
    func checked(_ shape: Shape) throws(GraphError) -> Shape {
      guard shape.rank <= 5 else { throw misuse("more than 5 axes") }
      return shape
    }
    switch op {
    case .input, .parameter: return []
    case .constant: return []
    case .literal(let literal):
      guard literal.values.count == literal.shape.count else {
        throw GraphError(message: "literal \(literal.shape) of \(literal.values.count) values")
      }
      return try checked(literal.shape)
    case .identity(let n):
      guard n > 0 else { throw misuse("needs at least one row") }
      return [n, n]
    case .unary: return shapes[0]
    case .binary:
      guard let shape = Shape.broadcast(shapes[0], shapes[1]) else {
        throw misuse("lengths must be equal or 1, from the last axis on")
      }
      return try checked(shape)
    case .select:
      guard let values = Shape.broadcast(shapes[1], shapes[2]),
        let shape = Shape.broadcast(shapes[0], values)
      else { throw misuse("lengths must be equal or 1, from the last axis on") }
      return try checked(shape)
    case .matmul(_, _, let transposeA, let transposeB):
      return try checked(matmulShape(shapes[0], shapes[1], transposeA, transposeB, misuse))
    case .convolution, .transposedConvolution, .convolutionWeightGradient:
      guard let shape = Graph.shape(of: op, shapes) else {
        throw misuse(
          "the axes are [pictures, height, width, channels] and [height, width, channels, filters] of the kernel, and must fit"
        )
      }
      return shape
    case .inverse, .logDeterminant:
      let dims = shapes[0].dims
      guard dims.count >= 2, dims[dims.count - 2] == dims[dims.count - 1] else {
        throw misuse("needs square matrices")
      }
      if case .inverse = op { return shapes[0] }
      return Shape(Array(dims.dropLast(2)))
    case .sum(_, let axes), .max(_, let axes):
      guard axes.allSatisfy({ $0 >= 0 && $0 < shapes[0].rank }), Set(axes).count == axes.count
      else { throw misuse("no such axis among \(axes)") }
      return Shape(shapes[0].dims.indices.filter { !axes.contains($0) }.map { shapes[0][$0] })
    case .broadcast(_, let shape):
      guard Shape.broadcast(shapes[0], shape) == shape else {
        throw misuse("does not stretch to \(shape)")
      }
      return try checked(shape)
    case .reshape(_, let shape):
      guard shape.count == shapes[0].count else {
        throw misuse("has another number of elements than \(shape)")
      }
      return try checked(shape)
    case .transpose(_, let permutation):
      guard permutation.sorted() == Array(0 ..< shapes[0].rank) else {
        throw misuse("\(permutation) is not a permutation of its axes")
      }
      return Shape(permutation.map { shapes[0][$0] })
    case .slice(_, let starts, let sizes):
      guard starts.count == shapes[0].rank, sizes.count == shapes[0].rank,
        shapes[0].dims.indices.allSatisfy({
          (0 ... shapes[0][$0]).contains(sizes[$0])
            && (0 ... shapes[0][$0] - sizes[$0]).contains(starts[$0])
        })
      else { throw misuse("\(sizes) from \(starts) is not inside") }
      return Shape(sizes)
    case .pad(_, let starts, let shape):
      guard starts.count == shapes[0].rank, shape.rank == shapes[0].rank,
        shape.dims.indices.allSatisfy({
          shapes[0][$0] <= shape[$0] && (0 ... shape[$0] - shapes[0][$0]).contains(starts[$0])
        })
      else { throw misuse("does not lie inside \(shape) from \(starts)") }
      return shape
    case .concatenate(_, let axis):
      guard let first = shapes.first, axis >= 0, axis < first.rank,
        shapes.allSatisfy({ other in
          other.rank == first.rank
            && first.dims.indices.allSatisfy { $0 == axis || other[$0] == first[$0] }
        })
      else { throw misuse("lengths must agree but along axis \(axis)") }
      var dims = first.dims
      dims[axis] = shapes.reduce(0) { $0 + $1[axis] }
      return Shape(dims)
    case .gather:
      guard shapes[0].rank >= 1, shapes[1].rank == 1 else {
        throw misuse("indices must have one axis")
      }
      return Shape([shapes[1][0]] + shapes[0].dims.dropFirst())
    case .scatterAdd(_, _, let rows):
      guard shapes[0].rank >= 1, shapes[1].rank == 1, shapes[1][0] == shapes[0][0], rows >= 0 else {
        throw misuse("one index for each entry of the first axis")
      }
      return Shape([rows] + shapes[0].dims.dropFirst())
    }
  }

  private func matmulShape(
    _ a: Shape, _ b: Shape, _ transposeA: Bool, _ transposeB: Bool, _ misuse: (String) -> GraphError
  ) throws(GraphError) -> Shape {
    guard a.rank >= 2, b.rank >= 2 else { throw misuse("both need two axes or more") }
    let (aRows, aColumns) = (a[a.rank - 2], a[a.rank - 1])
    let (bRows, bColumns) = (b[b.rank - 2], b[b.rank - 1])
    let (m, k) = transposeA ? (aColumns, aRows) : (aRows, aColumns)
    let (l, n) = transposeB ? (bColumns, bRows) : (bRows, bColumns)
    guard k == l else { throw misuse("\(k) columns against \(l) rows") }
    let batches = Shape.broadcast(
      Shape(Array(a.dims.dropLast(2))), Shape(Array(b.dims.dropLast(2))))
    guard let batches else { throw misuse("the axes before the last two do not broadcast") }
    return Shape(batches.dims + [m, n])
  }
}
