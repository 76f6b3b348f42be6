import Graph
import Kernels

extension Planner {
  /// A convolution, its adjoint in the picture by the flipped kernel, and its adjoint in the kernel.
  func lowerConvolution(_ node: Node) {
    let varying = varies[node.index]
    switch operation(node) {
    case .convolution(let x, let kernel, let window):
      let lengths = ConvolutionLengths(window, picture: shape(x), filters: shape(node)[3])
      guard isHalf(lengths) else { return convolve(node, x, slot(kernel), lengths) }
      let paired = halved(
        HalfOperand(
          node: kernel, rows: shape(kernel).count / shape(kernel)[3], columns: shape(kernel)[3],
          form: .paired))
      convolve(node, x, paired, lengths, half: true)
    case .transposedConvolution(let y, let kernel, let window):
      let lengths = ConvolutionLengths(adjoint: window, picture: shape(y), filters: shape(node)[3])
      let half = isHalf(lengths)
      convolve(node, y, flipped(kernel, half: half), lengths, half: half)
    case .windowProduct(let x, let y, let window):
      let lengths = ConvolutionLengths(window, picture: shape(x), filters: shape(y)[3])
      let half = precision == .bf16 && WindowProduct.hasHalf(lengths)
      let product = WindowProduct(lengths, half: half)
      let to = place(node)
      let scratch = temporary(product.scratchCount, varying: varying)
      emit(
        .windowProduct(
          product, slot(x), slot(y), to, scratch: scratch, accumulate: to.space == .sums),
        varying: varying)
    default: break
    }
  }

  private func isHalf(_ lengths: ConvolutionLengths) -> Bool {
    precision == .bf16 && Convolution.hasHalf(lengths)
  }

  private func convolve(
    _ node: Node, _ x: Node, _ kernel: Slot, _ lengths: ConvolutionLengths, half: Bool = false
  ) {
    let varying = varies[node.index]
    let convolution = Convolution(lengths, half: half)
    let to = place(node)
    let scratch = temporary(convolution.scratchCount, varying: varying)
    emit(.convolution(convolution, slot(x), kernel, to, scratch: scratch), varying: varying)
  }

  /// A kernel as its adjoint takes it, made once for all shards where it does not vary.
  private func flipped(_ kernel: Node, half: Bool) -> Slot {
    let key = FlippedKernel(node: kernel, half: half)
    if let known = sharedFlips[key] { return known }
    let (varying, shape) = (varies[kernel.index], shape(kernel))
    let to = temporary(shape.count, varying: varying)
    guard half else {
      emit(
        .flip(slot(kernel), to, taps: shape[0] * shape[1], channels: shape[2], filters: shape[3]),
        varying: varying)
      if !varying { sharedFlips[key] = to }
      return to
    }
    let step = Step.halve(
      flipped(kernel, half: false), to, rows: shape.count / shape[2], columns: shape[2], .paired,
      scratch: to)
    emit(step, varying: varying)
    if !varying { sharedFlips[key] = to }
    return to
  }
}

/// A kernel as its adjoint takes it, also in bfloat16 with pairs.
struct FlippedKernel: Hashable {
  let node: Node
  let half: Bool
}

extension ConvolutionLengths {
  init(_ window: Window, picture: Shape, filters: Int) {
    func axis(_ length: (Window.Lengths) -> Int) -> Axis {
      Axis(
        kernel: length(window.kernel), stride: length(window.stride),
        padding: length(window.padding), input: length(window.input), output: length(window.output))
    }
    self.init(
      height: axis(\.height), width: axis(\.width), images: picture[0], channels: picture[3],
      filters: filters)
  }

  /// The adjoint reads what the windows gave, as far apart as they stood, through the kernel from its last tap to its first.
  init(adjoint window: Window, picture: Shape, filters: Int) {
    func axis(_ length: (Window.Lengths) -> Int) -> Axis {
      let kernel = length(window.kernel)
      return Axis(
        kernel: kernel, stride: 1, padding: kernel - 1 - length(window.padding),
        input: length(window.output), output: length(window.input), spread: length(window.stride))
    }
    self.init(
      height: axis(\.height), width: axis(\.width), images: picture[0], channels: picture[3],
      filters: filters)
  }
}
