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

  /// From one row of an image in scratch to the next: its zeros on the left serve the row before as those on the right.
  var pitch: Int { max(width.padding + width.wide, width.span - width.padding) }

  /// Elements of an image in scratch.
  var paddedCount: Int {
    (height.wide * pitch + max(width.span - pitch, 0)) * channels + 16
  }

  var inputCount: Int { height.input * width.input * channels }
  var outputCount: Int { height.output * width.output * filters }

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

/// y[n, i, j, k] = Σ x[n, i s + a − p, j t + b − q, c] W[a, b, c, k], channels last.
///
/// An image is copied into scratch with zeros around its rows. Then each row of the output is the sum of a product for every tap, with
/// the rows of the input `stride` apart. An image's values never depend on its place among the images.
package struct Convolution: Sendable {
  private let lengths: ConvolutionLengths
  private let first: MatrixMultiply
  private let next: MatrixMultiply

  package init(_ lengths: ConvolutionLengths) {
    self.lengths = lengths
    func product(accumulate: Bool) -> MatrixMultiply {
      MatrixMultiply(
        rows: lengths.width.output, columns: lengths.filters, inner: lengths.channels,
        lda: lengths.width.stride * lengths.channels, ldb: lengths.filters, ldc: lengths.filters,
        transposeA: false, accumulate: accumulate)
    }
    (first, next) = (product(accumulate: false), product(accumulate: true))
  }

  private init(_ other: Convolution) {
    lengths = other.lengths
    (first, next) = (other.first.duplicate, other.next.duplicate)
  }

  /// The same with arrays of its own.
  package var duplicate: Convolution { Convolution(self) }

  package var scratchCount: Int { lengths.paddedCount }

  package func callAsFunction(
    _ x: UnsafePointer<Float>, _ kernel: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (height, width) = (lengths.height, lengths.width)
    let tapCount = lengths.channels * lengths.filters
    unsafe fill(scratch, 0, count: lengths.paddedCount)
    for n in 0 ..< lengths.images {
      unsafe lengths.pad(x + n * lengths.inputCount, scratch)
      for i in 0 ..< height.output {
        let row = unsafe y + n * lengths.outputCount + i * width.output * lengths.filters
        var isFirst = true
        for a in 0 ..< height.kernel {
          let r = i * height.stride + a - height.padding
          guard r >= 0, r < height.wide else { continue }
          for b in 0 ..< width.kernel {
            let from = unsafe scratch + (r * lengths.pitch + b) * lengths.channels
            let weights = unsafe kernel + tapCount * (a * width.kernel + b)
            if isFirst {
              unsafe first(from, weights, row)
            } else {
              unsafe next(from, weights, row)
            }
            isFirst = false
          }
        }
        if isFirst { unsafe fill(row, 0, count: width.output * lengths.filters) }
      }
    }
  }
}

/// W[a, b, c, k] += Σ x[n, i s + a − p, j t + b − q, c] y[n, i, j, k].
///
/// With stride 1 an image's y is copied into rows as far apart as those of x in scratch, with zeros between them: then the sum over
/// all positions is one product for every tap. With another stride there is one for each row.
package struct WindowProduct: Sendable {
  private let lengths: ConvolutionLengths
  private let isWhole: Bool
  /// For each row of taps; by rows for all.
  private let products: [MatrixMultiply]

  package init(_ lengths: ConvolutionLengths) {
    self.lengths = lengths
    let whole = lengths.height.stride == 1 && lengths.width.stride == 1
    isWhole = whole
    let pitch = lengths.pitch
    let counts =
      whole
      ? (0 ..< lengths.height.kernel).map { a in
        max(lengths.height.windows(at: a).count - 1, 0) * pitch + lengths.width.output
      } : [lengths.width.output]
    products = counts.map { inner in
      MatrixMultiply(
        rows: lengths.channels, columns: lengths.filters, inner: inner,
        lda: lengths.width.stride * lengths.channels, ldb: lengths.filters, ldc: lengths.filters,
        transposeA: true, accumulate: true)
    }
  }

  private init(_ other: WindowProduct) {
    (lengths, isWhole) = (other.lengths, other.isWhole)
    products = other.products.map(\.duplicate)
  }

  /// The same with arrays of its own.
  package var duplicate: WindowProduct { WindowProduct(self) }

  private var stretchedCount: Int { lengths.height.output * lengths.pitch * lengths.filters + 16 }

  package var scratchCount: Int { lengths.paddedCount + (isWhole ? stretchedCount : 0) }

  package func callAsFunction(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ kernel: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    let size = lengths.channels * lengths.filters
    if !accumulate {
      unsafe fill(kernel, 0, count: lengths.height.kernel * lengths.width.kernel * size)
    }
    let stretched = unsafe scratch + lengths.paddedCount
    unsafe fill(scratch, 0, count: scratchCount)
    for n in 0 ..< lengths.images {
      unsafe lengths.pad(x + n * lengths.inputCount, scratch)
      let image = unsafe y + n * lengths.outputCount
      if isWhole { unsafe stretch(image, stretched) }
      for a in 0 ..< lengths.height.kernel {
        let windows = lengths.height.windows(at: a)
        guard !windows.isEmpty else { continue }
        for b in 0 ..< lengths.width.kernel {
          let to = unsafe kernel + (a * lengths.width.kernel + b) * size
          if isWhole {
            let r = windows.lowerBound + a - lengths.height.padding
            unsafe products[a](
              scratch + (r * lengths.pitch + b) * lengths.channels,
              stretched + windows.lowerBound * lengths.pitch * lengths.filters, to)
          } else {
            unsafe addRows(windows, a, b, scratch, image, to)
          }
        }
      }
    }
  }

  private func addRows(
    _ windows: Range<Int>, _ a: Int, _ b: Int, _ x: UnsafePointer<Float>,
    _ y: UnsafePointer<Float>, _ kernel: UnsafeMutablePointer<Float>
  ) {
    for i in windows {
      let r = i * lengths.height.stride + a - lengths.height.padding
      unsafe products[0](
        x + (r * lengths.pitch + b) * lengths.channels,
        y + i * lengths.width.output * lengths.filters, kernel)
    }
  }

  private func stretch(_ y: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>) {
    let row = lengths.width.output * lengths.filters
    for i in 0 ..< lengths.height.output {
      unsafe copy(y + i * row, to + i * lengths.pitch * lengths.filters, count: row)
    }
  }
}

/// A kernel [taps, channels, filters] for the adjoint: [taps, filters, channels], from the last tap to the first.
package func flipKernel(
  _ x: UnsafePointer<Float>, taps: Int, channels: Int, filters: Int,
  _ y: UnsafeMutablePointer<Float>
) {
  let size = channels * filters
  for t in 0 ..< taps {
    unsafe transpose(
      x + t * size, rows: channels, columns: filters, y + (taps - 1 - t) * size)
  }
}
