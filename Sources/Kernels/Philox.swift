// Random numbers as a function: Philox4x32-10 of (seed; stream, step, row, block).
//
// Salmon, Moraes, Dror & Shaw (2011), "Parallel Random Numbers: As Easy as 1, 2, 3". The key is the
// seed; the counter's words are the block within the row, the row's low 32 bits, the step, and the
// stream (8 bits) above the row's next 24 bits.

/// Four random words for one counter.
package func philox4x32(counter: SIMD4<UInt32>, seed: UInt64) -> SIMD4<UInt32> {
  // One by one, since lanes of a vector would be taken out and put back in every round.
  var (a, b, c, d) = (counter[0], counter[1], counter[2], counter[3])
  var (k0, k1) = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
  for _ in 0 ..< 10 {
    let p = UInt64(a) &* 0xD251_1F53
    let q = UInt64(c) &* 0xCD9E_8D57
    (a, c) = (UInt32(q >> 32) ^ b ^ k0, UInt32(p >> 32) ^ d ^ k1)
    (b, d) = (UInt32(truncatingIfNeeded: q), UInt32(truncatingIfNeeded: p))
    k0 &+= 0x9E37_79B9
    k1 &+= 0xBB67_AE85
  }
  return SIMD4(a, b, c, d)
}

/// Which random numbers: those of one use (`stream`) at one step of one run (`seed`).
package struct RandomSource: Sendable {
  package var seed: UInt64
  package var stream: UInt8
  package var step: UInt32

  package init(seed: UInt64, stream: UInt8, step: UInt32) {
    self.seed = seed
    self.stream = stream
    self.step = step
  }

  /// The four words of a block of a row; no other place knows where in the counter each of them
  /// stands.
  package func words(row: UInt64 = 0, block: UInt32 = 0) -> SIMD4<UInt32> {
    let (low, high) = rowWords(W8(repeating: row), stream)
    let counter = SIMD4(
      block, UInt32(truncatingIfNeeded: low[0]), step, UInt32(truncatingIfNeeded: high[0]))
    return philox4x32(counter: counter, seed: seed)
  }
}

/// 32-bit words in 64-bit lanes, so that a product is one instruction.
private typealias W8 = SIMD8<UInt64>
private typealias Words = (U8, U8, U8, U8)

@inline(__always) private func narrow(_ x: W8) -> U8 {
  unsafe unsafeBitCast(x, to: SIMD16<UInt32>.self).evenHalf
}

/// Eight counters at once.
@inline(__always)
private func philox8(_ c0: W8, _ c1: W8, _ c3: W8, _ source: RandomSource) -> Words {
  let mask = W8(repeating: 0xffff_ffff)
  let half = W8(repeating: 32)
  var (a, b, c, d) = (c0, c1, W8(repeating: UInt64(source.step)), c3)
  var k0 = UInt32(truncatingIfNeeded: source.seed)
  var k1 = UInt32(truncatingIfNeeded: source.seed >> 32)
  for _ in 0 ..< 10 {
    let p = a &* W8(repeating: 0xD251_1F53)
    let q = c &* W8(repeating: 0xCD9E_8D57)
    a = (q &>> half) ^ b ^ W8(repeating: UInt64(k0))
    c = (p &>> half) ^ d ^ W8(repeating: UInt64(k1))
    b = q & mask
    d = p & mask
    k0 &+= 0x9E37_79B9
    k1 &+= 0xBB67_AE85
  }
  return (narrow(a), narrow(b), narrow(c), narrow(d))
}

@inline(__always) private func lanes() -> W8 { W8(0, 1, 2, 3, 4, 5, 6, 7) }

@inline(__always) private func rowWords(_ row: W8, _ stream: UInt8) -> (low: W8, high: W8) {
  let low = row & W8(repeating: 0xffff_ffff)
  let high = (row &>> W8(repeating: 32)) & W8(repeating: 0x00ff_ffff)
  return (low, high | W8(repeating: UInt64(stream) << 24))
}

/// Uniform in (0, 1): 2²³ values, none of them 0 or 1.
@inline(__always) private func uniform(_ w: U8) -> F8 {
  (float((w &>> U8(repeating: 9)) | U8(repeating: 0x3f80_0000)) - all(1)) + all(5.960_464_5e-8)
}

/// Two standard normals of two words.
///
/// Box & Muller (1958).
@inline(__always) private func normals(_ a: U8, _ b: U8) -> (F8, F8) {
  let r = vsqrt(all(-2) * vlog(uniform(a)))
  let (s, c) = vsincosTurn(float((b &>> U8(repeating: 9)) | U8(repeating: 0x3f80_0000)) - all(1))
  return (r * c, r * s)
}

@inline(__always) private func interleaved<Scalar>(_ a: SIMD8<Scalar>, _ b: SIMD8<Scalar>)
  -> SIMD16<
    Scalar
  >
{
  var pairs = SIMD16<Scalar>()
  pairs.evenHalf = a
  pairs.oddHalf = b
  return pairs
}

private enum Law {
  case uniform
  case normal
}

@inline(__always) private func draw(_ law: Law, _ w: Words) -> (F8, F8, F8, F8) {
  switch law {
  case .uniform: return (uniform(w.0), uniform(w.1), uniform(w.2), uniform(w.3))
  case .normal:
    let (first, second) = (normals(w.0, w.1), normals(w.2, w.3))
    return (first.0, first.1, second.0, second.1)
  }
}

/// Which rows are filled: so many from a number on, or those of a list.
@safe
private enum RowNumbers {
  case from(UInt64)
  case list(UnsafePointer<Int32>)

  @inline(__always)
  subscript(row: Int) -> UInt64 {
    switch self {
    case .from(let first): first &+ UInt64(row)
    case .list(let numbers): unsafe UInt64(UInt32(bitPattern: numbers[row]))
    }
  }

  /// Eight from `row` on, of which `count` matter.
  @inline(__always)
  func eight(_ row: Int, _ count: Int) -> W8 {
    switch self {
    case .from(let first): return lanes() &+ W8(repeating: first &+ UInt64(row))
    case .list:
      var numbers = W8()
      for lane in 0 ..< count { numbers[lane] = self[row + lane] }
      return numbers
    }
  }
}

/// Element j of a row comes from word j mod 4 of block j / 4, whether the loop runs over blocks or
/// over rows.
@inline(__always)
private func fill(
  _ law: Law, _ y: UnsafeMutablePointer<Float>, _ rowStride: Int, _ rows: Int, _ columns: Int,
  _ source: RandomSource, _ numbers: RowNumbers
) {
  // Eight rows take as many rounds as a row has blocks, or one for every eight blocks of each.
  if columns <= 20 {
    unsafe fillNarrow(law, y, rowStride, rows, columns, source, numbers)
  } else {
    for row in 0 ..< rows {
      unsafe fillWide(law, y + row * rowStride, columns, source, numbers[row])
    }
  }
}

/// Eight blocks of one row at a time.
@inline(__always)
private func fillWide(
  _ law: Law, _ y: UnsafeMutablePointer<Float>, _ columns: Int, _ source: RandomSource,
  _ row: UInt64
) {
  let (low, high) = rowWords(W8(repeating: row), source.stream)
  var column = 0
  while column < columns {
    let blocks = lanes() &+ W8(repeating: UInt64(column / 4))
    let v = draw(law, philox8(blocks, low, high, source))
    // Word by word to block by block: pairs first, then pairs of pairs.
    let ordered = interleaved(
      unsafe unsafeBitCast(interleaved(v.0, v.1), to: W8.self),
      unsafe unsafeBitCast(interleaved(v.2, v.3), to: W8.self))
    let values = unsafe unsafeBitCast(ordered, to: SIMD32<Float>.self)
    if column + 32 <= columns {
      unsafe UnsafeMutableRawPointer(y + column).storeBytes(of: values, as: SIMD32<Float>.self)
    } else {
      for i in 0 ..< columns - column { unsafe y[column + i] = values[i] }
    }
    column += 32
  }
}

/// One block of eight rows at a time.
@inline(__always)
private func fillNarrow(
  _ law: Law, _ y: UnsafeMutablePointer<Float>, _ rowStride: Int, _ rows: Int, _ columns: Int,
  _ source: RandomSource, _ numbers: RowNumbers
) {
  var row = 0
  while row < rows {
    let height = min(8, rows - row)
    let (low, high) = rowWords(numbers.eight(row, height), source.stream)
    for block in 0 ..< (columns + 3) / 4 {
      let v = draw(law, philox8(W8(repeating: UInt64(block)), low, high, source))
      let width = min(4, columns - 4 * block)
      for lane in 0 ..< height {
        let to = unsafe y + (row + lane) * rowStride + 4 * block
        unsafe to[0] = v.0[lane]
        if width > 1 { unsafe to[1] = v.1[lane] }
        if width > 2 { unsafe to[2] = v.2[lane] }
        if width > 3 { unsafe to[3] = v.3[lane] }
      }
    }
    row += 8
  }
}

/// Standard normals: rows of `columns`, `rowStride` apart, numbered from `firstRow`.
package func fillNormal(
  _ y: UnsafeMutablePointer<Float>, rowStride: Int, rows: Int, columns: Int, source: RandomSource,
  firstRow: UInt64
) {
  unsafe fill(.normal, y, rowStride, rows, columns, source, .from(firstRow))
}

/// Uniforms in (0, 1), likewise.
package func fillUniform(
  _ y: UnsafeMutablePointer<Float>, rowStride: Int, rows: Int, columns: Int, source: RandomSource,
  firstRow: UInt64
) {
  unsafe fill(.uniform, y, rowStride, rows, columns, source, .from(firstRow))
}

/// Standard normals of rows with numbers of their own, [rows].
package func fillNormal(
  _ y: UnsafeMutablePointer<Float>, rowStride: Int, rows: Int, columns: Int, source: RandomSource,
  numbers: UnsafePointer<Int32>
) {
  unsafe fill(.normal, y, rowStride, rows, columns, source, .list(numbers))
}

/// Uniforms in (0, 1), likewise.
package func fillUniform(
  _ y: UnsafeMutablePointer<Float>, rowStride: Int, rows: Int, columns: Int, source: RandomSource,
  numbers: UnsafePointer<Int32>
) {
  unsafe fill(.uniform, y, rowStride, rows, columns, source, .list(numbers))
}
