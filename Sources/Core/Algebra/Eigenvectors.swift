package import Platform

/// Turns a symmetric matrix into its eigenvalues, on the diagonal, with eigenvectors as columns:
/// Jacobi's rotations in rows.
///
/// Golub & Van Loan (2013), "Matrix Computations", algorithms 8.5.1 and 8.5.3. Sweeps until what is
/// off the diagonal is gone.
package func diagonalize(_ a: View<Double>, _ v: View<Double>, _ n: Int, monitor: any Monitor)
  throws
{
  for i in 0 ..< n { v[i * n + i] = 1 }
  let scale = (0 ..< n * n).reduce(0.0) { $0 + a[$1] * a[$1] }
  for _ in 0 ..< 60 {
    var off = 0.0
    for i in 0 ..< n { for j in 0 ..< i { off += a[i * n + j] * a[i * n + j] } }
    if off <= 1e-30 * scale { return }
    for p in 0 ..< n {
      for q in (p + 1) ..< max(n, p + 1) {
        if q % 16 == 0 { try monitor.poll() }
        rotate(a, v, n, p, q)
      }
    }
  }
}

/// Makes a[p, q] zero.
private func rotate(_ a: View<Double>, _ v: View<Double>, _ n: Int, _ p: Int, _ q: Int) {
  let apq = a[p * n + q]
  guard abs(apq) > 1e-300 else { return }
  let tau = (a[q * n + q] - a[p * n + p]) / (2 * apq)
  let t = (tau >= 0 ? 1 : -1) / (abs(tau) + (1 + tau * tau).squareRoot())
  let c = 1 / (1 + t * t).squareRoot()
  let s = t * c
  for k in 0 ..< n {
    let (x, y) = (a[k * n + p], a[k * n + q])
    a[k * n + p] = c * x - s * y
    a[k * n + q] = s * x + c * y
  }
  for k in 0 ..< n {
    let (x, y) = (a[p * n + k], a[q * n + k])
    a[p * n + k] = c * x - s * y
    a[q * n + k] = s * x + c * y
    let (u, w) = (v[k * n + p], v[k * n + q])
    v[k * n + p] = c * u - s * w
    v[k * n + q] = s * u + c * w
  }
}
