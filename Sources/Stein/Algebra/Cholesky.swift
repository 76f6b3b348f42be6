import Execution
import Glibc

/// L of A = L Lᵀ, symmetric and positive definite, in the lower half of `a`; nil where a pivot falls to `smallest` or below.
///
/// Golub & Van Loan (2013), "Matrix Computations", algorithm 4.2.1, by rows.
struct Cholesky: Sendable {
  private let factor: View<Double>
  private let n: Int

  /// Keeps `a`.
  init?(_ a: View<Double>, _ n: Int, smallest: Double, monitor: any Monitor = Unwatched()) throws {
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
  func solve(_ b: View<Double>) {
    solveLower(b)
    for i in stride(from: n - 1, through: 0, by: -1) {
      b[i] /= factor[i * n + i]
      for j in 0 ..< i { b[j] -= factor[i * n + j] * b[i] }
    }
  }

  /// x of L x = b, in the place of b.
  func solveLower(_ b: View<Double>) {
    for i in 0 ..< n {
      let row = factor.slice(i * n, n)
      b[i] = (b[i] - Cholesky.dot(row, b, i)) / row[i]
    }
  }

  /// L z, in the place of z.
  func multiplyLower(_ z: View<Double>) {
    for i in stride(from: n - 1, through: 0, by: -1) {
      z[i] = Cholesky.dot(factor.slice(i * n, n), z, i + 1)
    }
  }

  /// ln det L, half that of A.
  var logDeterminant: Double { (0 ..< n).reduce(0) { $0 + log(factor[$1 * (n + 1)]) } }
}
