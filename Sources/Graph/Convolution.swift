/// How a kernel slides over the two axes of a picture; a signal has one row.
///
/// Along each axis position i of the output reads positions i · stride + t − padding of the input,
/// t in 0 ..< kernel; outside of the input there are zeros.
package struct Window: Hashable, Sendable {
  /// One length for each axis.
  package struct Lengths: Hashable, Sendable {
    package let height: Int
    package let width: Int

    package init(_ height: Int, _ width: Int) { (self.height, self.width) = (height, width) }
  }

  package let kernel: Lengths
  package let stride: Lengths
  /// Before the first position.
  package let padding: Lengths
  package let input: Lengths
  package let output: Lengths

  package init(
    kernel: Lengths, stride: Lengths, padding: Lengths, input: Lengths, output: Lengths
  ) {
    (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
    (self.input, self.output) = (input, output)
  }

  /// An odd kernel in the middle of its position: the output is the input, or each stride-th of its
  /// positions.
  package init(centred kernel: Lengths, stride: Lengths, input: Lengths) {
    self.init(
      kernel: kernel, stride: stride, padding: Lengths(kernel.height / 2, kernel.width / 2),
      input: input,
      output: Lengths(
        (input.height + stride.height - 1) / Swift.max(stride.height, 1),
        (input.width + stride.width - 1) / Swift.max(stride.width, 1)))
  }

  /// Of a kernel along an axis.
  package static let longest = 256

  /// Whether the lengths belong together: the kernel touches the input in every position.
  package var isSound: Bool {
    func isSound(_ length: (Lengths) -> Int) -> Bool {
      let (kernel, stride, padding) = (length(kernel), length(stride), length(padding))
      let (input, output) = (length(input), length(output))
      guard (1 ... Window.longest).contains(kernel), stride > 0, (0 ..< kernel).contains(padding),
        input > 0, output > 0
      else {
        return false
      }
      return (output - 1) * stride - padding < input
    }
    return isSound(\.height) && isSound(\.width)
  }
}

extension Graph {
  /// x [N, h, w, C] under a kernel [kh, kw, C, K]: y [N, h′, w′, K].
  ///
  ///     y[n, i, j, k] = Σ x[n, i s + a − p, j t + b − q, c] W[a, b, c, k]
  package mutating func convolution(_ x: Node, _ kernel: Node, _ window: Window) -> Node {
    append(.convolution(x, kernel, window))
  }

  /// The adjoint in x: ∂⟨y, W ∗ x⟩/∂x, [N, h, w, C].
  package mutating func transposedConvolution(_ y: Node, _ kernel: Node, _ window: Window) -> Node {
    append(.transposedConvolution(y, kernel, window))
  }

  /// The adjoint in the kernel: ∂⟨y, W ∗ x⟩/∂W, [kh, kw, C, K].
  package mutating func convolutionWeightGradient(_ x: Node, _ y: Node, _ window: Window) -> Node {
    append(.convolutionWeightGradient(x, y, window))
  }
}

// The three are one trilinear form, ⟨y, W ∗ x⟩, less one of its arguments, so that each one's
// derivatives are the others.

/// Which of the form's arguments a convolution gives.
private enum Argument {
  case x, kernel, y
}

extension Op {
  /// Of one of the three: its operands, and what of the form is left.
  fileprivate var form: (operands: [Argument], result: Argument, window: Window)? {
    switch self {
    case .convolution(_, _, let window): ([.x, .kernel], .y, window)
    case .transposedConvolution(_, _, let window): ([.y, .kernel], .x, window)
    case .convolutionWeightGradient(_, _, let window): ([.x, .y], .kernel, window)
    default: nil
    }
  }
}

extension Graph {
  /// The shape of x, W ∗ x or W in one of the three, whose operands have these; nil where they do
  /// not fit.
  static func shape(of op: Op, _ shapes: [Shape]) -> Shape? {
    guard let (operands, result, window) = op.form, window.isSound,
      shapes.allSatisfy({ $0.rank == 4 })
    else { return nil }
    var known: [Argument: Shape] = [:]
    for (argument, shape) in zip(operands, shapes) { known[argument] = shape }
    let images = known[.x]?[0] ?? known[.y]?[0] ?? 0
    let channels = known[.x]?[3] ?? known[.kernel]?[2] ?? 0
    let filters = known[.y]?[3] ?? known[.kernel]?[3] ?? 0
    let whole: [Argument: Shape] = [
      .x: [images, window.input.height, window.input.width, channels],
      .kernel: [window.kernel.height, window.kernel.width, channels, filters],
      .y: [images, window.output.height, window.output.width, filters],
    ]
    return known.allSatisfy({ whole[$0.key] == $0.value }) ? whole[result] : nil
  }

  private mutating func form(_ given: [Argument: Node], _ result: Argument, _ window: Window)
    -> Node
  {
    let none = constant(.nan)
    let (x, kernel, y) = (given[.x] ?? none, given[.kernel] ?? none, given[.y] ?? none)
    switch result {
    case .y: return convolution(x, kernel, window)
    case .x: return transposedConvolution(y, kernel, window)
    case .kernel: return convolutionWeightGradient(x, y, window)
    }
  }

  /// The cotangents of the operands of one of the three.
  mutating func convolutionCotangents(of op: Op, _ yBar: Node) -> [Node?] {
    guard let (operands, result, window) = op.form else { return [] }
    let pairs = Array(zip(operands, op.inputs))
    var bars: [Node?] = []
    for (place, operand) in operands.enumerated() {
      let (other, node) = pairs[1 - place]
      bars.append(form([other: node, result: yBar], operand, window))
    }
    return bars
  }

  /// The tangent of one of the three; tangents may have extra leading axes.
  mutating func convolutionTangent(of op: Op, _ tangents: [Node?], like shape: Shape) -> Node? {
    guard let (operands, result, window) = op.form else { return nil }
    var terms: [Node?] = []
    for (place, operand) in operands.enumerated() {
      guard let t = tangents[place] else { continue }
      let lead = lead(of: t, over: op.inputs[place])
      // An axis that the other operand has not: it passes through.
      let (from, to) = Graph.freeAxes(operand, beside: operands[1 - place])
      let merged = merged(t, lead, into: from)
      let product = form(
        [operand: merged, operands[1 - place]: op.inputs[1 - place]], result, window)
      terms.append(unmerged(product, lead, from: to, shape))
    }
    return total(terms, atLeast: shape)
  }

  /// Σ over the leading axes of 2 op(ȧ, ḃ).
  mutating func convolutionSecondOrder(of op: Op, _ tangents: [Node?]) -> Node? {
    guard let (operands, result, window) = op.form, let a = tangents[0], let b = tangents[1] else {
      return nil
    }
    let (first, second) = (lead(of: a, over: op.inputs[0]), lead(of: b, over: op.inputs[1]))
    let lead = first.count >= second.count ? first : second
    let axes = Graph.commonAxis(operands[0], operands[1])
    var merged: [Node] = []
    for (place, t) in [a, b].enumerated() {
      let whole = broadcast(t, Shape(lead + shape(of: op.inputs[place]).dims))
      merged.append(self.merged(whole, lead, into: place == 0 ? axes.0 : axes.1))
    }
    let product = form([operands[0]: merged[0], operands[1]: merged[1]], result, window)
    return multiply(constant(2), product)
  }

  /// The axis of an operand over which nothing is summed, and where the result has it.
  private static func freeAxes(_ operand: Argument, beside other: Argument) -> (Int, Int) {
    switch (operand, other) {
    case (.x, .kernel), (.y, .kernel): (0, 0)
    case (.kernel, .x): (3, 3)
    case (.kernel, _): (2, 3)
    case (.x, _): (3, 2)
    case (.y, _): (3, 3)
    }
  }

  /// The axis that both operands sum over.
  private static func commonAxis(_ a: Argument, _ b: Argument) -> (Int, Int) {
    switch (a, b) {
    case (.x, .kernel): (3, 2)
    case (.y, .kernel): (3, 3)
    default: (0, 0)
    }
  }

  /// A tangent [lead.., own..] with its leading axes as a part of one of its own: [.., lead · own,
  /// ..].
  private mutating func merged(_ t: Node, _ lead: [Int], into axis: Int) -> Node {
    guard !lead.isEmpty else { return t }
    let (count, own) = (lead.reduce(1, *), Array(shape(of: t).dims.dropFirst(lead.count)))
    var dims = own
    dims[axis] *= count
    let flat = reshape(t, Shape([count] + own))
    let order = Array(1 ..< axis + 1) + [0] + Array(axis + 1 ..< own.count + 1)
    return reshape(transpose(flat, order), Shape(dims))
  }

  /// The leading axes back in front of a result of shape `own`.
  private mutating func unmerged(_ y: Node, _ lead: [Int], from axis: Int, _ own: Shape) -> Node {
    guard !lead.isEmpty else { return y }
    var dims = own.dims
    dims.insert(lead.reduce(1, *), at: axis)
    let split = reshape(y, Shape(dims))
    let order = [axis] + Array(0 ..< axis) + Array(axis + 1 ..< dims.count)
    return reshape(transpose(split, order), Shape(lead + own.dims))
  }
}
