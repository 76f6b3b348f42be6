import CXSMM

// Flat loops over whole vectors: up to 7 elements behind `count` are read and written, so that an
// element's value never depends on its place. Results may be written over an operand.

package enum UnaryKernel: CaseIterable, Sendable {
  case negate
  case exp
  case log
  case tanh
  case sigmoid
  case softplus
  case sqrt
  case reciprocal
  case sin
  case cos
  case abs
  case sign
  case relu
  /// 1 where x > 0, else 0.
  case step
  case square
}

package enum BinaryKernel: CaseIterable, Sendable {
  case add
  case subtract
  case multiply
  case divide
  case maximum
  case minimum
  /// 1 where a > b, else 0.
  case greater
}

@inline(__always)
private func map(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, _ f: (F8) -> F8
) {
  var i = 0
  while i < count {
    unsafe store(f(load(x, i)), y, i)
    i &+= 8
  }
}

@inline(__always)
private func zip(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
  _ count: Int, _ f: (F8, F8) -> F8
) {
  var i = 0
  while i < count {
    unsafe store(f(load(a, i), load(b, i)), y, i)
    i &+= 8
  }
}

/// `wide`: in sixteen lanes, where the processor has them; the bits are the same.
package func elementwise(
  _ kernel: UnaryKernel, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int,
  wide: Bool = hasWideLanes
) {
  if wide {
    switch kernel {
    case .exp: return unsafe cxsmm_map_exp16(x, y, count)
    case .log: return unsafe cxsmm_map_log16(x, y, count)
    case .tanh: return unsafe cxsmm_map_tanh16(x, y, count)
    case .sigmoid: return unsafe cxsmm_map_sigmoid16(x, y, count)
    case .softplus: return unsafe cxsmm_map_softplus16(x, y, count)
    case .square where count > 0: return unsafe cxsmm_zip_multiply(x, 1, x, 1, y, count)
    default: break
    }
  }
  switch kernel {
  case .negate: unsafe map(x, y, count) { -$0 }
  case .exp: unsafe map(x, y, count) { vexp($0) }
  case .log: unsafe map(x, y, count) { vlog($0) }
  case .tanh: unsafe map(x, y, count) { vtanh($0) }
  case .sigmoid: unsafe map(x, y, count) { vsigmoid($0) }
  case .softplus: unsafe map(x, y, count) { vsoftplus($0) }
  case .sqrt: unsafe map(x, y, count) { vsqrt($0) }
  case .reciprocal: unsafe map(x, y, count) { all(1) / $0 }
  case .sin: unsafe map(x, y, count) { vsincos($0).sin }
  case .cos: unsafe map(x, y, count) { vsincos($0).cos }
  case .abs: unsafe map(x, y, count) { magnitude($0) }
  case .sign:
    unsafe map(x, y, count) { x in
      let positive = all(0).replacing(with: all(1), where: x .> all(0))
      return positive.replacing(with: all(-1), where: x .< all(0)).replacing(
        with: x, where: x .!= x)
    }
  case .relu: unsafe map(x, y, count) { $0.replacing(with: all(0), where: $0 .< all(0)) }
  case .step: unsafe map(x, y, count) { all(0).replacing(with: all(1), where: $0 .> all(0)) }
  case .square: unsafe map(x, y, count) { $0 * $0 }
  }
}

@inline(__always)
private func apply(_ kernel: BinaryKernel, _ run: ((F8, F8) -> F8) -> Void) {
  switch kernel {
  case .add: run { $0 + $1 }
  case .subtract: run { $0 - $1 }
  case .multiply: run { $0 * $1 }
  case .divide: run { $0 / $1 }
  case .maximum: run { a, b in a.replacing(with: b, where: b .> a .| (b .!= b)) }
  case .minimum: run { a, b in a.replacing(with: b, where: b .< a .| (b .!= b)) }
  case .greater: run { a, b in all(0).replacing(with: all(1), where: a .> b) }
  }
}

/// Arithmetic in sixteen lanes; steps of 0 mean one number for all.
///
/// False for what has no such form.
@inline(__always)
private func wideArithmetic(
  _ kernel: BinaryKernel, _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>,
  _ bStep: Int, _ y: UnsafeMutablePointer<Float>, _ count: Int
) -> Bool {
  guard count > 0 else { return true }
  switch kernel {
  case .add: unsafe cxsmm_zip_add(a, aStep, b, bStep, y, count)
  case .subtract: unsafe cxsmm_zip_subtract(a, aStep, b, bStep, y, count)
  case .multiply: unsafe cxsmm_zip_multiply(a, aStep, b, bStep, y, count)
  case .divide: unsafe cxsmm_zip_divide(a, aStep, b, bStep, y, count)
  case .maximum, .minimum, .greater: return false
  }
  return true
}

package func elementwise(
  _ kernel: BinaryKernel, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
  _ y: UnsafeMutablePointer<Float>, count: Int, wide: Bool = hasWideLanes
) {
  if wide, unsafe wideArithmetic(kernel, a, 1, b, 1, y, count) { return }
  apply(kernel) { f in unsafe zip(a, b, y, count, f) }
}

package func elementwise(
  _ kernel: BinaryKernel, _ a: UnsafePointer<Float>, scalar b: Float,
  _ y: UnsafeMutablePointer<Float>, count: Int, wide: Bool = hasWideLanes
) {
  var b = b
  if wide, unsafe wideArithmetic(kernel, a, 1, &b, 0, y, count) { return }
  apply(kernel) { [b] f in unsafe map(a, y, count) { f($0, all(b)) } }
}

package func elementwise(
  _ kernel: BinaryKernel, scalar a: Float, _ b: UnsafePointer<Float>,
  _ y: UnsafeMutablePointer<Float>, count: Int, wide: Bool = hasWideLanes
) {
  var a = a
  if wide, unsafe wideArithmetic(kernel, &a, 0, b, 1, y, count) { return }
  apply(kernel) { [a] f in unsafe map(b, y, count) { f(all(a), $0) } }
}

/// y = a b + c, rounded once.
package func multiplyAdd(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafePointer<Float>,
  _ y: UnsafeMutablePointer<Float>, count: Int, wide: Bool = hasWideLanes
) {
  if wide { return unsafe cxsmm_multiply_add(a, b, c, y, count) }
  var i = 0
  while i < count {
    unsafe store(fma(load(a, i), load(b, i), load(c, i)), y, i)
    i &+= 8
  }
}

/// y = x σ(x) and, where `slope` is given, its derivative σ + y(1 − σ), for x = a + b, or a without
/// b.
package func silu(
  _ a: UnsafePointer<Float>, plus b: UnsafePointer<Float>?, _ y: UnsafeMutablePointer<Float>,
  slope: UnsafeMutablePointer<Float>?, count: Int, wide: Bool = hasWideLanes
) {
  if wide { return unsafe cxsmm_silu(a, b, y, slope, count) }
  var i = 0
  while i < count {
    var x = unsafe load(a, i)
    if let b = unsafe b { unsafe x += load(b, i) }
    let s = vsigmoid(x)
    let value = x * s
    if let slope = unsafe slope { unsafe store(fma(value, all(1) - s, s), slope, i) }
    unsafe store(value, y, i)
    i &+= 8
  }
}

/// y = condition ≠ 0 ? a : b.
package func select(
  _ condition: UnsafePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
  _ y: UnsafeMutablePointer<Float>, count: Int
) {
  var i = 0
  while i < count {
    let chosen = unsafe load(b, i).replacing(with: load(a, i), where: load(condition, i) .!= all(0))
    unsafe store(chosen, y, i)
    i &+= 8
  }
}

/// Writes exactly `count` elements.
package func fill(_ y: UnsafeMutablePointer<Float>, _ value: Float, count: Int) {
  var i = 0
  while i &+ 8 <= count {
    unsafe store(all(value), y, i)
    i &+= 8
  }
  while i < count {
    unsafe y[i] = value
    i &+= 1
  }
}

/// y = x, exactly `count` elements. (Swift's own `update(from:count:)` goes through the runtime,
/// element by element.)
package func copy(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
  unsafe UnsafeMutableRawPointer(y).copyMemory(from: x, byteCount: count &* 4)
}
