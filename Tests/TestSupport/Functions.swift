import Glibc
package import Graph

/// The elementwise operations by definition.
package func apply(_ op: Unary, _ x: Double) -> Double {
  switch op {
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

package func apply(_ op: Binary, _ a: Double, _ b: Double) -> Double {
  switch op {
  case .add: a + b
  case .subtract: a - b
  case .multiply: a * b
  case .divide: a / b
  case .maximum: max(a, b)
  case .minimum: min(a, b)
  case .greater: a > b ? 1 : 0
  }
}

/// A sequence of numbers in (0, 1) that repeats with its seed (SplitMix64).
package struct Numbers {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return (Double((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53
  }

  package mutating func tensor(_ shape: [Int], _ range: ClosedRange<Double> = -1 ... 1) -> Tensor {
    let width = range.upperBound - range.lowerBound
    return Tensor(shape, (0 ..< shape.reduce(1, *)).map { _ in range.lowerBound + width * next() })
  }
}

func naturalLog(_ x: Double) -> Double { log(x) }

func cosine(_ x: Double) -> Double { cos(x) }
