import Glibc

// Inverses and determinants of small matrices, by elimination with partial pivoting in Double. What has no inverse gives values that
// are not finite, as a division by 0 does.

/// Elements of Double that the two take for matrices of n rows.
package func inverseScratch(_ n: Int) -> Int { 2 &* n &* n }

/// y = x⁻¹ for `count` matrices [n, n].
///
/// Golub & Van Loan (2013), "Matrix Computations", section 3.4: Gauss–Jordan on [x | 1].
package func invert(
  _ x: UnsafePointer<Float>, count: Int, n: Int, _ y: UnsafeMutablePointer<Float>,
  scratch: UnsafeMutablePointer<Double>
) {
  let width = 2 &* n
  for index in 0 ..< count {
    let (from, to) = unsafe (x + index &* n &* n, y + index &* n &* n)
    for i in 0 ..< n {
      let row = unsafe scratch + i &* width
      for j in 0 ..< n {
        unsafe row[j] = Double(from[i &* n &+ j])
        unsafe row[n &+ j] = i == j ? 1 : 0
      }
    }
    for pivot in 0 ..< n {
      _ = unsafe exchange(scratch, pivot, n, width)
      let row = unsafe scratch + pivot &* width
      let factor = unsafe 1 / row[pivot]
      for j in pivot ..< width { unsafe row[j] *= factor }
      for i in 0 ..< n where i != pivot {
        let other = unsafe scratch + i &* width
        let multiple = unsafe other[pivot]
        for j in pivot ..< width { unsafe other[j] -= multiple * row[j] }
      }
    }
    for i in 0 ..< n {
      for j in 0 ..< n { unsafe to[i &* n &+ j] = Float(scratch[i &* width &+ n &+ j]) }
    }
  }
}

/// y = ln |det x| for `count` matrices [n, n].
package func logDeterminant(
  _ x: UnsafePointer<Float>, count: Int, n: Int, _ y: UnsafeMutablePointer<Float>,
  scratch: UnsafeMutablePointer<Double>
) {
  for index in 0 ..< count {
    let from = unsafe x + index &* n &* n
    for i in 0 ..< n &* n { unsafe scratch[i] = Double(from[i]) }
    var sum = 0.0
    for pivot in 0 ..< n {
      let value = unsafe exchange(scratch, pivot, n, n)
      sum += log(value)
      let row = unsafe scratch + pivot &* n
      for i in (pivot &+ 1) ..< max(n, pivot &+ 1) {
        let other = unsafe scratch + i &* n
        let multiple = unsafe other[pivot] / row[pivot]
        for j in pivot ..< n { unsafe other[j] -= multiple * row[j] }
      }
    }
    unsafe y[index] = Float(sum)
  }
}

/// Brings the row with the largest element of column `pivot` up, and returns that element's size.
private func exchange(
  _ a: UnsafeMutablePointer<Double>, _ pivot: Int, _ n: Int, _ width: Int
) -> Double {
  var best = pivot
  for i in pivot ..< n where unsafe abs(a[i &* width &+ pivot]) > abs(a[best &* width &+ pivot]) {
    best = i
  }
  if best != pivot {
    for j in 0 ..< width {
      let kept = unsafe a[pivot &* width &+ j]
      unsafe a[pivot &* width &+ j] = unsafe a[best &* width &+ j]
      unsafe a[best &* width &+ j] = kept
    }
  }
  return unsafe abs(a[pivot &* width &+ pivot])
}
