import CXSMM

// Sums over the columns of one row paired with many, in Double. Rows stand in blocks of eight,
// [blocks, columns, 8], so that a vector holds one column of eight rows: no sum runs across lanes,
// and a pair's value does not depend on its place.

package typealias D8 = SIMD8<Double>

@inline(__always) private func load(_ p: UnsafePointer<Double>, _ i: Int) -> D8 {
  unsafe UnsafeRawPointer(p + i).loadUnaligned(as: D8.self)
}
@inline(__always) private func store(_ v: D8, _ p: UnsafeMutablePointer<Double>, _ i: Int) {
  unsafe UnsafeMutableRawPointer(p + i).storeBytes(of: v, as: D8.self)
}

/// √x of eight numbers.
package func squareRoots(_ x: D8) -> D8 { cxsmm_sqrt8d(x) }

/// Where one row's columns stand: `base[column * 8]`.
@inline(__always)
private func place(_ x: UnsafePointer<Double>, _ row: Int, _ columns: Int) -> UnsafePointer<Double>
{
  unsafe x + (row / 8 * columns * 8 + row % 8)
}

/// Adds ‖x_row − x_j‖² over columns `range` to eight distances a block.
package func addSquaredDistances(
  _ x: UnsafePointer<Double>, columns: Int, row: Int, firstBlock: Int, blocks: Int,
  range: Range<Int>, _ distances: UnsafeMutablePointer<Double>
) {
  let own = unsafe place(x, row, columns)
  for block in 0 ..< blocks {
    let other = unsafe x + (firstBlock + block) * columns * 8
    var sum = unsafe load(distances, block * 8)
    for k in range {
      let difference = unsafe D8(repeating: own[k * 8]) - load(other, k * 8)
      sum = sum.addingProduct(difference, difference)
    }
    unsafe store(sum, distances, block * 8)
  }
}

/// The same, with s · s′ into `products` and (s′ − s) · (x − x′) into `crosses`; the row is the
/// unprimed one.
package func addSteinSums(
  _ x: UnsafePointer<Double>, _ s: UnsafePointer<Double>, columns: Int, row: Int, firstBlock: Int,
  blocks: Int, range: Range<Int>, _ distances: UnsafeMutablePointer<Double>,
  _ products: UnsafeMutablePointer<Double>, _ crosses: UnsafeMutablePointer<Double>
) {
  let (ownX, ownS) = unsafe (place(x, row, columns), place(s, row, columns))
  for block in 0 ..< blocks {
    let start = (firstBlock + block) * columns * 8
    let (otherX, otherS) = unsafe (x + start, s + start)
    var distance = unsafe load(distances, block * 8)
    var product = unsafe load(products, block * 8)
    var cross = unsafe load(crosses, block * 8)
    for k in range {
      let (a, b) = unsafe (D8(repeating: ownS[k * 8]), load(otherS, k * 8))
      let difference = unsafe D8(repeating: ownX[k * 8]) - load(otherX, k * 8)
      distance = distance.addingProduct(difference, difference)
      product = product.addingProduct(a, b)
      cross = cross.addingProduct(b - a, difference)
    }
    unsafe store(distance, distances, block * 8)
    unsafe store(product, products, block * 8)
    unsafe store(cross, crosses, block * 8)
  }
}

/// Adds x_j · direction over columns `range` to eight projections a block.
package func addProjections(
  _ x: UnsafePointer<Double>, columns: Int, firstBlock: Int, blocks: Int, range: Range<Int>,
  direction: UnsafePointer<Double>, _ projections: UnsafeMutablePointer<Double>
) {
  for block in firstBlock ..< firstBlock + blocks {
    let own = unsafe x + block * columns * 8
    var sum = unsafe load(projections, block * 8)
    for k in range {
      unsafe sum = sum.addingProduct(load(own, k * 8), D8(repeating: direction[k]))
    }
    unsafe store(sum, projections, block * 8)
  }
}

/// Σ x over `count` elements, in eight lanes that are added in order.
package func sum(_ x: UnsafePointer<Double>, count: Int) -> Double {
  var lanes = D8.zero
  var i = 0
  while i &+ 8 <= count {
    unsafe lanes += load(x, i)
    i &+= 8
  }
  var total = 0.0
  for lane in 0 ..< 8 { total += lanes[lane] }
  while i < count {
    unsafe total += x[i]
    i &+= 1
  }
  return total
}

/// One word's bits as 32 signs: −1 where a bit is set, else 1.
package func unpackSigns(_ word: UInt32, _ y: UnsafeMutablePointer<Float>) {
  let places = SIMD8<UInt32>(0, 1, 2, 3, 4, 5, 6, 7)
  for byte in 0 ..< 4 {
    let shifted = SIMD8<UInt32>(repeating: word >> UInt32(8 * byte)) &>> places
    let signs =
      (shifted &<< SIMD8<UInt32>(repeating: 31)) | SIMD8<UInt32>(repeating: 0x3f80_0000)
    unsafe store(unsafeBitCast(signs, to: SIMD8<Float>.self), y, byte * 8)
  }
}
