import CXSMM

// Copies. Exactly what belongs to the result is written.

/// y [columns, rows] from x [rows, columns], in squares of 8 that stay in registers; four of them
/// use whole cache lines on both sides.
///
/// `stride`: from one row of y to the next, if not `rows`.
package func transpose(
  _ x: UnsafePointer<Float>, rows: Int, columns: Int, _ y: UnsafeMutablePointer<Float>,
  stride given: Int? = nil
) {
  let (wholeRows, wholeColumns, stride) = (rows & ~7, columns & ~7, given ?? rows)
  for row in Swift.stride(from: 0, to: wholeRows, by: 16) {
    for column in Swift.stride(from: 0, to: wholeColumns, by: 16) {
      for c in Swift.stride(from: column, to: min(column + 16, wholeColumns), by: 8) {
        for r in Swift.stride(from: row, to: min(row + 16, wholeRows), by: 8) {
          unsafe cxsmm_transpose8(
            x + (r &* columns &+ c), columns, y + (c &* stride &+ r), stride)
        }
      }
    }
  }
  for r in 0 ..< wholeRows {
    for c in wholeColumns ..< columns { unsafe y[c &* stride &+ r] = x[r &* columns &+ c] }
  }
  for c in 0 ..< columns {
    for r in wholeRows ..< rows { unsafe y[c &* stride &+ r] = x[r &* columns &+ c] }
  }
}

/// Calls `body` with the offset of each innermost run of a strided tensor, in row-major order.
@inline(__always)
private func forEachRun(strides: [Int], shape: [Int], _ body: (Int) -> Void) {
  let outer = shape.count - 1
  let runs = shape.dropLast().reduce(1, *)
  for run in 0 ..< runs {
    var rest = run
    var offset = 0
    var axis = outer - 1
    while axis >= 0 {
      offset += rest % shape[axis] * strides[axis]
      rest /= shape[axis]
      axis -= 1
    }
    body(offset)
  }
}

/// Reads x with `strides` (0 repeats) into y in row-major order.
package func readStrided(
  _ x: UnsafePointer<Float>, strides: [Int], shape: [Int], _ y: UnsafeMutablePointer<Float>
) {
  guard let length = shape.last, let step = strides.last else {
    unsafe y.pointee = x.pointee
    return
  }
  var to = unsafe y
  forEachRun(strides: strides, shape: shape) { offset in
    let from = unsafe x + offset
    switch step {
    case 1: unsafe copy(from, to, count: length)
    case 0: unsafe fill(to, from.pointee, count: length)
    default: for i in 0 ..< length { unsafe to[i] = from[i &* step] }
    }
    unsafe to += length
  }
}

/// Writes x, which is in row-major order, into y with `strides`.
package func writeStrided(
  _ x: UnsafePointer<Float>, strides: [Int], shape: [Int], _ y: UnsafeMutablePointer<Float>
) {
  guard let length = shape.last, let step = strides.last else {
    unsafe y.pointee = x.pointee
    return
  }
  var from = unsafe x
  forEachRun(strides: strides, shape: shape) { offset in
    let to = unsafe y + offset
    if step == 1 {
      unsafe copy(from, to, count: length)
    } else {
      for i in 0 ..< length { unsafe to[i &* step] = from[i] }
    }
    unsafe from += length
  }
}

/// A row's number as an index; what is no row counts as the nearest.
@inline(__always)
private func index(_ value: Float, _ rows: Int) -> Int {
  guard value > 0 else { return 0 }
  return value < Float(rows) ? min(Int(value), rows - 1) : rows - 1
}

/// y[i] = x[indices[i]] for rows of `rowLength`.
package func gatherRows(
  _ x: UnsafePointer<Float>, rowLength: Int, _ indices: UnsafePointer<Float>, count: Int, rows: Int,
  _ y: UnsafeMutablePointer<Float>
) {
  guard rows > 0 else { return }
  for i in 0 ..< count {
    let from = unsafe x + index(indices[i], rows) * rowLength
    unsafe copy(from, y + i * rowLength, count: rowLength)
  }
}

/// y[indices[i]] += x[i] for rows of `rowLength`.
package func scatterAddRows(
  _ x: UnsafePointer<Float>, rowLength: Int, _ indices: UnsafePointer<Float>, count: Int, rows: Int,
  _ y: UnsafeMutablePointer<Float>
) {
  guard rows > 0 else { return }
  for i in 0 ..< count {
    let to = unsafe y + index(indices[i], rows) * rowLength
    for j in 0 ..< rowLength { unsafe to[j] += x[i * rowLength + j] }
  }
}

/// Asks for the cache line at `p`.
package func prefetch(_ p: UnsafeRawPointer) { unsafe cxsmm_prefetch(p) }
