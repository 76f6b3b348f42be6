import Graph

/// Writes a caller's program into a graph: for one row as he wrote it, or for a shard of rows.
///
/// With rows, what depends on the row has their axis in front, and what does not has none; shapes
/// are aligned as the operation wants.
struct GraphReplay {
  /// Nil: for one row.
  let rows: Int?

  struct Value {
    let node: Node
    /// Axes for one row.
    let rank: Int
    let isBatched: Bool
  }

  func node(_ graph: inout Graph, _ call: GraphProgram.Call, _ inputs: [Value]) -> Value {
    let batched = inputs.contains(where: \.isBatched)
    let options = call.options
    func value(_ node: Node) -> Value {
      let rank = graph.shape(of: node).rank - (batched ? 1 : 0)
      return Value(node: node, rank: rank, isBatched: batched)
    }
    switch call.operation {
    case .x, .sigma, .parameter: return Value(node: graph.constant(.nan), rank: 0, isBatched: false)
    case .constant:
      let literal = Literal(shape: Shape(options.shape ?? []), values: call.literal ?? [])
      return value(graph.literal(literal))
    case .identity: return value(graph.identity(options.size))
    case .unary(let operation): return value(graph.unary(operation, inputs[0].node))
    case .silu: return value(graph.silu(inputs[0].node))
    case .power: return value(power(&graph, inputs[0].node, options.exponent ?? 1))
    case .binary(let operation):
      let aligned = aligned(&graph, inputs)
      return value(graph.binary(operation, aligned[0], aligned[1]))
    case .select:
      let aligned = aligned(&graph, inputs)
      return value(graph.select(aligned[0], aligned[1], aligned[2]))
    case .dot:
      let aligned = aligned(&graph, inputs)
      return value(graph.dot(aligned[0], aligned[1]))
    case .squaredNorm: return value(graph.squaredNorm(inputs[0].node))
    case .matmul: return product(&graph, inputs[0], inputs[1])
    case .convolution, .transposedConvolution: return convolution(&graph, call, inputs)
    case .sum, .mean, .max, .logSumExp: return value(reduced(&graph, call, inputs[0]))
    case .broadcast:
      let shape = options.shape ?? []
      let x = aligned(&graph, inputs[0], max(shape.count, inputs[0].rank))
      return value(graph.broadcast(x, front(shape, batched)))
    case .reshape: return value(graph.reshape(inputs[0].node, front(options.shape ?? [], batched)))
    case .transpose:
      let axes = options.axes ?? Array((0 ..< inputs[0].rank).reversed())
      let shift = batched ? 1 : 0
      return value(
        graph.transpose(inputs[0].node, Array(0 ..< shift) + axes.map { $0 + shift }))
    case .slice:
      let (starts, sizes) = (options.starts ?? [], options.sizes ?? [])
      let (zero, all) = batched ? ([0], [rows ?? 1]) : ([], [])
      return value(graph.slice(inputs[0].node, starts: zero + starts, sizes: all + sizes))
    case .concatenate: return value(concatenated(&graph, options.axis, inputs, batched))
    case .gather: return value(gathered(&graph, inputs[0], options.indices ?? []))
    case .inverse: return value(graph.inverse(inputs[0].node))
    case .logDeterminant: return value(graph.logDeterminant(inputs[0].node))
    }
  }

  private func front(_ shape: [Int], _ batched: Bool) -> Shape {
    Shape((batched ? [rows ?? 1] : []) + shape)
  }

  /// All with as many axes as the one that has most.
  private func aligned(_ graph: inout Graph, _ inputs: [Value]) -> [Node] {
    let rank = inputs.map(\.rank).max() ?? 0
    return inputs.map { aligned(&graph, $0, rank) }
  }

  /// With ones behind the rows axis, so that what stands behind counts `rank`.
  private func aligned(_ graph: inout Graph, _ x: Value, _ rank: Int) -> Node {
    guard x.isBatched, x.rank < rank else { return x.node }
    let own = graph.shape(of: x.node).dims.dropFirst()
    let ones = [Int](repeating: 1, count: rank - x.rank)
    return graph.reshape(x.node, front(ones + own, true))
  }

  /// By products for small whole exponents, which negative numbers have too.
  private func power(_ graph: inout Graph, _ x: Node, _ exponent: Double) -> Node {
    guard let whole = Int(exactly: exponent), abs(whole) <= 64 else {
      if exponent == 0.5 { return graph.sqrt(x) }
      return graph.exp(graph.multiply(graph.constant(exponent), graph.log(x)))
    }
    var (result, square, rest) = (graph.constant(1), x, abs(whole))
    while rest > 0 {
      if rest & 1 == 1 { result = graph.multiply(result, square) }
      rest >>= 1
      if rest > 0 { square = graph.square(square) }
    }
    let shaped = graph.broadcast(result, graph.shape(of: x))
    return whole < 0 ? graph.reciprocal(shaped) : shaped
  }

  private func reduced(_ graph: inout Graph, _ call: GraphProgram.Call, _ x: Value) -> Node {
    let shift = x.isBatched ? 1 : 0
    let axes = (call.options.axes ?? Array(0 ..< x.rank)).map { axis in
      (axis < 0 ? axis + x.rank : axis) + shift
    }
    let keep = call.options.keepAxes
    return switch call.operation {
    case .sum: graph.sum(x.node, axes: axes, keepAxes: keep)
    case .mean: graph.mean(x.node, axes: axes, keepAxes: keep)
    case .max: graph.max(x.node, axes: axes, keepAxes: keep)
    default: graph.logSumExp(x.node, axes: axes, keepAxes: keep)
    }
  }

  /// As NumPy's: a vector on the left is a row, on the right a column, and its axis goes.
  private func product(_ graph: inout Graph, _ a: Value, _ b: Value) -> Value {
    let batched = a.isBatched || b.isBatched
    if a.isBatched, !b.isBatched, a.rank >= 1, b.rank == 2 { return stacked(&graph, a, b) }
    if b.isBatched, !a.isBatched, a.rank == 2, b.rank == 1 {
      let y = graph.matmul(b.node, a.node, transposeB: true)
      return Value(node: y, rank: 1, isBatched: true)
    }
    let rank = max(a.rank, b.rank, 2)
    func matrix(_ x: Value, column: Bool) -> Node {
      guard x.rank == 1 else { return aligned(&graph, x, rank) }
      let own = Array(graph.shape(of: x.node).dims.suffix(1))
      let two = column ? own + [1] : [1] + own
      let shape = x.isBatched ? [Int](repeating: 1, count: rank - 2) + two : two
      return graph.reshape(x.node, front(shape, x.isBatched))
    }
    let (left, right) = (matrix(a, column: false), matrix(b, column: true))
    let y = graph.matmul(left, right)
    var dims = graph.shape(of: y).dims
    if graph.error == nil, dims.count >= 2 {
      if b.rank == 1 { dims.removeLast() }
      if a.rank == 1 { dims.remove(at: dims.count - (b.rank == 1 ? 1 : 2)) }
    }
    let result = graph.error == nil ? graph.reshape(y, Shape(dims)) : y
    return Value(
      node: result, rank: graph.shape(of: result).rank - (batched ? 1 : 0), isBatched: batched)
  }

  /// x [h, w, C] under a kernel [kh, kw, C, K] that is the same for every row, or its adjoint of
  /// [h, w, K].
  private func convolution(_ graph: inout Graph, _ call: GraphProgram.Call, _ inputs: [Value])
    -> Value
  {
    let (x, kernel) = (inputs[0], inputs[1])
    func none(_ why: String) -> Value {
      Value(node: graph.fail("\(call.operation.rawValue) of \(why)"), rank: 0, isBatched: false)
    }
    let dims = Array(graph.shape(of: x.node).dims.suffix(x.rank))
    let taps = graph.shape(of: kernel.node).dims
    guard !kernel.isBatched, x.rank == 3, taps.count == 4 else {
      return none(
        "\(Shape(dims)) and \(Shape(taps)): wants a picture [height, width, channels] and a kernel [height, width, channels, filters] that does not depend on x"
      )
    }
    let isAdjoint = call.operation == .transposedConvolution
    guard let window = window(call.options, dims, taps, isAdjoint: isAdjoint) else {
      return none(
        "\(Shape(dims)) and \(Shape(taps)): the kernel, less the zeros of the padding, must fit into the picture, and padding be shorter than the kernel, of at most \(Window.longest)"
      )
    }
    let picture = x.isBatched ? x.node : graph.reshape(x.node, Shape([1] + dims))
    let y =
      isAdjoint
      ? graph.transposedConvolution(picture, kernel.node, window)
      : graph.convolution(picture, kernel.node, window)
    guard graph.error == nil, !x.isBatched else {
      return Value(node: y, rank: 3, isBatched: x.isBatched)
    }
    let row = graph.reshape(y, Shape(Array(graph.shape(of: y).dims.dropFirst())))
    return Value(node: row, rank: 3, isBatched: false)
  }

  /// Windows a stride apart, as far as they go, with as many zeros before as behind; nil where
  /// there is none.
  private func window(_ options: NodeOptions, _ dims: [Int], _ taps: [Int], isAdjoint: Bool)
    -> Window?
  {
    func two(_ given: [Int]?, _ usual: (Int) -> Int) -> [Int] {
      (0 ..< 2).map { axis in given.map { $0[$0.count == 2 ? axis : 0] } ?? usual(axis) }
    }
    let strides = two(options.stride) { _ in 1 }
    let paddings = two(options.padding) { (taps[$0] - 1) / 2 }
    let others = (0 ..< 2).map { axis in
      let bare = taps[axis] - 2 * paddings[axis]
      return isAdjoint
        ? (dims[axis] - 1) * strides[axis] + bare : (dims[axis] - bare) / strides[axis] + 1
    }
    for axis in 0 ..< 2 where !isAdjoint {
      if dims[axis] + 2 * paddings[axis] < taps[axis] { return nil }
    }
    func lengths(_ list: [Int]) -> Window.Lengths { Window.Lengths(list[0], list[1]) }
    let window = Window(
      kernel: lengths(taps), stride: lengths(strides), padding: lengths(paddings),
      input: lengths(isAdjoint ? others : dims), output: lengths(isAdjoint ? dims : others))
    return window.isSound ? window : nil
  }

  /// The rows of every left matrix in one product with a matrix that all share, so that its
  /// gradient is one product too.
  private func stacked(_ graph: inout Graph, _ a: Value, _ b: Value) -> Value {
    let dims = graph.shape(of: a.node).dims
    let inner = dims[dims.count - 1]
    let flat = graph.reshape(a.node, [dims.dropLast().reduce(1, *), inner])
    let columns = graph.shape(of: b.node)[1]
    let whole = graph.reshape(graph.matmul(flat, b.node), Shape(dims.dropLast() + [columns]))
    return Value(node: whole, rank: a.rank, isBatched: true)
  }

  private func concatenated(
    _ graph: inout Graph, _ axis: Int, _ inputs: [Value], _ batched: Bool
  ) -> Node {
    let rank = inputs.first?.rank ?? 0
    let parts = inputs.map { input -> Node in
      guard batched, !input.isBatched else { return input.node }
      return graph.broadcast(input.node, front(graph.shape(of: input.node).dims, true))
    }
    return graph.concatenate(parts, axis: (axis < 0 ? axis + rank : axis) + (batched ? 1 : 0))
  }

  /// Entries of the first axis of a row.
  private func gathered(_ graph: inout Graph, _ x: Value, _ indices: [Int]) -> Node {
    let shape = graph.shape(of: x.node)
    let axis = x.isBatched ? 1 : 0
    guard shape.rank > axis, indices.allSatisfy({ $0 >= 0 && $0 < shape[axis] }) else {
      let dims = Array(shape.dims.dropFirst(axis))
      return graph.fail("gather of \(dims): no such entry among \(indices) of the first axis")
    }
    let list = graph.literal(Literal(shape: [indices.count], values: indices.map(Double.init)))
    guard x.isBatched else { return graph.gather(x.node, indices: list) }
    let swap = [1, 0] + Array(2 ..< max(shape.rank, 2))
    return graph.transpose(graph.gather(graph.transpose(x.node, swap), indices: list), swap)
  }
}
