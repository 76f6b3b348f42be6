// Matrices in panels of columns, which wide products read and write.

/// x [rows, columns] as the panels of columns that products read, each [rows, width], one after the
/// other; of some rows alone.
package func panels(
  of x: UnsafePointer<Float>, rows: Int, columns: Int, only some: Range<Int>,
  _ y: UnsafeMutablePointer<Float>
) {
  for panel in MatrixMultiply.panels(columns) {
    let to = unsafe y + panel.lowerBound * rows
    for r in some {
      unsafe copy(x + (r * columns + panel.lowerBound), to + r * panel.count, count: panel.count)
    }
  }
}

/// The same of its transpose, [columns, rows].
package func panelsOfTranspose(
  _ x: UnsafePointer<Float>, rows: Int, columns: Int, only some: Range<Int>,
  _ y: UnsafeMutablePointer<Float>
) {
  for panel in MatrixMultiply.panels(rows) {
    let part = panel.clamped(to: some)
    let to = unsafe y + (panel.lowerBound * columns + part.lowerBound - panel.lowerBound)
    unsafe transpose(
      x + part.lowerBound * columns, rows: part.count, columns: columns, to, stride: panel.count)
  }
}

/// Some rows of the sum of lanes, each [rows, columns] in panels and `laneStride` behind the one
/// before; y in rows.
///
/// `columns`: a multiple of 8.
package func sumPanels(
  _ x: UnsafePointer<Float>, laneStride: Int, lanes: Int, rows: Int, columns: Int,
  only some: Range<Int>, _ y: UnsafeMutablePointer<Float>
) {
  for panel in MatrixMultiply.panels(columns) {
    let from = unsafe x + panel.lowerBound * rows
    for r in some {
      unsafe sumLanes(
        from + r * panel.count, laneStride: laneStride, lanes: lanes,
        y + ((r - some.lowerBound) * columns + panel.lowerBound), count: panel.count)
    }
  }
}
