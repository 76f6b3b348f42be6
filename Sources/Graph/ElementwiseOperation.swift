// The operations on elements, in one list: the names that callers' graphs and files use, what each
// lacks for score matching, and what ONNX calls it. Rules of derivatives, values and kernels are
// tables over these cases, so that the compiler names the line that is missing.

package enum Unary: String, Hashable, Sendable, CaseIterable {
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

  /// Whether it has a kink or a step, at which an energy lacks the second derivative that score
  /// matching needs.
  package var hasKink: Bool { [.abs, .sign, .relu, .step].contains(self) }

  /// The operator of ONNX; nil where it takes more than one.
  package var onnxName: String? {
    switch self {
    case .negate: "Neg"
    case .step, .square: nil
    case .exp, .log, .tanh, .sigmoid, .softplus, .sqrt, .reciprocal, .sin, .cos, .abs, .sign, .relu:
      rawValue.prefix(1).uppercased() + rawValue.dropFirst()
    }
  }
}

package enum Binary: String, Hashable, Sendable, CaseIterable {
  case add
  case subtract
  case multiply
  case divide
  case maximum
  case minimum
  /// 1 where a > b, else 0.
  case greater

  package var hasKink: Bool { [.maximum, .minimum, .greater].contains(self) }

  package var onnxName: String {
    switch self {
    case .add: "Add"
    case .subtract: "Sub"
    case .multiply: "Mul"
    case .divide: "Div"
    case .maximum: "Max"
    case .minimum: "Min"
    case .greater: "Greater"
    }
  }
}
