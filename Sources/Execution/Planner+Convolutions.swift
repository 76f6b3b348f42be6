import Graph
import Kernels

extension Planner {
  /// A convolution, its adjoint in the picture by the flipped kernel, and its adjoint in the kernel.
  func lowerConvolution(_ node: Node) {
    let varying = varies[node.index]
    switch operation(node) {
    case .convolution(let x, let kernel, let window):
      let lengths = ConvolutionLengths(window, picture: shape(x), filters: shape(node)[3])
      convolve(node, x, slot(kernel), lengths)
    case .transposedConvolution(let y, let kernel, let window):
      let lengths = ConvolutionLengths(adjoint: window, picture: shape(y), filters: shape(node)[3])
      convolve(node, y, flipped(kernel), lengths)
    case .windowProduct(let x, let y, let window):
      let product = WindowProduct(
        ConvolutionLengths(window, picture: shape(x), filters: shape(y)[3]))
      let to = place(node)
      let scratch = temporary(product.scratchCount, varying: varying)
      emit(
        .windowProduct(
          product, slot(x), slot(y), to, scratch: scratch, accumulate: to.space == .sums),
        varying: varying)
    default: break
    }
  }

  private func convolve(_ node: Node, _ x: Node, _ kernel: Slot, _ lengths: ConvolutionLengths) {
    let varying = varies[node.index]
    let convolution = Convolution(lengths)
    let to = place(node)
    let scratch = temporary(convolution.scratchCount, varying: varying)
    emit(.convolution(convolution, slot(x), kernel, to, scratch: scratch), varying: varying)
  }

  /// A kernel as its adjoint takes it, made once for all shards where it does not vary.
  private func flipped(_ kernel: Node) -> Slot {
    if let known = sharedFlips[kernel] { return known }
    let (varying, shape) = (varies[kernel.index], shape(kernel))
    let to = temporary(shape.count, varying: varying)
    emit(
      .flip(slot(kernel), to, taps: shape[0] * shape[1], channels: shape[2], filters: shape[3]),
      varying: varying)
    if !varying { sharedFlips[kernel] = to }
    return to
  }
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
