import CXSMM

/// How a matrix [rows, columns] of float32 is written as bfloat16, each number rounded to the
/// nearest.
package enum BFloat16Layout: Sendable {
  /// [rows, columns].
  case plain
  /// [rows / 2, columns, 2]: two neighbours of each column together; an even number of rows.
  case paired
  /// The transposed matrix [columns, rows]; an even number of rows.
  case transposed
  /// The transposed matrix with pairs, [columns / 2, rows, 2]; an even number of columns.
  case transposedPaired

  package var isTransposed: Bool { self == .transposed || self == .transposedPaired }
}

/// Writes `x` to `y`, which takes half as many elements; so does `scratch`, for transposed forms.
///
/// For processors with AVX-512. Pairs are moved as one element of 32 bits each.
package func toBFloat16(
  _ x: UnsafePointer<Float>, rows: Int, columns: Int, _ form: BFloat16Layout,
  _ y: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
) {
  let to = unsafe UnsafeMutableRawPointer(form.isTransposed ? scratch : y)
  switch form {
  case .plain, .transposedPaired:
    unsafe cxsmm_to_bf16(x, to.assumingMemoryBound(to: UInt16.self), rows * columns)
    if form == .transposedPaired {
      unsafe transpose(scratch, rows: rows, columns: columns / 2, y)
    }
  case .paired, .transposed:
    for pair in 0 ..< rows / 2 {
      let from = unsafe x + 2 * pair * columns
      unsafe cxsmm_to_bf16_pair(
        from, from + columns, to.assumingMemoryBound(to: UInt32.self) + pair * columns, columns)
    }
    if form == .transposed { unsafe transpose(scratch, rows: rows / 2, columns: columns, y) }
  }
}
