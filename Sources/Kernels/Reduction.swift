// Sums and maxima over the middle axis of [outer, count, inner], in a fixed order. Exactly outer · inner elements are written.

package func sum(
  _ x: UnsafePointer<Float>, outer: Int, count: Int, inner: Int, _ y: UnsafeMutablePointer<Float>,
  accumulate: Bool
) {
  for o in 0 ..< outer {
    let from = unsafe x + o * count * inner
    let to = unsafe y + o * inner
    if inner == 1 {
      let total = unsafe sumRun(from, count)
      unsafe to.pointee = accumulate ? to.pointee + total : total
    } else {
      unsafe sumColumns(from, count, inner, to, accumulate)
    }
  }
}

/// One run of neighbours: eight running sums, added up at the end, and the rest one by one.
private func sumRun(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
  var lanes = all(0)
  let whole = count & ~7
  var i = 0
  while i < whole {
    unsafe lanes += load(x, i)
    i &+= 8
  }
  var sum = total(lanes)
  while i < count {
    unsafe sum += x[i]
    i &+= 1
  }
  return sum
}

/// Each column by itself, from the first row to the last.
private func sumColumns(
  _ x: UnsafePointer<Float>, _ rows: Int, _ columns: Int, _ y: UnsafeMutablePointer<Float>,
  _ accumulate: Bool
) {
  var column = 0
  // Four vectors side by side: one alone would wait for each addition.
  while column &+ 32 <= columns {
    var (first, second, third, fourth) = (all(0), all(0), all(0), all(0))
    var from = unsafe x + column
    for _ in 0 ..< rows {
      unsafe first += load(from, 0)
      unsafe second += load(from, 8)
      unsafe third += load(from, 16)
      unsafe fourth += load(from, 24)
      unsafe from += columns
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
      unsafe total += load(x, offset)
      offset &+= columns
    }
    unsafe store(accumulate ? load(y, column) + total : total, y, column)
    column &+= 8
  }
  while column < columns {
    var total: Float = 0
    for row in 0 ..< rows { unsafe total += x[row &* columns &+ column] }
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
