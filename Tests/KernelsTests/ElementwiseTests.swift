import Glibc
import Kernels
import Testing

/// A buffer with room behind its elements, as kernels may run over whole vectors.
func padded(_ values: [Float]) -> [Float] { values + [Float](repeating: 0, count: 16) }

let awkwardSizes = [0, 1, 2, 7, 8, 15, 16, 17, 31, 33, 100, 1000]

/// Uneven points from −6 to 6, away from 0.
func points(_ count: Int) -> [Float] {
  (0 ..< count).map { i in 6 * Float(sin(Double(i) * 1.7 + 0.3)) + 0.01 }
}

/// Every fast kernel against its definition in Double.
@Suite struct ElementwiseTests {
  private func exact(_ kernel: UnaryKernel, _ x: Double) -> Double {
    switch kernel {
    case .negate: -x
    case .exp: exp(x)
    case .log: log(x)
    case .tanh: tanh(x)
    case .sigmoid: 1 / (1 + exp(-x))
    case .softplus: max(x, 0) + log1p(exp(-abs(x)))
    case .sqrt: x.squareRoot()
    case .reciprocal: 1 / x
    case .sin: sin(x)
    case .cos: cos(x)
    case .abs: abs(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : 0
    case .relu: max(x, 0)
    case .step: x > 0 ? 1 : 0
    case .square: x * x
    }
  }

  private func run(_ kernel: UnaryKernel, _ x: [Float]) -> [Float] {
    let from = padded(x)
    var to = [Float](repeating: -7, count: from.count)
    elementwise(kernel, from, &to, count: x.count)
    return Array(to.prefix(x.count))
  }

  @Test(arguments: UnaryKernel.allCases)
  func unaryMatchesItsDefinition(kernel: UnaryKernel) {
    for size in awkwardSizes {
      let positive = kernel == .log || kernel == .sqrt
      let x = points(size).map { positive ? abs($0) : $0 }
      for (given, value) in zip(x, run(kernel, x)) {
        let expected = exact(kernel, Double(given))
        // A few units in the last place; sines and cosines relative to 1.
        let scale = kernel == .sin || kernel == .cos ? 1 : abs(expected)
        #expect(abs(Double(value) - expected) <= 4e-7 * scale + 1e-37, "\(kernel)(\(given))")
      }
    }
  }

  /// Over the whole range: from where eˣ is nothing to where it is too much.
  @Test func exponentialsOverTheirRange() {
    let x = (-8700 ... 8830).map { Float($0) / 100 }
    for (given, value) in zip(x, run(.exp, x)) {
      #expect(abs(Double(value) / exp(Double(given)) - 1) < 3e-7, "exp(\(given))")
    }
    for (given, value) in zip(x, run(.softplus, x)) {
      let expected = exact(.softplus, Double(given))
      #expect(abs(Double(value) - expected) < 4e-7 * expected + 1e-37, "softplus(\(given))")
    }
  }

  /// Sixteen lanes give the bits of eight, also of what is not a number and at every length.
  @Test(.enabled(if: hasWideLanes), arguments: UnaryKernel.allCases)
  func wideLanesGiveTheSameBits(kernel: UnaryKernel) {
    let ends: [Float] = [
      -.infinity, -1000, -88, -87, -1e-40, -0.0, 0, 1e-40, 0.625, 88.3, 88.4, 1000, .infinity, .nan,
    ]
    for size in awkwardSizes + [5000] {
      let x = padded(points(size).map { $0 * 17 } + ends + points(size))
      var (narrow, wide) = (x, x)
      elementwise(kernel, x, &narrow, count: x.count - 16, wide: false)
      elementwise(kernel, x, &wide, count: x.count - 16, wide: true)
      for (index, (a, b)) in zip(narrow, wide).enumerated() {
        #expect(a.bitPattern == b.bitPattern || a.isNaN && b.isNaN, "\(kernel)(\(x[index]))")
      }
    }
  }

  @Test(.enabled(if: hasWideLanes), arguments: BinaryKernel.allCases)
  func wideArithmeticGivesTheSameBits(kernel: BinaryKernel) {
    for size in awkwardSizes + [5000] {
      let (a, b) = (padded(points(size).map { $0 * 17 }), padded(points(size).reversed()))
      var results = [[Float]](repeating: a, count: 6)
      for wide in [false, true] {
        let first = wide ? 3 : 0
        elementwise(kernel, a, b, &results[first], count: size, wide: wide)
        elementwise(kernel, a, scalar: 0.7, &results[first + 1], count: size, wide: wide)
        elementwise(kernel, scalar: -1.3, b, &results[first + 2], count: size, wide: wide)
      }
      for form in 0 ..< 3 {
        for i in 0 ..< size {
          let (x, y) = (results[form][i], results[form + 3][i])
          #expect(x.bitPattern == y.bitPattern || x.isNaN && y.isNaN, "\(kernel), element \(i)")
        }
      }
    }
  }

  @Test func limits() {
    let ends: [Float] = [-.infinity, -1000, 0, 1000, .infinity]
    #expect(run(.exp, ends) == [0, 0, 1, .infinity, .infinity])
    // σ(−87), the smallest that there is, is a normal number.
    let sigmoids = run(.sigmoid, ends)
    #expect(Array(sigmoids[2...]) == [0.5, 1, 1])
    #expect(sigmoids[..<2].allSatisfy { $0.isNormal && abs($0 - exp(-87)) < 1e-6 * exp(-87) })
    #expect(run(.tanh, ends) == [-1, -1, 0, 1, 1])
    #expect(run(.softplus, ends).suffix(2) == [1000, .infinity])
    #expect(run(.log, [0, 1, .infinity]) == [-.infinity, 0, .infinity])
    #expect(run(.log, [-1])[0].isNaN)
    let tiny = run(.log, [1e-40])[0]
    #expect(abs(tiny - -92.1034) < 1e-3)
  }

  /// Divergence is found by it: NaN stays NaN.
  @Test(arguments: UnaryKernel.allCases)
  func nanStays(kernel: UnaryKernel) {
    guard kernel != .step else { return }
    #expect(run(kernel, [.nan])[0].isNaN)
  }

  @Test(arguments: BinaryKernel.allCases)
  func binaryMatchesItsDefinition(kernel: BinaryKernel) {
    func exact(_ a: Float, _ b: Float) -> Float {
      switch kernel {
      case .add: a + b
      case .subtract: a - b
      case .multiply: a * b
      case .divide: a / b
      case .maximum: max(a, b)
      case .minimum: min(a, b)
      case .greater: a > b ? 1 : 0
      }
    }
    for size in awkwardSizes {
      let (a, b) = (points(size), Array(points(size + 3).dropFirst(3)))
      var y = [Float](repeating: 0, count: size + 16)
      elementwise(kernel, padded(a), padded(b), &y, count: size)
      #expect(Array(y.prefix(size)) == zip(a, b).map(exact))
      elementwise(kernel, padded(a), scalar: 1.5, &y, count: size)
      #expect(Array(y.prefix(size)) == a.map { exact($0, 1.5) })
      elementwise(kernel, scalar: 1.5, padded(a), &y, count: size)
      #expect(Array(y.prefix(size)) == a.map { exact(1.5, $0) })
    }
  }
}

/// Kernels that do several operations in one pass: by definition, and the same bits in eight lanes
/// and in sixteen.
@Suite struct FusedTests {
  @Test(arguments: awkwardSizes)
  func silus(size: Int) {
    let (a, b) = (points(size), points(size + 5).suffix(size).map { 2 * $0 })
    for biased in [false, true] {
      var results: [[UInt32]] = []
      for wide in Set([false, hasWideLanes]) {
        var (y, slope) = (padded(a), padded(a))
        var alone = padded(a)
        let bias = padded(b)
        silu(padded(a), plus: biased ? bias : nil, &y, slope: &slope, count: size, wide: wide)
        silu(padded(a), plus: biased ? bias : nil, &alone, slope: nil, count: size, wide: wide)
        for i in 0 ..< size {
          let x = Double(biased ? a[i] + b[i] : a[i])
          let s = 1 / (1 + exp(-x))
          #expect(abs(Double(y[i]) - x * s) <= 4e-7 * abs(x * s) + 1e-37)
          // 1 − σ is off by its rounding.
          #expect(abs(Double(slope[i]) - s * (1 + x * (1 - s))) <= 3e-7 + 6e-8 * abs(x))
        }
        #expect(y == alone)
        results.append((y + slope).map(\.bitPattern))
      }
      #expect(results.first == results.last)
    }
  }

  @Test(arguments: awkwardSizes)
  func multiplyAdds(size: Int) {
    let (a, b) = (points(size), points(size + 5).suffix(size))
    let c = b.map { 1 - $0 }
    for wide in Set([false, hasWideLanes]) {
      var y = padded(a)
      multiplyAdd(padded(a), padded(Array(b)), padded(c), &y, count: size, wide: wide)
      #expect(Array(y.prefix(size)) == zip(zip(a, b), c).map { $1.addingProduct($0.0, $0.1) })
    }
  }
}

@Suite struct ReductionTests {
  @Test(arguments: [
    (1, 1, 1), (3, 5, 1), (2, 7, 4), (1, 64, 33), (1, 9, 100), (2, 31, 64), (4, 100, 8),
    (1, 1000, 1),
  ])
  func sumsAndMaxima(outer: Int, count: Int, inner: Int) {
    let x = points(outer * count * inner)
    var (total, largest) = (
      [Float](repeating: 3, count: outer * inner + 16),
      [Float](repeating: 3, count: outer * inner + 16)
    )
    sum(padded(x), outer: outer, count: count, inner: inner, &total, accumulate: true)
    maximum(padded(x), outer: outer, count: count, inner: inner, &largest)
    for o in 0 ..< outer {
      for i in 0 ..< inner {
        let column = (0 ..< count).map { Double(x[(o * count + $0) * inner + i]) }
        let place = o * inner + i
        #expect(abs(Double(total[place]) - 3 - column.reduce(0, +)) < 1e-5 * Double(count))
        #expect(Double(largest[place]) == column.max())
      }
    }
    // Nothing behind the result is touched.
    #expect(total.suffix(16).allSatisfy { $0 == 3 })
  }

  /// Sums of one tensor and of the products of two over each axis in the middle, against plain ones
  /// in Double: of runs, of few columns, and of so many that rows stand far apart.
  @Test(arguments: [
    (1, 1, 1), (3, 7, 1), (2, 64, 1), (1, 5, 3), (2, 9, 8), (1, 33, 45), (3, 4, 130), (1, 6, 2048),
    (2, 3, 3077),
    (1, 1, 5000), (1, 0, 3), (1, 0, 4096),
  ])
  func middleSums(outer: Int, count: Int, inner: Int) {
    let size = outer * count * inner
    let a = (0 ..< size).map { Float(($0 * 7919) % 1013) / 500 - 1 }
    let b = (0 ..< size).map { Float(($0 * 104_729) % 997) / 500 - 0.7 }
    for accumulate in [false, true] {
      // One more than is written, which must stay.
      let before = (0 ... outer * inner).map { Float($0 % 5) }
      var (sums, products) = (before, before)
      sum(a, outer: outer, count: count, inner: inner, &sums, accumulate: accumulate)
      sumProducts(
        a, b, outer: outer, count: count, inner: inner, &products, accumulate: accumulate)
      for o in 0 ..< outer {
        for i in 0 ..< inner {
          let places = (0 ..< count).map { (o * count + $0) * inner + i }
          let start = accumulate ? Double(before[o * inner + i]) : 0
          let whole = places.reduce(start) { $0 + Double(a[$1]) }
          let paired = places.reduce(start) { $0 + Double(a[$1]) * Double(b[$1]) }
          let size = 1e-6 * Double(count + 5)
          #expect(abs(Double(sums[o * inner + i]) - whole) < size)
          #expect(abs(Double(products[o * inner + i]) - paired) < size)
        }
      }
      #expect(sums.last == before.last && products.last == before.last)
    }
  }

  @Test func norms() {
    let x = points(1003)
    let expected = x.reduce(0.0) { $0 + Double($1) * Double($1) }
    #expect(abs(squaredNorm(x, count: 1003) - expected) < 1e-9 * expected)
    #expect(allFinite(x, count: 1003))
    #expect(!allFinite(x + [.nan], count: 1004))
  }
}

@Suite struct MovementTests {
  @Test(arguments: [(1, 1), (3, 5), (8, 8), (9, 17), (64, 33), (16, 8), (24, 40), (31, 16)])
  func transposes(rows: Int, columns: Int) {
    let x = points(rows * columns)
    var y = [Float](repeating: 0, count: rows * columns)
    transpose(x, rows: rows, columns: columns, &y)
    for r in 0 ..< rows {
      for c in 0 ..< columns { #expect(y[c * rows + r] == x[r * columns + c]) }
    }
  }

  @Test func indicesOutsideAreTheNearest() {
    let x: [Float] = [1, 2, 3, 4, 5, 6]
    var y = [Float](repeating: 0, count: 10)
    gatherRows(x, rowLength: 2, [-3, 1, 99, .nan, .infinity], count: 5, rows: 3, &y)
    #expect(y == [1, 2, 3, 4, 5, 6, 1, 2, 5, 6])
  }
}

@Suite(.enabled(if: hasWideLanes)) struct BFloat16Tests {
  /// bfloat16 by definition: the nearest number whose lower 16 bits are 0, ties to the even one.
  private func exact(_ x: Float) -> UInt16 {
    guard x.isFinite else { return x.isNaN ? 0x7fc0 : UInt16(x.bitPattern >> 16) }
    let (below, above) = (x.bitPattern & 0xffff_0000, (x.bitPattern & 0xffff_0000) &+ 0x10000)
    let rest = x.bitPattern & 0xffff
    let up = rest > 0x8000 || (rest == 0x8000 && below & 0x10000 != 0)
    return UInt16((up ? above : below) >> 16)
  }

  @Test(arguments: [(2, 2), (4, 6), (16, 16), (6, 34), (64, 18), (10, 100)])
  func forms(rows: Int, columns: Int) {
    var x = points(rows * columns)
    let odd: [Float] = [
      .nan, .infinity, -.infinity, 1.00390625, 1.01171875, -1.00390625, 3.4e38, 0,
    ]
    for (i, value) in odd.prefix(x.count).enumerated() { x[x.count - 1 - i] = value }
    for form in [BFloat16Layout.plain, .paired, .transposed, .transposedPaired] {
      var y = [Float](repeating: 0, count: rows * columns / 2)
      var scratch = y
      toBFloat16(x, rows: rows, columns: columns, form, &y, scratch: &scratch)
      let words = y.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
      for r in 0 ..< rows {
        for c in 0 ..< columns {
          let place =
            switch form {
            case .plain: r * columns + c
            case .paired: (r / 2 * columns + c) * 2 + r % 2
            case .transposed: c * rows + r
            case .transposedPaired: (c / 2 * rows + r) * 2 + c % 2
            }
          #expect(words[place] == exact(x[r * columns + c]), "\(form) at \(r), \(c)")
        }
      }
    }
  }
}

@Suite struct MatrixMultiplyTests {
  /// Small whole numbers are their own bfloat16 and add up without rounding: every way to the
  /// product is exact.
  ///
  /// Tiles with whole and broken edges, and libxsmm's code. A row is the same wherever it stands.
  @Test(
    .enabled(if: MatrixMultiply.hasBFloat16),
    arguments: [
      (16, 16, 16), (32, 32, 32), (1, 16, 2), (17, 33, 34), (64, 48, 128), (40, 70, 62),
      (31, 15, 66), (130, 100, 130),
    ])
  func bfloat16Products(m: Int, n: Int, k: Int) {
    func whole(_ count: Int, _ factor: Int) -> [Float] {
      (0 ..< count).map { i in
        let number = (i * factor + i / 7) % 9 - 4
        return Float(number)
      }
    }
    let (a, b, start) = (whole(m * k, 5), whole(k * n, 3), whole(m * n, 2))
    func bfloat16(_ x: [Float], _ rows: Int, _ columns: Int, _ form: BFloat16Layout) -> [Float] {
      var (y, scratch) = (x, x)
      toBFloat16(x, rows: rows, columns: columns, form, &y, scratch: &scratch)
      return y
    }
    let (left, right) = (bfloat16(a, m, k, .plain), bfloat16(b, k, n, .paired))
    let (rough, last) = (points(m * k), points(m * k).suffix(k))
    let (roughLeft, roughLast) = (
      bfloat16(rough, m, k, .plain), bfloat16(Array(last), 1, k, .plain)
    )
    for accumulate in [false, true] {
      var expected = accumulate ? start : start.map { _ in 0 }
      for i in 0 ..< m {
        for p in 0 ..< k {
          let factor = a[i * k + p]
          for j in 0 ..< n { expected[i * n + j] += factor * b[p * n + j] }
        }
      }
      for tiles in [false, true] {
        func product(rows: Int) -> MatrixMultiply {
          MatrixMultiply(
            rows: rows, columns: n, inner: k, lda: k, ldb: n, ldc: n, transposeA: false,
            accumulate: accumulate, bfloat16: true, tiles: tiles)
        }
        var c = start
        product(rows: m)(left, right, &c)
        #expect(c == expected, "tiles \(tiles), accumulate \(accumulate)")
        c = start
        product(rows: m)(roughLeft, right, &c)
        var row = Array(start.suffix(n))
        product(rows: 1)(roughLast, right, &row)
        #expect(row == Array(c.suffix(n)))
      }
    }
  }

  /// Every form and awkward sizes, against sums in Double.
  @Test(arguments: [
    (1, 1, 1), (64, 2, 128), (64, 3, 5), (7, 13, 17), (32, 64, 600), (65, 33, 1), (5, 150, 130),
    (3, 240, 700),
  ])
  func products(m: Int, n: Int, k: Int) {
    let (a, b) = (points(m * k), points(k * n + 1).dropFirst())
    let right = Array(b)
    for transposeA in [false, true] {
      for accumulate in [false, true] {
        let multiply = MatrixMultiply(
          rows: m, columns: n, inner: k, lda: transposeA ? m : k, ldb: n, ldc: n,
          transposeA: transposeA, accumulate: accumulate)
        var c = [Float](repeating: 2, count: m * n)
        multiply(a, right, &c)
        var worst = 0.0
        for i in 0 ..< m {
          for j in 0 ..< n {
            let exact = (0 ..< k).reduce(accumulate ? 2.0 : 0.0) { sum, p in
              sum + Double(a[transposeA ? p * m + i : i * k + p]) * Double(right[p * n + j])
            }
            worst = max(worst, abs(Double(c[i * n + j]) - exact))
          }
        }
        #expect(worst < 36 * 6e-8 * Double(k + 8), "transposeA \(transposeA)")
      }
    }
  }

  /// Lanes of results that lie in panels add up to what lanes in rows do, to the last bit.
  @Test(arguments: [(48, 192, 100), (33, 128, 130), (20, 464, 64), (130, 176, 94)])
  func resultsInPanels(m: Int, n: Int, k: Int) {
    #expect(MatrixMultiply.hasPanels(columns: n, inner: k))
    let (a, b) = (points(m * k), points(k * n))
    func lanes(_ form: (bfloat16: Bool, tiles: Bool), panels: Bool, accumulate: Bool) -> [Float] {
      let (bfloat16, tiles) = form
      var (left, right, scratch) = (a, b, a)
      if bfloat16 {
        toBFloat16(a, rows: m, columns: k, .plain, &left, scratch: &scratch)
        toBFloat16(b, rows: k, columns: n, .paired, &right, scratch: &scratch)
      }
      let multiply = MatrixMultiply(
        rows: m, columns: n, inner: k, lda: bfloat16 ? k : m, ldb: n, ldc: n, transposeA: !bfloat16,
        accumulate: accumulate, bfloat16: bfloat16, resultInPanels: panels, tiles: tiles)
      var c = [Float](repeating: 0.5, count: 2 * m * n)
      c.withUnsafeMutableBufferPointer { c in
        for lane in 0 ..< 2 {
          unsafe multiply(left, right, c.baseAddress! + lane * m * n)
          unsafe multiply(left, right, c.baseAddress! + lane * m * n)
        }
      }
      var sum = [Float](repeating: 0, count: m * n)
      guard panels else {
        sumLanes(c, laneStride: m * n, lanes: 2, &sum, count: m * n)
        return sum
      }
      for rows in [0 ..< m / 2, m / 2 ..< m] {
        sum.withUnsafeMutableBufferPointer { sum in
          unsafe sumPanels(
            c, laneStride: m * n, lanes: 2, rows: m, columns: n, only: rows,
            sum.baseAddress! + rows.lowerBound * n)
        }
      }
      return sum
    }
    var forms = [(bfloat16: false, tiles: false)]
    if MatrixMultiply.hasBFloat16 {
      forms += [(bfloat16: true, tiles: false), (bfloat16: true, tiles: true)]
    }
    for form in forms {
      for accumulate in [false, true] {
        let inRows = lanes(form, panels: false, accumulate: accumulate)
        #expect(lanes(form, panels: true, accumulate: accumulate) == inRows, "\(form)")
      }
    }
  }

  /// The same to the last bit wherever a row stands.
  @Test(arguments: [(16, 1, 1), (16, 2, 128), (17, 3, 37), (20, 4, 15), (1, 2, 600)])
  func narrowProducts(m: Int, n: Int, k: Int) {
    let (a, b) = (points(m * k), Array(points(n * k + 1).dropFirst()))
    var c = [Float](repeating: 2, count: m * n)
    narrowProduct(a, b, &c, rows: m, columns: n, inner: k)
    for i in 0 ..< m {
      let row = Array(a[i * k ..< (i + 1) * k])
      var alone = [Float](repeating: 0, count: n)
      narrowProduct(row, b, &alone, rows: 1, columns: n, inner: k)
      #expect(alone == Array(c[i * n ..< (i + 1) * n]))
      for j in 0 ..< n {
        let terms = (0 ..< k).map { Double(row[$0]) * Double(b[j * k + $0]) }
        let size = terms.reduce(0) { $0 + abs($1) }
        #expect(abs(Double(c[i * n + j]) - terms.reduce(0, +)) < 5e-7 * size)
      }
    }
  }
}
