/// Inverses and determinants of `batches` matrices [n, n], row-major, by elimination in Double with
/// partial pivoting.
///
/// Each matrix is worked on by itself in the same scratch, so its result does not depend on its
/// place. A singular matrix gives values that are not finite.
package struct SquareMatrices: Sendable {
  let batches: Int
  let n: Int

  package init(batches: Int, n: Int) { (self.batches, self.n) = (batches, n) }

  /// Floats of all matrices.
  package var count: Int { batches * n * n }

  /// How many there are.
  package var batchCount: Int { batches }

  /// "8 of 4x4".
  package var description: String { "\(batches) of \(n)x\(n)" }

  /// Floats that one matrix takes in Double, and a row more for the exchanges of rows.
  package var scratchCount: Int { 2 * n * (n + 1) }

  /// y = x⁻¹; y may not be x.
  ///
  /// `scratch`: aligned to 8 bytes.
  package func inverse(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe scratch.withMemoryRebound(to: Double.self, capacity: n * (n + 1)) { a in
      for batch in 0 ..< batches {
        let offset = batch * n * n
        for i in 0 ..< n * n { unsafe a[i] = Double(x[offset + i]) }
        unsafe invert(a, exchanges: a + n * n)
        for i in 0 ..< n * n { unsafe y[offset + i] = Float(a[i]) }
      }
    }
  }

  /// y = ln |det x|, one a matrix.
  ///
  /// `scratch`: aligned to 8 bytes.
  package func logDeterminant(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe scratch.withMemoryRebound(to: Double.self, capacity: n * (n + 1)) { a in
      for batch in 0 ..< batches {
        for i in 0 ..< n * n { unsafe a[i] = Double(x[batch * n * n + i]) }
        unsafe y[batch] = Float(logDeterminant(a))
      }
    }
  }
}

extension SquareMatrices {
  /// A becomes A⁻¹: Gauss and Jordan's elimination in place.
  ///
  /// Where the column of a pivot turns into that of the identity, the inverse's column is built.
  /// Exchanges of A's rows are exchanges of the inverse's columns, undone at the end from last to
  /// first.
  private func invert(_ a: UnsafeMutablePointer<Double>, exchanges: UnsafeMutablePointer<Double>) {
    for k in 0 ..< n {
      let chosen = unsafe bringPivot(a, k)
      unsafe exchanges[k] = Double(chosen)
      let row = unsafe a + k * n
      let factor = unsafe 1 / row[k]
      unsafe row[k] = 1
      for j in 0 ..< n { unsafe row[j] *= factor }
      for i in 0 ..< n where i != k {
        let other = unsafe a + i * n
        let share = unsafe other[k]
        unsafe other[k] = 0
        unsafe subtract(share, row, other, from: 0)
      }
    }
    for k in (0 ..< n).reversed() {
      let chosen = unsafe Int(exchanges[k])
      guard chosen != k else { continue }
      for i in 0 ..< n { unsafe exchange(a + i * n + k, a + i * n + chosen) }
    }
  }

  /// Σ ln |pivot|, which elimination leaves on the diagonal.
  ///
  /// The product is kept as m · 2ᵉ with 1 ≤ m < 2, so that it stays in range and takes one
  /// logarithm.
  private func logDeterminant(_ a: UnsafeMutablePointer<Double>) -> Double {
    var (m, e) = (1.0, 0)
    for k in 0 ..< n {
      _ = unsafe bringPivot(a, k)
      let row = unsafe a + k * n
      let pivot = unsafe row[k].magnitude
      guard pivot > 0 else { return pivot == 0 ? -.infinity : .nan }
      guard pivot.isFinite else { return .nan }
      m *= pivot.significand
      e += Int(pivot.exponent) + Int(m.exponent)
      m = m.significand
      for i in k + 1 ..< max(n, k + 1) {
        let other = unsafe a + i * n
        unsafe subtract(other[k] / row[k], row, other, from: k + 1)
      }
    }
    return naturalLogarithm(significand: m, exponent: e)
  }

  /// Exchanges row k with the one below whose element in column k is largest; its number.
  @inline(__always)
  private func bringPivot(_ a: UnsafeMutablePointer<Double>, _ k: Int) -> Int {
    var chosen = k
    for i in k + 1 ..< max(n, k + 1)
    where unsafe a[i * n + k].magnitude > a[chosen * n + k].magnitude {
      chosen = i
    }
    guard chosen != k else { return k }
    for j in 0 ..< n { unsafe exchange(a + k * n + j, a + chosen * n + j) }
    return chosen
  }

  /// other −= share · row, from a column on.
  @inline(__always)
  private func subtract(
    _ share: Double, _ row: UnsafePointer<Double>, _ other: UnsafeMutablePointer<Double>,
    from start: Int
  ) {
    var j = start
    while j < n {
      unsafe other[j] -= share * row[j]
      j &+= 1
    }
  }

  @inline(__always)
  private func exchange(_ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>) {
    unsafe (a.pointee, b.pointee) = (b.pointee, a.pointee)
  }
}

/// ln(m · 2ᵉ) for 1 ≤ m < 2, without a mathematics library.
///
///     ln m = 2 artanh s = 2 (s + s³/3 + s⁵/5 + …),   s = (m − 1)/(m + 1)
///
/// With √½ < m ≤ √2, s² < 0.0295, and eleven terms leave less than 1e-17.
private func naturalLogarithm(significand: Double, exponent: Int) -> Double {
  let large = significand > 1.414_213_562_373_095_1
  let m = large ? significand / 2 : significand
  let s = (m - 1) / (m + 1)
  var series = 0.0
  for odd in stride(from: 21.0, through: 1, by: -2) { series = series * s * s + 1 / odd }
  return 2 * s * series + Double(large ? exponent + 1 : exponent) * 0.693_147_180_559_945_3
}
