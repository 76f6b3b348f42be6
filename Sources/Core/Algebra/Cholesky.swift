package import Platform

/// L of A = L Lᵀ, symmetric and positive definite, in the lower half of `a`; nil where a pivot
/// falls to `smallest` or below.
///
/// Golub & Van Loan (2013), "Matrix Computations", algorithm 4.2.1, by rows.
package struct Cholesky {
  private let factor: View<Double>
  private let n: Int

  package init?(_ a: View<Double>, _ n: Int, smallest: Double, monitor: any Monitor) throws {
    (factor, self.n) = (a, n)
    for i in 0 ..< n {
      try monitor.poll()
      let row = a.slice(i * n, n)
      for j in 0 ..< i {
        let other = a.slice(j * n, n)
        row[j] = (row[j] - Cholesky.dot(row, other, j)) / other[j]
      }
      let pivot = row[i] - Cholesky.dot(row, row, i)
      guard pivot > smallest else { return nil }
      row[i] = pivot.squareRoot()
    }
  }

  /// In four chains, which the processor runs side by side.
  private static func dot(_ a: View<Double>, _ b: View<Double>, _ count: Int) -> Double {
    var sums = SIMD4<Double>()
    var k = 0
    while k + 4 <= count {
      sums += SIMD4(a[k], a[k + 1], a[k + 2], a[k + 3]) * SIMD4(b[k], b[k + 1], b[k + 2], b[k + 3])
      k += 4
    }
    var sum = sums.sum()
    while k < count {
      sum += a[k] * b[k]
      k += 1
    }
    return sum
  }

  /// x of A x = b, in the place of b.
  package func solve(_ b: View<Double>) {
    for i in 0 ..< n {
      let row = factor.slice(i * n, n)
      b[i] = (b[i] - Cholesky.dot(row, b, i)) / row[i]
    }
    for i in stride(from: n - 1, through: 0, by: -1) {
      b[i] /= factor[i * n + i]
      for j in 0 ..< i { b[j] -= factor[i * n + j] * b[i] }
    }
  }
}
