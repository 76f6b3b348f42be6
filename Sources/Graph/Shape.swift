/// The lengths of a tensor's axes, row-major; rank 0 is a single number.
package struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  package let dims: [Int]
  package let count: Int

  package init(_ dims: [Int]) {
    self.dims = dims
    // More than there can be stays more than there can be.
    count = dims.reduce(1) { product, length in
      let (value, overflow) = product.multipliedReportingOverflow(by: length)
      return overflow ? .max : value
    }
  }

  package init(arrayLiteral elements: Int...) { self.init(elements) }

  package var rank: Int { dims.count }

  package subscript(axis: Int) -> Int { dims[axis] }

  package var description: String { "[" + dims.map(String.init).joined(separator: ", ") + "]" }

  /// The shape of an elementwise result: axes are aligned at the end, and a length of 1 stretches;
  /// nil if they do not fit.
  package static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
    let rank = max(a.rank, b.rank)
    var dims: [Int] = []
    for axis in 0 ..< rank {
      let (i, j) = (axis - rank + a.rank, axis - rank + b.rank)
      let (m, n) = (i < 0 ? 1 : a[i], j < 0 ? 1 : b[j])
      guard m == n || m == 1 || n == 1 else { return nil }
      dims.append(m == 1 ? n : m)
    }
    return Shape(dims)
  }
}
