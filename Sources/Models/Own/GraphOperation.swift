import Core
import Graph

/// The operations of a caller's graph, by name: those on elements as `Graph` lists them, and what
/// has axes.
enum GraphOperation: Hashable, Sendable {
  case x
  case sigma
  case parameter
  case constant
  case identity

  case unary(Unary)
  case silu
  case power

  case binary(Binary)
  case select

  case matmul
  case convolution
  case transposedConvolution
  case dot
  case squaredNorm
  case sum
  case mean
  case max
  case logSumExp

  case broadcast
  case reshape
  case transpose
  case slice
  case concatenate
  case gather
  case inverse
  case logDeterminant

  var inputCounts: ClosedRange<Int> {
    switch self {
    case .x, .sigma, .parameter, .constant, .identity: 0 ... 0
    case .unary, .silu, .power, .squaredNorm, .sum, .mean, .max, .logSumExp, .broadcast, .reshape,
      .transpose, .slice, .gather, .inverse, .logDeterminant:
      1 ... 1
    case .binary, .matmul, .convolution, .transposedConvolution, .dot: 2 ... 2
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

  /// Whether it has a kink or a step, at which an energy lacks the second derivative that score
  /// matching needs.
  var hasKink: Bool {
    switch self {
    case .unary(let operation): operation.hasKink
    case .binary(let operation): operation.hasKink
    case .max: true
    default: false
    }
  }
}

extension GraphOperation: CaseIterable, RawRepresentable {
  static let allCases: [GraphOperation] =
    [.x, .sigma, .parameter, .constant, .identity] + Unary.allCases.map(unary) + [.silu, .power]
    + Binary.allCases.map(binary) + [
      .select, .matmul, .convolution, .transposedConvolution, .dot, .squaredNorm, .sum, .mean, .max,
      .logSumExp, .broadcast, .reshape, .transpose, .slice, .concatenate, .gather, .inverse,
      .logDeterminant,
    ]

  init?(rawValue: String) {
    guard let operation = Self.allCases.first(where: { $0.rawValue == rawValue }) else {
      return nil
    }
    self = operation
  }

  /// As callers and files name it.
  var rawValue: String {
    switch self {
    case .unary(let operation): operation.rawValue
    case .binary(let operation): operation.rawValue
    case .transposedConvolution: "transposed_convolution"
    case .squaredNorm: "squared_norm"
    case .logSumExp: "log_sum_exp"
    case .logDeterminant: "log_determinant"
    case .x, .sigma, .parameter, .constant, .identity, .silu, .power, .select, .matmul,
      .convolution, .dot, .sum, .mean, .max, .broadcast, .reshape, .transpose, .slice,
      .concatenate, .gather, .inverse:
      String(describing: self)
    }
  }
}
