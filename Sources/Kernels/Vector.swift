import CXSMM

// Eight lanes of Float, and elementary functions on them that call no mathematics library: the same
// bits on every machine with fused multiply-add. Constants are Cephes' (Moshier), except where
// noted.
//
// No global constants of vector type: Swift would initialise them lazily, with a check in every
// loop.

typealias F8 = SIMD8<Float>
typealias U8 = SIMD8<UInt32>
typealias FloatIn = UnsafePointer<Float>
typealias FloatOut = UnsafeMutablePointer<Float>

@inline(__always) func load(_ p: UnsafePointer<Float>, _ i: Int) -> F8 {
  unsafe UnsafeRawPointer(p + i).loadUnaligned(as: F8.self)
}
@inline(__always) func store(_ v: F8, _ p: UnsafeMutablePointer<Float>, _ i: Int) {
  unsafe UnsafeMutableRawPointer(p + i).storeBytes(of: v, as: F8.self)
}
@inline(__always) func all(_ x: Float) -> F8 { F8(repeating: x) }
@inline(__always) func fma(_ a: F8, _ b: F8, _ c: F8) -> F8 { c.addingProduct(a, b) }
@inline(__always) func bits(_ x: F8) -> U8 { unsafe unsafeBitCast(x, to: U8.self) }
@inline(__always) func float(_ x: U8) -> F8 { unsafe unsafeBitCast(x, to: F8.self) }
@inline(__always) func magnitude(_ x: F8) -> F8 { float(bits(x) & U8(repeating: 0x7fff_ffff)) }

/// The sum of the lanes: halves onto each other.
@inline(__always) func total(_ x: F8) -> Float {
  var fours = x.lowHalf + x.highHalf
  fours.lowHalf += fours.highHalf
  return fours[0] + fours[1]
}

/// The nearest number in [low, high]; NaN stays.
@inline(__always) func clamp(_ x: F8, _ low: Float, _ high: Float) -> F8 {
  let raised = x.replacing(with: all(low), where: x .< all(low))
  return raised.replacing(with: all(high), where: all(high) .< raised)
}

/// eˣ within 2 ulp; 0 below −87.7, ∞ above 88.37.
@inline(__always) func vexp(_ x: F8) -> F8 { vexpInside(clamp(x, -88, 89)) }

/// The same for x in [−88, 89], at whose ends the power of two is 0 or ∞.
@inline(__always) func vexpInside(_ x: F8) -> F8 {
  // n = round(x / ln 2): adding 1.5·2²³ leaves n in the low bits.
  let magic = all(12_582_912)
  let t = fma(x, all(1.442_695_04), magic)
  let n = t - magic
  let r = fma(n, all(2.121_944_4e-4), fma(n, all(-0.693_359_375), x))
  // Minimax with the first two terms fixed: 3e-9.
  var p = fma(r, all(1.381_454_06e-3), all(8.368_745_45e-3))
  p = fma(p, r, all(4.166_838_90e-2))
  p = fma(p, r, all(1.666_652_11e-1))
  p = fma(p, r, all(0.499_999_94))
  p = fma(p, r, all(1))
  p = fma(p, r, all(1))
  return p * float((bits(t) &<< U8(repeating: 23)) &+ U8(repeating: 0x3f80_0000))
}

/// ln x; −∞ at 0, NaN below.
@inline(__always) func vlog(_ given: F8) -> F8 {
  // Subnormal numbers are scaled by 2²⁵ first.
  let tiny = given .< all(.leastNormalMagnitude)
  let x = given.replacing(with: given * all(33_554_432), where: tiny)
  let i = bits(x) &- U8(repeating: 0x3f35_04f3)  // √½
  let e = unsafe unsafeBitCast(
    unsafeBitCast(i, to: SIMD8<Int32>.self) &>> SIMD8<Int32>(repeating: 23), to: U8.self)
  let m = float((i & U8(repeating: 0x007f_ffff)) &+ U8(repeating: 0x3f35_04f3)) - all(1)
  var exponent = float(e &+ U8(repeating: 0x4b40_0000)) - all(12_582_912)
  exponent = exponent.replacing(with: exponent - all(25), where: tiny)
  let z = m * m
  var p = fma(m, all(7.037_683_6e-2), all(-1.151_461_03e-1))
  p = fma(p, m, all(1.167_699_9e-1))
  p = fma(p, m, all(-1.242_014_1e-1))
  p = fma(p, m, all(1.424_932_3e-1))
  p = fma(p, m, all(-1.666_805_77e-1))
  p = fma(p, m, all(2.000_071_5e-1))
  p = fma(p, m, all(-2.499_999_4e-1))
  p = fma(p, m, all(3.333_333_1e-1))
  var y = p * m * z
  y = fma(exponent, all(-2.121_944_4e-4), y)
  y = fma(z, all(-0.5), y)
  y = fma(exponent, all(0.693_359_375), m + y)
  return y.replacing(with: given, where: given .== all(.infinity))
    .replacing(with: all(-.infinity), where: given .== all(0))
    .replacing(with: all(.nan), where: given .< all(0))
    .replacing(with: given, where: given .!= given)
}

/// 1/(1 + e⁻ˣ), at least e⁻⁸⁷.
@inline(__always) func vsigmoid(_ x: F8) -> F8 {
  all(1) / (all(1) + vexpInside(-clamp(x, -87, 87)))
}

@inline(__always) func vtanh(_ x: F8) -> F8 {
  let a = magnitude(x)
  let z = x * x
  var p = fma(z, all(-5.704_988_73e-3), all(2.063_908_88e-2))
  p = fma(p, z, all(-5.373_971_56e-2))
  p = fma(p, z, all(1.333_144_22e-1))
  p = fma(p, z, all(-3.333_328_19e-1))
  let small = fma(p * z, x, x)
  let large = all(1) - all(2) / (vexp(a + a) + all(1))
  let signed = float(bits(large) | (bits(x) & U8(repeating: 0x8000_0000)))
  return signed.replacing(with: small, where: a .< all(0.625))
}

/// ln(1 + eˣ) = max(x, 0) + ln(1 + e), e = e^{−|x|}; and ln(1 + e) = 2 artanh(s), s = e/(2 + e) ≤
/// ⅓, as an odd polynomial (5e-9).
@inline(__always) func vsoftplus(_ x: F8) -> F8 {
  let e = vexpInside(-clamp(magnitude(x), 0, 87))
  let s = e / (all(2) + e)
  let z = s * s
  var p = fma(z, all(2.802_445_89e-1), all(2.799_914_18e-1))
  p = fma(p, z, all(4.002_169_97e-1))
  p = fma(p, z, all(6.666_641_24e-1))
  p = fma(p, z, all(2))
  return p * s + x.replacing(with: all(0), where: x .< all(0))
}

/// sin and cos of x with |x| up to about 10⁴.
@inline(__always) func vsincos(_ x: F8) -> (sin: F8, cos: F8) {
  let t = fma(x, all(0.636_619_772), all(12_582_912))
  let n = t - all(12_582_912)
  // π/2 in three parts (Cody & Waite).
  var r = fma(n, all(-1.570_312_5), x)
  r = fma(n, all(-4.837_512_97e-4), r)
  r = fma(n, all(-7.549_789_42e-8), r)
  return quadrant(r, bits(t))
}

/// sin and cos of 2πu for u in [0, 1).
@inline(__always) func vsincosTurn(_ u: F8) -> (sin: F8, cos: F8) {
  let t = fma(u, all(4), all(12_582_912))
  let r = fma(u, all(4), all(12_582_912) - t) * all(1.570_796_33)
  return quadrant(r, bits(t))
}

/// sin and cos of r + qπ/2 with |r| ≤ π/4.
@inline(__always) private func quadrant(_ r: F8, _ q: U8) -> (sin: F8, cos: F8) {
  let z = r * r
  let s = fma(
    fma(fma(z, all(-1.951_529_6e-4), all(8.332_161e-3)), z, all(-1.666_665_5e-1)), z * r, r)
  let c = fma(
    fma(fma(z, all(2.443_315_7e-5), all(-1.388_731_6e-3)), z, all(4.166_664_6e-2)), z * z,
    fma(z, all(-0.5), all(1)))
  let odd = (q & U8(repeating: 1)) .== U8(repeating: 1)
  let sinSign = (q & U8(repeating: 2)) &<< U8(repeating: 30)
  let cosSign = ((q &+ U8(repeating: 1)) & U8(repeating: 2)) &<< U8(repeating: 30)
  let sine = float(bits(s.replacing(with: c, where: odd)) ^ sinSign)
  let cosine = float(bits(c.replacing(with: s, where: odd)) ^ cosSign)
  return (sine, cosine)
}

@inline(__always) func vsqrt(_ x: F8) -> F8 { cxsmm_sqrt8(x) }
