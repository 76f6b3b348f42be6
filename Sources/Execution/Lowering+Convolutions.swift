import Graph
import Kernels

// Convolutions and their adjoints.

extension Lowering {
  /// A convolution, its adjoint in the picture by the flipped kernel, and its adjoint in the
  /// kernel.
  mutating func lowerConvolution(_ node: Node) {
    switch operation(node) {
    case .convolution(let x, let kernel, let window):
      let lengths = ConvolutionLengths(window, picture: shape(x), filters: shape(node)[3])
      let bfloat16 = isBFloat16(lengths)
      convolve(node, x, bfloat16 ? paired(kernel) : slot(kernel), lengths, bfloat16: bfloat16)
    case .transposedConvolution(let y, let kernel, let window):
      let lengths = ConvolutionLengths(adjoint: window, picture: shape(y), filters: shape(node)[3])
      let bfloat16 = isBFloat16(lengths)
      convolve(node, y, flipped(kernel, bfloat16: bfloat16), lengths, bfloat16: bfloat16)
    case .convolutionWeightGradient(let x, let y, let window):
      lowerKernelGradient(
        node, x, y, ConvolutionLengths(window, picture: shape(x), filters: shape(y)[3]))
    default: break
    }
  }

  private func isBFloat16(_ lengths: ConvolutionLengths) -> Bool {
    precision == .bf16 && Convolution.hasBFloat16(lengths)
  }

  /// A kernel in bfloat16 with pairs.
  private mutating func paired(_ kernel: Node) -> Slot {
    let (count, filters) = (shape(kernel).count, shape(kernel)[3])
    return rounded(
      BFloat16Operand(node: kernel, rows: count / filters, columns: filters, form: .paired))
  }

  private mutating func convolve(
    _ node: Node, _ x: Node, _ kernel: Slot, _ lengths: ConvolutionLengths, bfloat16: Bool
  ) {
    let convolution = Convolution(lengths, bfloat16: bfloat16)
    let to = place(node)
    let scratch = temporary(convolution.scratchCount, varying: varies(node))
    emit(.convolution(convolution, slot(x), kernel, to, scratch: scratch), varying: varies(node))
  }

  private mutating func lowerKernelGradient(
    _ node: Node, _ x: Node, _ y: Node, _ lengths: ConvolutionLengths
  ) {
    let bfloat16 = precision == .bf16 && ConvolutionWeightGradient.hasBFloat16(lengths)
    let product = ConvolutionWeightGradient(lengths, bfloat16: bfloat16)
    let to = place(node)
    let scratch = temporary(product.scratchCount, varying: varies(node))
    let step = Step.convolutionWeightGradient(
      product, slot(x), slot(y), to, scratch: scratch, accumulate: to.space == .sums)
    emit(step, varying: varies(node))
  }

  /// A kernel as its adjoint takes it, also in bfloat16 with pairs.
  private mutating func flipped(_ kernel: Node, bfloat16: Bool) -> Slot {
    copy(kernel, .flipped(kernel, bfloat16: bfloat16)) { lowering in
      let (varying, shape) = (lowering.varies(kernel), lowering.shape(kernel))
      let to = lowering.temporary(shape.count, varying: varying)
      let step: Step =
        bfloat16
        ? .toBFloat16(
          lowering.flipped(kernel, bfloat16: false), to, rows: shape.count / shape[2],
          columns: shape[2], .paired, scratch: to)
        : .flip(
          lowering.slot(kernel), to, taps: shape[0] * shape[1], channels: shape[2],
          filters: shape[3])
      lowering.emit(step, varying: varying)
      return to
    }
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

  /// The adjoint reads what the windows gave, as far apart as they stood, through the kernel from
  /// its last tap to its first.
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
