package import Platform
package import Stein

/// Rows in memory as the boundary would hand them over.
package func tensor(_ rows: [[Double]], _ body: (TensorView) throws -> Void) rethrows {
  var flat = rows.flatMap { $0 }
  let width = rows.first?.count ?? 0
  try flat.withUnsafeMutableBytes { bytes in
    if let base = bytes.baseAddress {
      try body(
        TensorView(type: .float64, shape: [rows.count, width], strides: [width, 1], base: base))
    }
  }
}

/// A data set of `rows` with classes, if any.
package func dataset(
  _ context: Context, _ rows: [[Double]], labels: [Int64]? = nil, _ options: String = ""
)
  throws -> Dataset
{
  var made: Dataset?
  try tensor(rows) { view in
    guard var labels else {
      made = try Dataset(context: context, rows: view, labels: nil, options: options)
      return
    }
    try labels.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      let classes = TensorView(type: .int64, shape: [rows.count], strides: [1], base: base)
      made = try Dataset(context: context, rows: view, labels: classes, options: options)
    }
  }
  guard let made else { throw SteinError(.internal, "no data set") }
  return made
}

/// Rows that `body` writes into a tensor of [rows, width].
package func rows(_ count: Int, _ width: Int, _ body: (TensorView) throws -> Void) rethrows
  -> [[Double]]
{
  var flat = [Double](repeating: 0, count: count * width)
  try flat.withUnsafeMutableBytes { bytes in
    if let base = bytes.baseAddress {
      try body(TensorView(type: .float64, shape: [count, width], strides: [width, 1], base: base))
    }
  }
  return (0 ..< count).map { Array(flat[$0 * width ..< ($0 + 1) * width]) }
}

/// Numbers that `body` writes into a tensor of [count].
package func vector(_ count: Int, _ body: (TensorView) throws -> Void) rethrows -> [Double] {
  var values = [Double](repeating: 0, count: count)
  try values.withUnsafeMutableBytes { bytes in
    if let base = bytes.baseAddress {
      try body(TensorView(type: .float64, shape: [count], strides: [1], base: base))
    }
  }
  return values
}
