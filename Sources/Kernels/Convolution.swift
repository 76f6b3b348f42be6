/// The lengths of a convolution, as `Window` has them.
package struct ConvolutionLengths: Sendable {
  package struct Axis: Sendable {
    package let kernel: Int
    package let stride: Int
    package let padding: Int
    package let input: Int
    package let output: Int
    /// Of the input: from one of its elements to the next, with zeros between them.
    package let spread: Int

    package init(
      kernel: Int, stride: Int, padding: Int, input: Int, output: Int, spread: Int = 1
    ) {
      (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
      (self.input, self.output, self.spread) = (input, output, spread)
    }

    /// Length of the input with its zeros in between.
    var wide: Int { (input - 1) * spread + 1 }

    /// From the first place that a window reads to behind the last.
    var span: Int { (output - 1) * stride + kernel }

    /// The windows that read inside of the input at tap `t`.
    func windows(at t: Int) -> Range<Int> {
      // 0 ≤ i · stride + t − padding < wide.
      let first = max(0, (padding - t + stride - 1) / stride)
      let last = (wide - 1 + padding - t) / stride
      return wide - 1 + padding - t < 0 ? 0 ..< 0 : first ..< max(first, min(output, last + 1))
    }
  }

  let height: Axis
  let width: Axis
  let images: Int
  let channels: Int
  let filters: Int

  package init(height: Axis, width: Axis, images: Int, channels: Int, filters: Int) {
    (self.height, self.width, self.images) = (height, width, images)
    (self.channels, self.filters) = (channels, filters)
  }

  /// From one row of an image in scratch to the next: its zeros on the left serve the row before as
  /// those on the right; an even number, so that rows begin with a pair.
  var pitch: Int { (max(width.padding + width.wide, width.span - width.padding) + 1) / 2 * 2 }

  /// Positions of an image in scratch, an even number.
  var places: Int { height.wide * pitch + (max(width.span - pitch, 0) + 1) / 2 * 2 }

  /// Elements of an image in scratch.
  var paddedCount: Int { places * channels + 16 }

  /// Floats of the pictures, of the kernel and of the result.
  var extents: (x: Int, kernel: Int, y: Int) {
    (
      images * inputCount, height.kernel * width.kernel * channels * filters, images * outputCount
    )
  }

  /// "3x3 of 16x28x28x32 to 64": the kernel, images with rows, columns and channels, and the
  /// filters.
  var description: String {
    "\(height.kernel)x\(width.kernel) of \(images)x\(height.input)x\(width.input)x\(channels) to \(filters)"
  }

  var inputCount: Int { height.input * width.input * channels }
  var outputCount: Int { height.output * width.output * filters }

  /// Zeros where `pad` or `padBFloat16` writes nothing.
  func clear(_ y: UnsafeMutablePointer<Float>, bfloat16: Bool) {
    let row = pitch * channels
    guard !bfloat16, width.spread == 1, height.spread == 1 else {
      return unsafe fill(y, 0, count: bfloat16 ? (paddedCount + 1) / 2 + 8 : paddedCount)
    }
    let (before, through) = (width.padding * channels, (width.padding + width.wide) * channels)
    for r in 0 ..< height.wide {
      unsafe fill(y + r * row, 0, count: before)
      unsafe fill(y + (r * row + through), 0, count: row - through)
    }
    unsafe fill(y + height.wide * row, 0, count: paddedCount - height.wide * row)
  }

  /// The same as bfloat16.
  func padBFloat16(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    let (row, run) = (width.input * channels, width.spread == 1 ? width.input : 1)
    for r in 0 ..< height.input {
      for c in stride(from: 0, to: width.input, by: run) {
        let place = r * height.spread * pitch + width.padding + c * width.spread
        unsafe toBFloat16(
          x + r * row + c * channels, rows: run, columns: channels, .plain,
          bfloat16Place(y, place * channels), scratch: y)
      }
    }
  }

  /// One image with zeros around its rows; those were put there before.
  func pad(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    let row = width.input * channels
    for r in 0 ..< height.input {
      let to = unsafe y + (r * height.spread * pitch + width.padding) * channels
      let from = unsafe x + r * row
      if width.spread == 1 {
        unsafe copy(from, to, count: row)
      } else {
        for c in 0 ..< width.input {
          unsafe copy(from + c * channels, to + c * width.spread * channels, count: channels)
        }
      }
    }
  }
}

/// So many numbers of bfloat16 further on.
func bfloat16Place(_ x: UnsafePointer<Float>, _ count: Int) -> UnsafePointer<Float> {
  unsafe (UnsafeRawPointer(x) + 2 * count).assumingMemoryBound(to: Float.self)
}

private func bfloat16Place(
  _ x: UnsafeMutablePointer<Float>, _ count: Int
) -> UnsafeMutablePointer<Float> {
  unsafe (UnsafeMutableRawPointer(x) + 2 * count).assumingMemoryBound(to: Float.self)
}

/// y[n, i, j, k] = Σ x[n, i s + a − p, j t + b − q, c] W[a, b, c, k], channels last.
///
/// An image is copied into scratch with zeros around its rows. Then each row of the output is the
/// sum of a product for every tap, with the rows of the input `stride` apart. An image's values
/// never depend on its place among the images.
package struct Convolution: Sendable {
  private let lengths: ConvolutionLengths
  private let bfloat16: Bool
  /// Neighbouring taps of a row in one product: their numbers are neighbours in x and in the
  /// kernel.
  private let taps: Int
  private let first: MatrixMultiply
  private let next: MatrixMultiply

  /// `bfloat16`: products in bfloat16, of a kernel in pairs, where `hasBFloat16` says so.
  package init(_ lengths: ConvolutionLengths, bfloat16: Bool = false) {
    self.lengths = lengths
    self.bfloat16 = bfloat16
    // libxsmm wants the rows of a matrix apart.
    let taps = bfloat16 && hasTiles ? lengths.width.kernel : 1
    self.taps = taps
    func product(accumulate: Bool) -> MatrixMultiply {
      MatrixMultiply(
        rows: lengths.width.output, columns: lengths.filters, inner: taps * lengths.channels,
        lda: lengths.width.stride * lengths.channels, ldb: lengths.filters, ldc: lengths.filters,
        transposeA: false, accumulate: accumulate, bfloat16: bfloat16)
    }
    (first, next) = (product(accumulate: false), product(accumulate: true))
  }

  private init(_ other: Convolution) {
    (lengths, bfloat16, taps) = (other.lengths, other.bfloat16, other.taps)
    (first, next) = (other.first.duplicate, other.next.duplicate)
  }

  /// So many numbers further on.
  private func offset(_ x: UnsafePointer<Float>, _ count: Int) -> UnsafePointer<Float> {
    unsafe bfloat16 ? bfloat16Place(x, count) : x + count
  }

  /// The same with arrays of its own.
  package var duplicate: Convolution { Convolution(self) }

  /// Whether products in bfloat16 can be had and pay.
  package static func hasBFloat16(_ lengths: ConvolutionLengths) -> Bool {
    lengths.channels >= 16 && lengths.channels % 2 == 0 && lengths.filters >= 16
      && Convolution(lengths, bfloat16: true).next.hasCode
  }

  package var scratchCount: Int { lengths.paddedCount }

  /// Floats that it reads and writes; a kernel in bfloat16 takes half.
  package var extents: (x: Int, kernel: Int, y: Int) {
    let (x, kernel, y) = lengths.extents
    return (x, bfloat16 ? (kernel + 1) / 2 : kernel, y)
  }

  package var description: String { lengths.description + (bfloat16 ? " bf16" : "") }

  package func callAsFunction(
    _ x: UnsafePointer<Float>, _ kernel: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (height, width) = (lengths.height, lengths.width)
    let tapCount = lengths.channels * lengths.filters
    unsafe lengths.clear(scratch, bfloat16: bfloat16)
    for n in 0 ..< lengths.images {
      let image = unsafe x + n * lengths.inputCount
      unsafe bfloat16 ? lengths.padBFloat16(image, scratch) : lengths.pad(image, scratch)
      for i in 0 ..< height.output {
        let row = unsafe y + n * lengths.outputCount + i * width.output * lengths.filters
        var isFirst = true
        for a in 0 ..< height.kernel {
          let r = i * height.stride + a - height.padding
          guard r >= 0, r < height.wide else { continue }
          for b in stride(from: 0, to: width.kernel, by: taps) {
            let from = (r * lengths.pitch + b) * lengths.channels
            let tap = tapCount * (a * width.kernel + b)
            let rows = unsafe offset(scratch, from)
            let weights = unsafe offset(kernel, tap)
            if isFirst {
              unsafe first(rows, weights, row)
            } else {
              unsafe next(rows, weights, row)
            }
            isFirst = false
          }
        }
        if isFirst { unsafe fill(row, 0, count: width.output * lengths.filters) }
      }
    }
  }
}
