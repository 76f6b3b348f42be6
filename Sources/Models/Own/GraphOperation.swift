import Core

/// The operations of a caller's graph, by name.
enum GraphOperation: String, Sendable, CaseIterable {
  case x
  case sigma
  case parameter
  case constant
  case identity

  case negate
  case exp
  case log
  case tanh
  case sigmoid
  case softplus
  case silu
  case sqrt
  case reciprocal
  case sin
  case cos
  case abs
  case sign
  case relu
  case step
  case square
  case power

  case add
  case subtract
  case multiply
  case divide
  case maximum
  case minimum
  case greater
  case select

  case matmul
  case convolution
  case transposedConvolution = "transposed_convolution"
  case dot
  case squaredNorm = "squared_norm"
  case sum
  case mean
  case max
  case logSumExp = "log_sum_exp"

  case broadcast
  case reshape
  case transpose
  case slice
  case concatenate
  case gather
  case inverse
  case logDeterminant = "log_determinant"

  var inputCounts: ClosedRange<Int> {
    switch self {
    case .x, .sigma, .parameter, .constant, .identity: 0 ... 0
    case .negate, .exp, .log, .tanh, .sigmoid, .softplus, .silu, .sqrt, .reciprocal, .sin, .cos,
      .abs, .sign, .relu, .step, .square, .power, .squaredNorm, .sum, .mean, .max, .logSumExp,
      .broadcast, .reshape, .transpose, .slice, .gather, .inverse, .logDeterminant:
      1 ... 1
    case .add, .subtract, .multiply, .divide, .maximum, .minimum, .greater, .matmul, .convolution,
      .transposedConvolution, .dot:
      2 ... 2
    case .select: 3 ... 3
    case .concatenate: 1 ... 256
    }
  }

  var options: [any AnyOptionKey] {
    typealias Key = NodeOptions.Key
    switch self {
    case .x: return [Key.columns]
    case .parameter: return [Key.name, Key.shape, Key.start, Key.deviation, Key.value]
    case .constant: return [Key.value]
    case .identity: return [Key.size]
    case .power: return [Key.exponent]
    case .convolution, .transposedConvolution: return [Key.stride, Key.padding]
    case .sum, .mean, .max, .logSumExp: return [Key.axes, Key.keepAxes]
    case .broadcast, .reshape: return [Key.shape]
    case .transpose: return [Key.axes]
    case .slice: return [Key.starts, Key.sizes]
    case .concatenate: return [Key.axis]
    case .gather: return [Key.indices]
    default: return []
    }
  }

  /// Whether it has a kink or a step, at which an energy lacks the second derivative that score matching needs.
  var hasKink: Bool {
    switch self {
    case .abs, .sign, .relu, .step, .maximum, .minimum, .greater, .max: true
    default: false
    }
  }
}
