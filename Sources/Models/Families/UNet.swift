import Graph

/// A network of convolutions on pictures or signals, from fine to coarse and back, conditioned on
/// the noise level and the class.
///
/// On each level, of half the length of the one before, `blocks` blocks around a skip; then one in
/// the middle; then, from coarse to fine, twice the length by repetition, a convolution, what the
/// level had on the way down beside it, and `blocks` blocks again:
///
///     y = S h + c + C₂ ∗ φ((1 + s) norm(C₁ ∗ φ(norm(h))) + r)      (s, r) = V φ(t),   t = B φ(A e + a) + b
///
/// with norm over groups of channels (Wu & He 2018), and the conditioning behind it, so that the
/// norm does not remove it (Dhariwal & Nichol 2021). Ronneberger, Fischer & Brox (2015), "U-Net";
/// Ho, Jain & Abbeel (2020), "Denoising Diffusion Probabilistic Models", appendix B, without
/// attention.
struct UNet: Backbone {
  let grid: Grid
  /// Channels of each level.
  let widths: [Int]
  let blocks: Int
  let activation: Network.Activation
  let embedding: NoiseEmbedding

  static let mostLevels = 8
  static let mostBlocks = 8

  /// 32 channels and twice as many a level, on up to three levels of which the coarsest is no
  /// shorter than 4.
  static func widths(of grid: Grid) -> [Int] {
    var (side, levels) = (max(grid.height, grid.width), 1)
    while levels < 3, (side + 1) / 2 >= 4 { (side, levels) = ((side + 1) / 2, levels + 1) }
    return Array([32, 64, 128].prefix(levels))
  }

  var dropoutWidths: [Int] { [] }
  var work: RowWork { .picture(elements: grid.height * grid.width * widths[0]) }

  /// Length of t.
  private var conditioning: Int { 4 * widths[0] }

  private var kernel: Window.Lengths { grid.lengths(3) }

  /// Of the levels.
  private var sizes: [Window.Lengths] {
    var size = Window.Lengths(grid.height, grid.width)
    return widths.map { _ in
      defer { size = window(size, stride: 2).output }
      return size
    }
  }

  private func window(_ size: Window.Lengths, stride: Int) -> Window {
    Window(centred: kernel, stride: grid.lengths(stride), input: size)
  }

  var parameters: [ParameterSpec] {
    var builder = UNetParameters(
      kernel: kernel, conditioning: embedding.length > 0 ? conditioning : 0)
    if embedding.length > 0 {
      builder.layer("noise0", embedding.length, conditioning)
      builder.layer("noise1", conditioning, conditioning)
    }
    builder.convolution("in", grid.channels, widths[0])
    var channels = widths[0]
    for (level, width) in widths.enumerated() {
      for index in 0 ..< blocks {
        builder.block("down\(level).block\(index)", channels, width)
        channels = width
      }
      if level + 1 < widths.count { builder.convolution("down\(level).half", width, width) }
    }
    builder.block("middle", channels, channels)
    for (level, width) in widths.enumerated().dropLast().reversed() {
      builder.convolution("up\(level).twice", channels, width)
      for index in 0 ..< blocks {
        builder.block("up\(level).block\(index)", index == 0 ? 2 * width : width, width)
      }
      channels = width
    }
    builder.norm("out", channels)
    builder.convolution("out", channels, grid.channels, start: .zeros)
    return builder.specs
  }

  func callAsFunction(
    _ graph: inout Graph, _ parameters: [Node], _ u: Node, noise: Node, label: Node?,
    dropout masks: [Node]
  ) -> Node {
    var rest = parameters[...]
    func next() -> Node { rest.popFirst() ?? parameters[0] }
    func layer(_ x: Node) -> Node {
      let product = graph.matmul(x, next())
      return graph.add(product, next())
    }
    func convolution(_ x: Node, _ size: Window.Lengths, stride: Int = 1) -> Node {
      let y = graph.convolution(x, next(), window(size, stride: stride))
      return graph.add(y, next())
    }
    let conditioning = embedding.node(&graph, noise, label).map { e in
      activation.node(&graph, layer(activation.node(&graph, layer(e))))
    }
    func activated(_ x: Node, conditioning: Node? = nil) -> Node {
      let (gain, shift) = (next(), next())
      let moved = conditioning.map { graph.matmul($0, next()) }
      return activation.node(&graph, graph.groupNorm(x, gain, shift, conditioning: moved))
    }
    func block(_ x: Node, _ size: Window.Lengths) -> Node {
      let inner = graph.convolution(activated(x), next(), window(size, stride: 1))
      let outer = convolution(activated(inner, conditioning: conditioning), size)
      let isSame = graph.shape(of: x) == graph.shape(of: outer)
      return graph.add(outer, isSame ? x : graph.pointwise(x, next()))
    }
    let sizes = sizes
    var h = convolution(grid.placed(&graph, u), sizes[0])
    var kept: [Node] = []
    for level in widths.indices {
      for _ in 0 ..< blocks { h = block(h, sizes[level]) }
      guard level + 1 < widths.count else { break }
      kept.append(h)
      h = convolution(h, sizes[level], stride: 2)
    }
    h = block(h, sizes[widths.count - 1])
    for level in widths.indices.dropLast().reversed() {
      h = graph.doubled(h, next(), to: sizes[level])
      h = graph.add(h, next())
      h = graph.concatenate([h, kept[level]], axis: 3)
      for _ in 0 ..< blocks { h = block(h, sizes[level]) }
    }
    return grid.taken(&graph, convolution(activated(h), sizes[0]))
  }
}

/// The parameters of a U-Net, in the order in which its network takes them.
private struct UNetParameters {
  let kernel: Window.Lengths
  /// Length of the conditioning vector of each block; 0: there is none.
  let conditioning: Int
  private(set) var specs: [ParameterSpec] = []

  init(kernel: Window.Lengths, conditioning: Int) {
    (self.kernel, self.conditioning) = (kernel, conditioning)
  }

  private mutating func weight(_ name: String, _ shape: Shape, gain: Double = 1) {
    let inputs = Double(shape.dims.dropLast().reduce(1, *))
    specs.append(
      ParameterSpec(
        name: name, shape: shape, start: .normal(deviation: gain / inputs.squareRoot())))
  }

  private mutating func bias(_ name: String, _ count: Int) {
    specs.append(ParameterSpec(name: name, shape: [count], start: .zeros))
  }

  mutating func layer(_ name: String, _ inputs: Int, _ outputs: Int) {
    weight(name + ".weight", [inputs, outputs])
    bias(name + ".bias", outputs)
  }

  mutating func convolution(
    _ name: String, _ channels: Int, _ filters: Int, gain: Double = 1,
    start: ParameterSpec.Start? = nil
  ) {
    let shape: Shape = [kernel.height, kernel.width, channels, filters]
    if let start {
      specs.append(ParameterSpec(name: name + ".weight", shape: shape, start: start))
    } else {
      weight(name + ".weight", shape, gain: gain)
    }
    bias(name + ".bias", filters)
  }

  mutating func norm(_ name: String, _ channels: Int) {
    specs.append(ParameterSpec(name: name + ".gain", shape: [channels], start: .ones))
    bias(name + ".shift", channels)
  }

  mutating func block(_ name: String, _ channels: Int, _ width: Int) {
    norm(name + ".norm0", channels)
    weight(name + ".conv0.weight", [kernel.height, kernel.width, channels, width])
    norm(name + ".norm1", width)
    // Small initial weights keep each block close to its skip connection, and nearly blind to the
    // noise level.
    if conditioning > 0 { weight(name + ".embedding", [conditioning, 2 * width], gain: 0.3) }
    convolution(name + ".conv1", width, width, gain: 0.3)
    if channels != width { weight(name + ".skip", [channels, width]) }
  }
}

extension Graph {
  /// x [R, h, w, C] with mean 0 and variance 1 over the pixels of a group of channels, times a
  /// gain, plus a shift.
  ///
  /// As many groups of at least 4 channels as divide them, up to 8. Variances are E x² − (E x)², in
  /// one look at x, but of few numbers, which may be all alike beside their mean.
  ///
  /// `conditioning`: [R, 2 C], what is added to a gain of 1 behind this one and then to the shift.
  fileprivate mutating func groupNorm(_ x: Node, _ gain: Node, _ shift: Node, conditioning: Node?)
    -> Node
  {
    let dims = shape(of: x).dims
    let (rows, pixels, channels) = (dims[0], dims[1] * dims[2], dims[3])
    let groups = (1 ... 8).last { channels % $0 == 0 && channels / $0 >= 4 } ?? 1
    var flat = reshape(x, [rows, pixels, channels])
    func mean(_ x: Node) -> Node {
      let sums = reshape(sum(x, axes: [1]), [rows, groups, channels / groups])
      return multiply(
        constant(Double(groups) / Double(pixels * channels)), sum(sums, axes: [2], keepAxes: true))
    }
    func channelwise(_ x: Node) -> Node {
      reshape(broadcast(x, [rows, groups, channels / groups]), [rows, channels])
    }
    var centre = mean(flat)
    if pixels * channels < 64 * groups {
      flat = subtract(flat, reshape(channelwise(centre), [rows, 1, channels]))
      centre = constant(0)
    }
    let variance = relu(subtract(mean(square(flat)), square(centre)))
    let inverse = reciprocal(sqrt(add(variance, constant(1e-5))))
    var factor = multiply(gain, channelwise(inverse))
    let offset = channelwise(broadcast(multiply(centre, inverse), shape(of: inverse)))
    var term = subtract(shift, multiply(gain, offset))
    if let conditioning {
      let parts = (0 ..< 2).map {
        slice(conditioning, starts: [0, $0 * channels], sizes: [rows, channels])
      }
      let scale = add(constant(1), parts[0])
      factor = multiply(factor, scale)
      term = add(multiply(term, scale), parts[1])
    }
    term = broadcast(term, [rows, channels])
    let scaled = multiply(flat, reshape(factor, [rows, 1, channels]))
    return reshape(add(scaled, reshape(term, [rows, 1, channels])), Shape(dims))
  }

  /// A product with every pixel: x [R, h, w, C] and a matrix [C, K].
  fileprivate mutating func pointwise(_ x: Node, _ matrix: Node) -> Node {
    let dims = shape(of: x).dims
    let flat = reshape(x, [dims.dropLast().reduce(1, *), dims[3]])
    return reshape(matmul(flat, matrix), Shape(dims.dropLast() + [shape(of: matrix)[1]]))
  }

  /// x with twice the pixels, each repeated, under a centred kernel of 3; [R, size, K].
  ///
  /// An output pixel's window of three sees two pixels of x, one of them twice: so each of the four
  /// kinds of output pixels is a convolution of x itself by a kernel of 2, whose taps are sums of
  /// the given one's. That is 16 products where there were 36.
  fileprivate mutating func doubled(_ x: Node, _ kernel: Node, to size: Window.Lengths) -> Node {
    let (dims, taps) = (shape(of: x).dims, shape(of: kernel).dims)
    let (isTall, isWide) = (taps[0] > 1, taps[1] > 1)
    var rows: [Node] = []
    for i in 0 ..< (isTall ? 2 : 1) {
      let tall = isTall ? folded(kernel, axis: 0, phase: i) : kernel
      var columns: [Node] = []
      for j in 0 ..< (isWide ? 2 : 1) {
        let small = isWide ? folded(tall, axis: 1, phase: j) : tall
        let window = Window(
          kernel: .init(isTall ? 2 : 1, isWide ? 2 : 1), stride: .init(1, 1),
          padding: .init(isTall ? 1 - i : 0, isWide ? 1 - j : 0), input: .init(dims[1], dims[2]),
          output: .init(dims[1], dims[2]))
        columns.append(convolution(x, small, window))
      }
      // Side by side as channels are side by side as pixels.
      let wide = dims[2] * columns.count
      rows.append(reshape(concatenate(columns, axis: 3), [dims[0], dims[1], wide, taps[3]]))
    }
    let (tall, wide) = (dims[1] * rows.count, shape(of: rows[0])[2])
    let whole = reshape(concatenate(rows, axis: 2), [dims[0], tall, wide, taps[3]])
    return slice(
      whole, starts: [0, 0, 0, 0], sizes: [dims[0], size.height, size.width, taps[3]])
  }

  /// Of a kernel's three taps along an axis those that see the same pixel, added: the first alone
  /// and the others, or the last alone.
  private mutating func folded(_ kernel: Node, axis: Int, phase: Int) -> Node {
    var sizes = shape(of: kernel).dims
    sizes[axis] = 1
    let taps = (0 ..< 3).map { tap in
      var starts = [0, 0, 0, 0]
      starts[axis] = tap
      return slice(kernel, starts: starts, sizes: sizes)
    }
    let two =
      phase == 0 ? [taps[0], add(taps[1], taps[2])] : [add(taps[0], taps[1]), taps[2]]
    return concatenate(two, axis: axis)
  }
}
