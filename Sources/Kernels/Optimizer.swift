/// Adam and the parameters' moving average in one pass.
///
///     m ← m + (1 − β₁)(g − m)   v ← v + (1 − β₂)(g² − v)   p ← p − rate · m / (√(v · secondCorrection) + ε)
///
/// with rate and correction holding the divisions by 1 − βᵗ. Kingma & Ba (2015), "Adam", algorithm 1. The views are padded to 16.
package func adam(
  _ parameters: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>,
  _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>,
  _ average: UnsafeMutablePointer<Float>, count: Int, rate: Float, beta1: Float, beta2: Float,
  secondCorrection: Float, epsilon: Float, averageDecay: Float
) {
  var i = 0
  while i < count {
    let g = unsafe load(gradient, i)
    let m = unsafe fma(all(1 - beta1), g - load(first, i), load(first, i))
    let v = unsafe fma(all(1 - beta2), g * g - load(second, i), load(second, i))
    let slope = m / (vsqrt(v * all(secondCorrection)) + all(epsilon))
    let p = unsafe fma(all(-rate), slope, load(parameters, i))
    unsafe store(m, first, i)
    unsafe store(v, second, i)
    unsafe store(p, parameters, i)
    let mean = unsafe load(average, i)
    unsafe store(fma(all(1 - averageDecay), p - mean, mean), average, i)
    i &+= 8
  }
}

/// y = Σ over lanes that stand `laneStride` apart, added in order.
package func sumLanes(
  _ x: UnsafePointer<Float>, laneStride: Int, lanes: Int, _ y: UnsafeMutablePointer<Float>,
  count: Int
) {
  var i = 0
  while i < count {
    var total = unsafe load(x, i)
    for lane in 1 ..< max(lanes, 1) { unsafe total += load(x, lane &* laneStride &+ i) }
    unsafe store(total, y, i)
    i &+= 8
  }
}

package func scale(_ y: UnsafeMutablePointer<Float>, by factor: Float, count: Int) {
  unsafe elementwise(.multiply, y, scalar: factor, y, count: count)
}
