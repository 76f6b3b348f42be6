import Glibc
import Stein
import TestSupport
import Testing

/// Rows given a part of them, and rows as noise: on a Gaussian, where all is known.
@Suite struct ConditioningTests {
  private static let covariance = [[1.0, 0.9, 0.3], [0.9, 1.0, 0.1], [0.3, 0.1, 1.0]]
  private static let (mean, scale) = ([5.0, -3, 40], [2.0, 0.1, 30])

  /// A Gaussian whose mean and covariance are those above to rounding: data that stand
  /// symmetrically at its sigma points.
  private func model(threads: Int = 2) throws -> Model {
    // Columns of the lower Cholesky factor.
    let c = Self.covariance
    let l11 = (c[1][1] - c[1][0] * c[1][0]).squareRoot()
    let l21 = (c[2][1] - c[1][0] * c[2][0]) / l11
    let l22 = (1 - c[2][0] * c[2][0] - l21 * l21).squareRoot()
    let axes = [[1, c[1][0], c[2][0]], [0, l11, l21], [0, 0, l22]]
    let rows = (0 ..< 60).map { index -> [Double] in
      let axis = axes[index % 3]
      let sign = index % 6 < 3 ? 1.0 : -1
      return (0 ..< 3).map {
        Self.mean[$0] + sign * 3.0.squareRoot() * axis[$0] * Self.scale[$0]
      }
    }
    return try fitted(rows, model: "family=gaussian", threads: threads).model
  }

  private func impute(_ x: [[Double]], known: [[Double]]? = nil, _ options: String) throws
    -> [[Double]]
  {
    let model = try model()
    return try rows(x.count, 3) { out in
      try tensor(x) { x in
        guard let known else {
          try model.impute(
            x: x, known: nil, labels: nil, options: options, out: out, monitor: Unwatched())
          return
        }
        try tensor(known) { known in
          try model.impute(
            x: x, known: known, labels: nil, options: options, out: out, monitor: Unwatched())
        }
      }
    }
  }

  /// Means and deviations of columns, each in units of its scale.
  private func moments(_ drawn: [[Double]], _ column: Int) -> (mean: Double, deviation: Double) {
    let values = drawn.map { ($0[column] - Self.mean[column]) / Self.scale[column] }
    let mean = values.reduce(0, +) / Double(values.count)
    let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (square / Double(values.count)).squareRoot())
  }

  private func expect(
    _ drawn: [[Double]], _ column: Int, mean: Double, variance: Double, bias: Double
  ) {
    let (n, found) = (Double(drawn.count), moments(drawn, column))
    let deviation = variance.squareRoot()
    #expect(
      abs(found.mean - mean) < 5 * deviation / n.squareRoot() + bias * deviation,
      "mean of column \(column): \(found.mean), not \(mean)")
    #expect(
      abs(found.deviation / deviation - 1) < 5 / (2 * n).squareRoot() + bias,
      "deviation of column \(column): \(found.deviation), not \(deviation)")
  }

  /// With ρ = 0.9 and x₁ two deviations up, x₂ has mean 1.8 and variance 0.19; replacing alone
  /// gives far less.
  @Test(arguments: [
    "steps=40", "sampler=rk45", "sampler=ddim eta=1 steps=150", "sampler=dpmpp_2m steps=60",
    "sampler=predictor_corrector steps=150", "method=held",
  ])
  func oneKnownColumn(_ options: String) throws {
    let x = [Double](arrayLiteral: 5 + 2 * 2, .nan, .nan)
    let drawn = try impute([[Double]](repeating: x, count: 4000), options + " seed=4")
    #expect(drawn.allSatisfy { $0[0] == x[0] })
    // The lowest level, 0.01, is the noise of what is known.
    let known = 1 + 1e-4
    expect(drawn, 1, mean: 1.8 / known, variance: 1 - 0.81 / known, bias: 0.02)
    expect(drawn, 2, mean: 0.6 / known, variance: 1 - 0.09 / known, bias: 0.02)
  }

  @Test func twoKnownColumns() throws {
    let x = [[Double]](repeating: [5 + 2 * 1, 777, 40 - 30 * 1.5], count: 4000)
    let known = [[Double]](repeating: [1, 0, -3], count: 4000)
    let drawn = try impute(x, known: known, "steps=40")
    #expect(drawn.allSatisfy { $0[0] == x[0][0] && $0[2] == x[0][2] })
    // Cov(x₂, (x₁, x₃)) Cov(x₁, x₃)⁻¹ with 1e-4 added to its diagonal.
    let (a, b) = (1 + 1e-4, 0.3)
    let determinant = a * a - b * b
    let weights = [(0.9 * a - 0.1 * b) / determinant, (0.1 * a - 0.9 * b) / determinant]
    let mean = weights[0] - 1.5 * weights[1]
    let variance = 1 - 0.9 * weights[0] - 0.1 * weights[1]
    expect(drawn, 1, mean: mean, variance: variance, bias: 0.03)
  }

  /// Rows differ in what is known of them, and nothing is known of some.
  @Test func masksByRow() throws {
    let nan = Double.nan
    let x = (0 ..< 3000).map {
      $0 % 3 == 0 ? [9, nan, nan] : $0 % 3 == 1 ? [nan, nan, nan] : [nan, -2.8, 40]
    }
    let drawn = try impute(x, "steps=40")
    func every(_ part: Int) -> [[Double]] {
      drawn.enumerated().filter { $0.offset % 3 == part }.map(\.element)
    }
    expect(every(0), 1, mean: 1.8, variance: 0.19, bias: 0.02)
    expect(every(1), 0, mean: 0, variance: 1, bias: 0.02)
    expect(every(1), 1, mean: 0, variance: 1, bias: 0.02)
    // x₁ given x₂ = 2 and x₃ = 0, with 1e-4 added to the diagonal.
    let (a, b) = (1 + 1e-4, 0.1)
    let first = (0.9 * a - 0.3 * b) / (a * a - b * b)
    let second = (0.3 * a - 0.9 * b) / (a * a - b * b)
    expect(
      every(2), 0, mean: 2 * first, variance: 1 - 0.9 * first - 0.3 * second, bias: 0.03)
  }

  /// The approximations are what they are said to be: replacement gives x₂ too small a mean (maths:
  /// 1.25 or less for 1.8).
  @Test func approximations() throws {
    let x = [[Double]](repeating: [9, .nan, .nan], count: 2000)
    let replaced = moments(try impute(x, "method=replacement sampler=ddim eta=1 steps=200"), 1)
    #expect(replaced.mean > 0.9 && replaced.mean < 1.6, "replacement: \(replaced)")
    let pulled = moments(try impute(x, "method=dps eta=1 steps=200"), 1)
    #expect(pulled.mean > 1.3 && pulled.mean < 2.4, "dps: \(pulled)")
  }

  @Test func heldByLangevin() throws {
    let x = [[Double]](repeating: [9, .nan, .nan], count: 2000)
    let drawn = try impute(x, "sampler=langevin sigma=0.5 steps=600 step_size=0.02")
    // At one level all columns carry its noise: variances 1.25, covariances as they are.
    let weight = 0.9 / 1.25
    expect(drawn, 1, mean: 2 * weight, variance: 1.25 - 0.9 * weight, bias: 0.03)
  }

  /// y = A x + noise, in the data's units, with rows of very different size.
  @Test(arguments: [0.0, 0.05]) func sumsOfColumns(_ noise: Double) throws {
    let matrix = [[1.0, 10, 0], [0, 1, -0.01]]
    let place = [1.0, -0.5, 0.7]
    let x = (0 ..< 3).map { Self.mean[$0] + Self.scale[$0] * place[$0] }
    let y = matrix.map { row in (0 ..< 3).reduce(0) { $0 + row[$1] * x[$1] } }
    let model = try model()
    let count = 4000
    let drawn = try rows(count, 3) { out in
      try tensor(matrix) { matrix in
        try tensor([[Double]](repeating: y, count: count)) { y in
          try model.samplePosterior(
            matrix: matrix, y: y, labels: nil, options: "steps=80 noise=\(noise)", out: out,
            monitor: Unwatched())
        }
      }
    }
    // In units of u: A S, its lengths, and the noise that the lowest level adds.
    let a = matrix.map { row in (0 ..< 3).map { row[$0] * Self.scale[$0] } }
    var gram = [[0.0, 0], [0, 0]]
    var cross = [[0.0, 0], [0, 0], [0, 0]]
    for i in 0 ..< 2 {
      for j in 0 ..< 3 {
        for k in 0 ..< 3 { cross[j][i] += Self.covariance[j][k] * a[i][k] }
      }
    }
    for i in 0 ..< 2 {
      for k in 0 ..< 2 { for j in 0 ..< 3 { gram[i][k] += a[i][j] * cross[j][k] } }
      let square = a[i].reduce(0) { $0 + $1 * $1 }
      gram[i][i] += noise * noise + 1e-4 * square
    }
    let determinant = gram[0][0] * gram[1][1] - gram[0][1] * gram[1][0]
    let residual = a.map { row in (0 ..< 3).reduce(0) { $0 + row[$1] * place[$1] } }
    for j in 0 ..< 3 {
      let weights = [
        (cross[j][0] * gram[1][1] - cross[j][1] * gram[1][0]) / determinant,
        (cross[j][1] * gram[0][0] - cross[j][0] * gram[0][1]) / determinant,
      ]
      expect(
        drawn, j, mean: weights[0] * residual[0] + weights[1] * residual[1],
        variance: 1 - weights[0] * cross[j][0] - weights[1] * cross[j][1], bias: 0.03)
    }
  }

  /// Encoding leads to standard normals, and decoding back.
  @Test func encodeThenDecode() throws {
    let model = try model()
    let x = (0 ..< 200).map { k -> [Double] in
      let t = Double(k)
      return (0 ..< 3).map { Self.mean[$0] + Self.scale[$0] * 1.5 * sin(t * (0.3 + Double($0))) }
    }
    let noise = try rows(200, 3) { out in
      try tensor(x) {
        try model.encode(x: $0, labels: nil, options: "", out: out, monitor: Unwatched())
      }
    }
    let back = try rows(200, 3) { out in
      try tensor(noise) {
        try model.decode(noise: $0, labels: nil, options: "", out: out, monitor: Unwatched())
      }
    }
    for (row, other) in zip(x, back) {
      for j in 0 ..< 3 { #expect(abs(row[j] - other[j]) < 2e-4 * Self.scale[j]) }
    }
    // The flow of a Gaussian keeps xᵀ(C + σ²)⁻¹x, which is then the square of the noise.
    let c = Self.covariance
    for (row, z) in zip(x, noise).prefix(20) {
      let u = (0 ..< 3).map { (row[$0] - Self.mean[$0]) / Self.scale[$0] }
      let square = quadratic(u, c, adding: 1e-4)
      let found = z.reduce(0) { $0 + $1 * $1 }
      #expect(abs(found - square) < 2e-3 * (1 + square))
    }
  }

  /// uᵀ (C + a)⁻¹ u for three columns, by Cramer's rule.
  private func quadratic(_ u: [Double], _ c: [[Double]], adding a: Double) -> Double {
    var m = c
    for i in 0 ..< 3 { m[i][i] += a }
    func minor(_ i: Int, _ j: Int) -> Double {
      let (r, s) = ((0 ..< 3).filter { $0 != i }, (0 ..< 3).filter { $0 != j })
      return m[r[0]][s[0]] * m[r[1]][s[1]] - m[r[0]][s[1]] * m[r[1]][s[0]]
    }
    let determinant = m[0][0] * minor(0, 0) - m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2)
    var sum = 0.0
    for i in 0 ..< 3 {
      for j in 0 ..< 3 {
        sum += u[i] * u[j] * ((i + j) % 2 == 0 ? 1 : -1) * minor(i, j) / determinant
      }
    }
    return sum
  }

  /// The flow's log likelihood is the Gaussian's own, to ten times the tolerance and falling with
  /// it.
  @Test func likelihoodAlongTheFlow() throws {
    let model = try model()
    let x = (0 ..< 64).map { k -> [Double] in
      (0 ..< 3).map { Self.mean[$0] + Self.scale[$0] * 2 * sin(Double(k) * (0.37 + Double($0))) }
    }
    func logDensities(_ options: String) throws -> [Double] {
      try vector(64) { out in
        try tensor(x) {
          try model.logLikelihood(
            x: $0, labels: nil, options: options, out: out, deviation: nil, monitor: Unwatched())
        }
      }
    }
    let exact = try logDensities("")
    var errors: [Double] = []
    for tolerance in [1e-2, 1e-3, 1e-4, 1e-5] {
      let found = try logDensities("method=flow trace=exact tolerance=\(tolerance)")
      let error = zip(exact, found).map { abs($0 - $1) }.max() ?? 1
      // The field is evaluated in float32.
      #expect(error < 10 * tolerance + 2e-5, "tolerance \(tolerance): error \(error)")
      errors.append(error)
    }
    #expect(errors[3] < errors[0] / 20)
    // In bits a dimension, and by signs: unbiased, so that the mean over many seeds is the exact
    // one.
    let bits = try logDensities("method=flow unit=bits_per_dimension")
    for (nats, bit) in zip(exact, bits) { #expect(abs(bit + nats / (3 * log(2))) < 1e-4) }
    let estimates = try (0 ..< 40).map {
      try logDensities("method=flow trace=hutchinson probes=4 seed=\($0) tolerance=0.001")[0]
    }
    let mean = estimates.reduce(0, +) / 40
    let square = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 39
    #expect(abs(mean - exact[0]) < 4 * (square / 40).squareRoot() + 0.01)
    #expect(square > 0)
  }
}
