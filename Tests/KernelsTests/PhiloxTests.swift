import Kernels
import Testing

/// Philox of 4 words of any size, as Salmon et al.
///
/// (2011) print it.
private func philox<Word: FixedWidthInteger & UnsignedInteger>(
  _ counter: [Word], _ key: [Word], multipliers: (Word, Word), weyl: (Word, Word)
) -> [Word] {
  var (c, k) = (counter, key)
  for _ in 0 ..< 10 {
    let p = c[0].multipliedFullWidth(by: multipliers.0)
    let q = c[2].multipliedFullWidth(by: multipliers.1)
    c = [
      q.high ^ c[1] ^ k[0], Word(truncatingIfNeeded: q.low), p.high ^ c[3] ^ k[1],
      Word(truncatingIfNeeded: p.low),
    ]
    k = [k[0] &+ weyl.0, k[1] &+ weyl.1]
  }
  return c
}

@Suite struct PhiloxTests {
  /// The known answers that come with Random123.
  @Test(
    arguments: [
      ([0, 0, 0, 0], 0, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
      (
        [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], 0xffff_ffff_ffff_ffff,
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
      ),
      (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], 0x299f_31d0_a409_3822,
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
      ),
    ] as [([UInt32], UInt64, [UInt32])])
  func knownAnswers(counter: [UInt32], seed: UInt64, answer: [UInt32]) {
    let words = philox4x32(counter: SIMD4(counter), seed: seed)
    #expect(words == SIMD4(answer))
    let plain = philox(
      counter, [UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)],
      multipliers: (0xD251_1F53, 0xCD9E_8D57), weyl: (0x9E37_79B9, 0xBB67_AE85))
    #expect(plain == answer)
  }

  /// The plain form with 64-bit words is numpy's generator: Philox(key=[5, 6], counter=[0, 2, 3,
  /// 4]) adds one to the counter and then gives these.
  @Test func plainFormIsNumPys() {
    let words = philox(
      [1, 2, 3, 4] as [UInt64], [5, 6],
      multipliers: (0xD2E7_470E_E14C_6C93, 0xCA5A_8263_9512_1157),
      weyl: (0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B))
    #expect(
      words == [
        0xa39b_5519_339f_e354, 0xaceb_1228_efc2_5196, 0xa0a2_e3c2_5aa5_f4fc, 0x08d0_cfa9_3327_20df,
      ])
  }

  /// A row's numbers do not depend on how many rows or columns were asked for, nor on which loop
  /// made them.
  @Test func everyElementIsAFunctionOfItsPlace() {
    let source = RandomSource(seed: 42, stream: 3, step: 9)
    var wide = [Float](repeating: 0, count: 20 * 50)
    fillNormal(&wide, rowStride: 50, rows: 20, columns: 50, source: source, firstRow: 4_294_967_290)
    for columns in [1, 2, 3, 5, 8, 9, 31, 33] {
      for first in [0, 1, 7, 13] {
        var some = [Float](repeating: 0, count: 7 * columns)
        fillNormal(
          &some, rowStride: columns, rows: 7, columns: columns, source: source,
          firstRow: 4_294_967_290 + UInt64(first))
        for r in 0 ..< 7 {
          for c in 0 ..< columns { #expect(some[r * columns + c] == wide[(r + first) * 50 + c]) }
        }
      }
    }
    // Nor on whether the rows follow each other.
    let numbers: [Int32] = [7, 0, 3, 3, 2_147_483_647, 12, 1, 9, 8, 5]
    for columns in [1, 4, 9, 20, 21, 50] {
      var listed = [Float](repeating: 0, count: numbers.count * columns)
      fillUniform(
        &listed, rowStride: columns, rows: numbers.count, columns: columns, source: source,
        numbers: numbers)
      for (r, number) in numbers.enumerated() {
        var alone = [Float](repeating: 0, count: columns)
        fillUniform(
          &alone, rowStride: columns, rows: 1, columns: columns, source: source,
          firstRow: UInt64(number))
        #expect(Array(listed[r * columns ..< (r + 1) * columns]) == alone)
      }
    }
    // The uniforms behind them are the words of the scalar form.
    var uniforms = [Float](repeating: 0, count: 4)
    fillUniform(&uniforms, rowStride: 4, rows: 1, columns: 4, source: source, firstRow: 5)
    let words = philox4x32(counter: SIMD4(0, 5, 9, 3 << 24), seed: 42)
    for i in 0 ..< 4 { #expect(uniforms[i] == (Float(words[i] >> 9) + 0.5) * 0x1p-23) }
  }

  /// The counter's words are block, row, step, and the stream above the row's next 24 bits.
  @Test func theCounterHasOneLayout() {
    let source = RandomSource(seed: 42, stream: 3, step: 9)
    let far = source.words(row: 0xab_cdef_0000_0005, block: 2)
    #expect(far == philox4x32(counter: SIMD4(2, 5, 9, 0x03ab_cdef), seed: 42))
    #expect(source.words() == philox4x32(counter: SIMD4(0, 0, 9, 3 << 24), seed: 42))
  }

  /// Moments of n draws within 5 deviations of theirs, and no correlation between neighbours in a
  /// row, rows or steps.
  @Test func normalsAreNormal() {
    let (rows, columns) = (2000, 20)
    let n = Double(rows * columns)
    var x = [Float](repeating: 0, count: rows * columns)
    fillNormal(
      &x, rowStride: columns, rows: rows, columns: columns,
      source: RandomSource(seed: 1, stream: 2, step: 3), firstRow: 0)
    func mean(_ f: (Int) -> Double) -> Double { x.indices.reduce(0.0) { $0 + f($1) } / n }
    let value = { (i: Int) in Double(x[i]) }
    // Variances of z, z², z³, z⁴ and z z′ are 1, 2, 15, 96 and 1.
    #expect(abs(mean(value)) < 5 * (1 / n).squareRoot())
    #expect(abs(mean { value($0) * value($0) } - 1) < 5 * (2 / n).squareRoot())
    #expect(abs(mean { value($0) * value($0) * value($0) }) < 5 * (15 / n).squareRoot())
    let fourth = mean { value($0) * value($0) * value($0) * value($0) }
    #expect(abs(fourth - 3) < 5 * (96 / n).squareRoot())
    for lag in [1, 2, 3, 4, columns] {
      let product = mean { value($0) * value(($0 + lag) % x.count) }
      #expect(abs(product) < 5 * (1 / n).squareRoot(), "lag \(lag)")
    }
  }
}
