package import Kernels

// Work on whole views: random rows and the optimiser's pass. What the subject needs beside graphs.

extension View where Element == Float {
  /// Of whole vectors: the generic one goes element by element where it is not specialised.
  package func fill(_ value: Float) { unsafe Kernels.fill(base, value, count: count) }

  package func copy(_ values: [Float]) {
    assert(values.count <= count)
    for (index, value) in values.enumerated() { self[index] = value }
  }

  /// Fills rows of `columns` standard normals; row r of them depends on `source` and firstRow + r alone.
  package func fillNormal(rows: Int, columns: Int, _ source: RandomSource, firstRow: UInt64) {
    assert(rows * columns <= count)
    unsafe Kernels.fillNormal(
      base, rowStride: columns, rows: rows, columns: columns, source: source, firstRow: firstRow)
  }

  /// The same of uniforms in (0, 1).
  package func fillUniform(rows: Int, columns: Int, _ source: RandomSource, firstRow: UInt64) {
    assert(rows * columns <= count)
    unsafe Kernels.fillUniform(
      base, rowStride: columns, rows: rows, columns: columns, source: source, firstRow: firstRow)
  }

  /// The same for rows with numbers of their own, as many as there are.
  package func fillNormal(columns: Int, _ source: RandomSource, numbers: View<Int32>) {
    assert(numbers.count * columns <= count)
    unsafe Kernels.fillNormal(
      base, rowStride: columns, rows: numbers.count, columns: columns, source: source,
      numbers: numbers.base)
  }

  package func fillUniform(columns: Int, _ source: RandomSource, numbers: View<Int32>) {
    assert(numbers.count * columns <= count)
    unsafe Kernels.fillUniform(
      base, rowStride: columns, rows: numbers.count, columns: columns, source: source,
      numbers: numbers.base)
  }

  /// Sum of squares, in Double and in a fixed order.
  package var squaredNorm: Double { unsafe Kernels.squaredNorm(base, count: count) }

  package var allFinite: Bool { unsafe Kernels.allFinite(base, count: count) }

  package func scale(by factor: Float) { unsafe Kernels.scale(base, by: factor, count: count) }
}

/// Adam's constants for one step (Kingma & Ba 2015, algorithm 1, with the bias corrections folded in).
package struct AdamStep: Sendable {
  /// rate / (1 − β₁ᵗ).
  package let rate: Float
  package let beta1: Float
  package let beta2: Float
  /// 1 / (1 − β₂ᵗ).
  package let secondCorrection: Float
  package let epsilon: Float
  /// Of the parameters' exponential moving average.
  package let averageDecay: Float

  package init(
    rate: Double, beta1: Double, beta2: Double, epsilon: Double, step: Int, averageDecay: Double
  ) {
    self.rate = Float(rate / (1 - power(beta1, step)))
    self.beta1 = Float(beta1)
    self.beta2 = Float(beta2)
    secondCorrection = Float(1 / (1 - power(beta2, step)))
    self.epsilon = Float(epsilon)
    self.averageDecay = Float(averageDecay)
  }

  /// One pass over parameters, moments and average; all views of the same length.
  package func update(
    _ parameters: View<Float>, gradient: View<Float>, first: View<Float>, second: View<Float>,
    average: View<Float>
  ) {
    unsafe adam(
      parameters.base, gradient.base, first.base, second.base, average.base,
      count: parameters.count, rate: rate, beta1: beta1, beta2: beta2,
      secondCorrection: secondCorrection, epsilon: epsilon, averageDecay: averageDecay)
  }
}

/// xⁿ by repeated squaring: no dependence on a mathematics library's rounding.
private func power(_ x: Double, _ n: Int) -> Double {
  var (result, square, rest) = (1.0, x, n)
  while rest > 0 {
    if rest & 1 == 1 { result *= square }
    square *= square
    rest >>= 1
  }
  return result
}
