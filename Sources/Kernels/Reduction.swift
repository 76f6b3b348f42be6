// Sums and maxima over the middle axis of [outer, count, inner], in a fixed order. Exactly outer ·
// inner elements are written.

package func sum(
  _ x: UnsafePointer<Float>, outer: Int, count: Int, inner: Int, _ y: UnsafeMutablePointer<Float>,
  accumulate: Bool
) {
  for o in 0 ..< outer {
    let from = unsafe x + o &* count &* inner
    unsafe sumMiddle(
      count, inner, y + o &* inner, accumulate, { unsafe $0 + load(from, $1) },
      { unsafe $0 + from[$1] })
  }
}

/// Sums of the products of two tensors' elements.
package func sumProducts(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, outer: Int, count: Int, inner: Int,
  _ y: UnsafeMutablePointer<Float>, accumulate: Bool
) {
  for o in 0 ..< outer {
    let (left, right) = unsafe (a + o &* count &* inner, b + o &* count &* inner)
    unsafe sumMiddle(
      count, inner, y + o &* inner, accumulate,
      { unsafe fma(load(left, $1), load(right, $1), $0) },
      { unsafe $0.addingProduct(left[$1], right[$1]) })
  }
}

/// Σ over `rows` for each of `columns`.
///
/// `eight`, `one`: a running sum with what stands at an offset, for eight neighbours and for one element.
@inline(__always)
private func sumMiddle(
  _ rows: Int, _ columns: Int, _ y: UnsafeMutablePointer<Float>, _ accumulate: Bool,
  _ eight: (F8, Int) -> F8, _ one: (Float, Int) -> Float
) {
  if columns == 1 {
    let total = sumRun(rows, eight, one)
    unsafe y.pointee = accumulate ? y.pointee + total : total
  } else if columns >= farColumns, !accumulate {
    unsafe sumFarRows(rows, columns, y, eight, one)
  } else {
    unsafe sumColumns(rows, columns, y, accumulate, eight, one)
  }
}

/// From so many columns on rows stand so far apart that a walk down them would wait for every line.
private let farColumns = 2048

/// One run of neighbours: eight running sums, added up at the end, and the rest one by one.
@inline(__always)
private func sumRun(_ count: Int, _ eight: (F8, Int) -> F8, _ one: (Float, Int) -> Float) -> Float {
  var lanes = all(0)
  let whole = count & ~7
  var i = 0
  while i < whole {
    lanes = eight(lanes, i)
    i &+= 8
  }
  var sum = total(lanes)
  while i < count {
    sum = one(sum, i)
    i &+= 1
  }
  return sum
}

/// Each column by itself, from the first row to the last, in stretches of columns whose sums stay
/// in the first cache.
@inline(__always)
private func sumFarRows(
  _ rows: Int, _ columns: Int, _ y: UnsafeMutablePointer<Float>, _ eight: (F8, Int) -> F8,
  _ one: (Float, Int) -> Float
) {
  let stretch = 1024
  for start in stride(from: 0, to: columns, by: stretch) {
    let end = min(start + stretch, columns)
    for row in 0 ..< max(rows, 1) {
      let isFirst = row == 0
      let offset = row &* columns
      var i = start
      while i &+ 8 <= end {
        let sum = unsafe isFirst ? all(0) : load(y, i)
        unsafe store(rows > 0 ? eight(sum, offset &+ i) : sum, y, i)
        i &+= 8
      }
      while i < end {
        let sum = unsafe isFirst ? 0 : y[i]
        unsafe y[i] = rows > 0 ? one(sum, offset &+ i) : sum
        i &+= 1
      }
    }
  }
}

/// Each column by itself, from the first row to the last.
@inline(__always)
private func sumColumns(
  _ rows: Int, _ columns: Int, _ y: UnsafeMutablePointer<Float>, _ accumulate: Bool,
  _ eight: (F8, Int) -> F8, _ one: (Float, Int) -> Float
) {
  var column = 0
  // Four vectors side by side: one alone would wait for each addition.
  while column &+ 32 <= columns {
    var (first, second, third, fourth) = (all(0), all(0), all(0), all(0))
    var offset = column
    for _ in 0 ..< rows {
      first = eight(first, offset)
      second = eight(second, offset &+ 8)
      third = eight(third, offset &+ 16)
      fourth = eight(fourth, offset &+ 24)
      offset &+= columns
    }
    let to = unsafe y + column
    unsafe store(accumulate ? load(to, 0) + first : first, to, 0)
    unsafe store(accumulate ? load(to, 8) + second : second, to, 8)
    unsafe store(accumulate ? load(to, 16) + third : third, to, 16)
    unsafe store(accumulate ? load(to, 24) + fourth : fourth, to, 24)
    column &+= 32
  }
  while column &+ 8 <= columns {
    var total = all(0)
    var offset = column
    for _ in 0 ..< rows {
      total = eight(total, offset)
      offset &+= columns
    }
    unsafe store(accumulate ? load(y, column) + total : total, y, column)
    column &+= 8
  }
  while column < columns {
    var total: Float = 0
    for row in 0 ..< rows { total = one(total, row &* columns &+ column) }
    unsafe y[column] = accumulate ? y[column] + total : total
    column &+= 1
  }
}

package func maximum(
  _ x: UnsafePointer<Float>, outer: Int, count: Int, inner: Int, _ y: UnsafeMutablePointer<Float>
) {
  for o in 0 ..< outer {
    for i in 0 ..< inner {
      var largest = -Float.infinity
      for c in 0 ..< count {
        let value = unsafe x[(o &* count &+ c) &* inner &+ i]
        if value > largest || value.isNaN { largest = value }
      }
      unsafe y[o &* inner &+ i] = largest
    }
  }
}

/// Σ x², in Double, in a fixed order.
package func squaredNorm(_ x: UnsafePointer<Float>, count: Int) -> Double {
  var lanes = SIMD8<Double>(repeating: 0)
  let whole = count & ~7
  var i = 0
  while i < whole {
    let wide = unsafe SIMD8<Double>(load(x, i))
    lanes += wide * wide
    i &+= 8
  }
  var sum = 0.0
  for lane in 0 ..< 8 { sum += lanes[lane] }
  while i < count {
    let value = unsafe Double(x[i])
    sum += value * value
    i &+= 1
  }
  return sum
}

package func allFinite(_ x: UnsafePointer<Float>, count: Int) -> Bool {
  for i in 0 ..< count where unsafe !x[i].isFinite { return false }
  return true
}
