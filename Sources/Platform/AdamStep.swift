import Kernels

/// Adam's constants for one step (Kingma & Ba 2015, algorithm 1, with the bias corrections folded
/// in).
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
