package import Kernels

// Work on whole views: what the subject needs beside graphs.

extension View where Element == Float {
  /// Of whole vectors: the generic one goes element by element where it is not specialised.
  package func fill(_ value: Float) { unsafe Kernels.fill(base, value, count: count) }

  package func copy(_ values: [Float]) {
    assert(values.count <= count)
    for (index, value) in values.enumerated() { self[index] = value }
  }

  /// Fills rows of `columns` standard normals; row r of them depends on `source` and firstRow + r
  /// alone.
  package func fillNormal(rows: Int, columns: Int, _ source: RandomSource, firstRow: UInt64) {
    assert(rows * columns <= count)
    unsafe Kernels.fillNormal(
      base, rowStride: columns, rows: rows, columns: columns, source: source, firstRow: firstRow)
  }

  /// The same of uniforms in (0, 1).
  package func fillUniform(rows: Int, columns: Int, _ source: RandomSource, firstRow: UInt64) {
    assert(rows * columns <= count)
    unsafe Kernels.fillUniform(
      base, rowStride: columns, rows: rows, columns: columns, source: source, firstRow: firstRow)
  }

  /// The same for rows with numbers of their own, as many as there are.
  package func fillNormal(columns: Int, _ source: RandomSource, numbers: View<Int32>) {
    assert(numbers.count * columns <= count)
    unsafe Kernels.fillNormal(
      base, rowStride: columns, rows: numbers.count, columns: columns, source: source,
      numbers: numbers.base)
  }

  package func fillUniform(columns: Int, _ source: RandomSource, numbers: View<Int32>) {
    assert(numbers.count * columns <= count)
    unsafe Kernels.fillUniform(
      base, rowStride: columns, rows: numbers.count, columns: columns, source: source,
      numbers: numbers.base)
  }

  /// Sum of squares, in Double and in a fixed order.
  package var squaredNorm: Double { unsafe Kernels.squaredNorm(base, count: count) }

  package var allFinite: Bool { unsafe Kernels.allFinite(base, count: count) }

  package func scale(by factor: Float) { unsafe Kernels.scale(base, by: factor, count: count) }
}
