/// W[a, b, c, k] += Σ x[n, i s + a − p, j t + b − q, c] y[n, i, j, k].
///
/// With stride 1 an image's y is copied into rows as far apart as those of x in scratch, with zeros
/// between them: then the sum over all positions is one product for every tap. With another stride
/// there is one for each row.
package struct ConvolutionWeightGradient: Sendable {
  private let lengths: ConvolutionLengths
  private let bfloat16: Bool
  private let isWhole: Bool
  /// For each row of taps; by rows for all.
  private let products: [MatrixMultiply]

  /// `bfloat16`: products in bfloat16, where `hasBFloat16` says so.
  package init(_ lengths: ConvolutionLengths, bfloat16: Bool = false) {
    self.lengths = lengths
    self.bfloat16 = bfloat16
    let whole = lengths.height.stride == 1 && lengths.width.stride == 1
    isWhole = whole
    let counts =
      whole
      ? (0 ..< lengths.height.kernel).map { ConvolutionWeightGradient.places(lengths, at: $0) }
      : [lengths.width.output]
    products = counts.map { inner in
      MatrixMultiply(
        rows: lengths.channels, columns: lengths.filters,
        inner: bfloat16 ? (inner + 1) / 2 * 2 : inner,
        lda: bfloat16 ? lengths.places : lengths.width.stride * lengths.channels,
        ldb: lengths.filters, ldc: lengths.filters, transposeA: !bfloat16, accumulate: true,
        bfloat16: bfloat16)
    }
  }

  private init(_ other: ConvolutionWeightGradient) {
    (lengths, bfloat16, isWhole) = (other.lengths, other.bfloat16, other.isWhole)
    products = other.products.map(\.duplicate)
  }

  /// The same with arrays of its own.
  package var duplicate: ConvolutionWeightGradient { ConvolutionWeightGradient(self) }

  /// Whether products in bfloat16 can be had and pay.
  package static func hasBFloat16(_ lengths: ConvolutionLengths) -> Bool {
    let made = ConvolutionWeightGradient(lengths, bfloat16: true)
    return lengths.channels >= 16 && lengths.filters >= 16 && made.isWhole
      && made.products.allSatisfy(\.hasCode)
  }

  /// From the first position that a row of taps adds up to behind the last.
  private static func places(_ lengths: ConvolutionLengths, at a: Int) -> Int {
    max(lengths.height.windows(at: a).count - 1, 0) * lengths.pitch + lengths.width.output
  }

  private var stretchedCount: Int { lengths.height.output * lengths.pitch * lengths.filters + 16 }

  /// In bfloat16: x with its channels first, room to turn it, and y in pairs.
  private var turnedCount: Int { lengths.places * lengths.channels / 2 + 16 }

  package var scratchCount: Int {
    lengths.paddedCount + (isWhole ? stretchedCount : 0)
      + (bfloat16 ? 2 * turnedCount + stretchedCount : 0)
  }

  /// Floats that it reads and writes.
  package var extents: (x: Int, kernel: Int, y: Int) { lengths.extents }

  package var description: String { lengths.description + (bfloat16 ? " bf16" : "") }

  package func callAsFunction(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ kernel: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    let size = lengths.channels * lengths.filters
    if !accumulate {
      unsafe fill(kernel, 0, count: lengths.height.kernel * lengths.width.kernel * size)
    }
    let stretched = unsafe scratch + lengths.paddedCount
    unsafe lengths.clear(scratch, bfloat16: false)
    if isWhole { unsafe fill(stretched, 0, count: stretchedCount) }
    for n in 0 ..< lengths.images {
      unsafe lengths.pad(x + n * lengths.inputCount, scratch)
      let image = unsafe y + n * lengths.outputCount
      if isWhole { unsafe stretch(image, stretched) }
      if bfloat16 {
        unsafe addBFloat16(scratch, stretched, kernel)
      } else {
        unsafe addTaps(scratch, isWhole ? UnsafePointer(stretched) : image, kernel)
      }
    }
  }

  private func addTaps(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ kernel: UnsafeMutablePointer<Float>
  ) {
    let size = lengths.channels * lengths.filters
    for a in 0 ..< lengths.height.kernel {
      let windows = lengths.height.windows(at: a)
      guard !windows.isEmpty else { continue }
      for b in 0 ..< lengths.width.kernel {
        let to = unsafe kernel + (a * lengths.width.kernel + b) * size
        for i in isWhole ? windows.prefix(1) : windows[...] {
          let r = i * lengths.height.stride + a - lengths.height.padding
          unsafe products[isWhole ? a : 0](
            x + (r * lengths.pitch + b) * lengths.channels,
            y + i * (isWhole ? lengths.pitch : lengths.width.output) * lengths.filters, to)
        }
      }
    }
  }

  /// With channels first a tap is a shift of x.
  private func addBFloat16(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ kernel: UnsafeMutablePointer<Float>
  ) {
    let size = lengths.channels * lengths.filters
    let turned = unsafe y + stretchedCount
    let paired = unsafe turned + 2 * turnedCount
    unsafe toBFloat16(
      x, rows: lengths.places, columns: lengths.channels, .transposed, turned,
      scratch: turned + turnedCount)
    // The last channel is read to a pair's end.
    unsafe fill(turned + turnedCount - 16, 0, count: 16)
    unsafe toBFloat16(
      y, rows: lengths.height.output * lengths.pitch, columns: lengths.filters, .paired, paired,
      scratch: paired)
    for a in 0 ..< lengths.height.kernel {
      guard let i = lengths.height.windows(at: a).first else { continue }
      let r = i + a - lengths.height.padding
      for b in 0 ..< lengths.width.kernel {
        unsafe products[a](
          bfloat16Place(UnsafePointer(turned), r * lengths.pitch + b),
          bfloat16Place(UnsafePointer(paired), i * lengths.pitch * lengths.filters),
          kernel + (a * lengths.width.kernel + b) * size)
      }
    }
  }

  private func stretch(_ y: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>) {
    let row = lengths.width.output * lengths.filters
    for i in 0 ..< lengths.height.output {
      unsafe copy(y + i * row, to + i * lengths.pitch * lengths.filters, count: row)
    }
  }
}

/// A kernel [taps, channels, filters] for the adjoint: [taps, filters, channels], from the last tap
/// to the first.
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
