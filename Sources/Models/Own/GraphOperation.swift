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

  var options: Set<String> {
    switch self {
    case .x: ["columns"]
    case .parameter: ["name", "shape", "start", "deviation", "value"]
    case .constant: ["value"]
    case .identity: ["size"]
    case .power: ["exponent"]
    case .convolution, .transposedConvolution: ["stride", "padding"]
    case .sum, .mean, .max, .logSumExp: ["axes", "keep_axes"]
    case .broadcast, .reshape: ["shape"]
    case .transpose: ["axes"]
    case .slice: ["starts", "sizes"]
    case .concatenate: ["axis"]
    case .gather: ["indices"]
    default: []
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

/// The options of one node, as the table "graph" describes them.
struct NodeOptions: Sendable {
  private(set) var text: String
  private(set) var columns = 0
  private(set) var name = ""
  private(set) var shape: [Int]?
  private(set) var start = ParameterSpec.Start.zeros
  private(set) var value: Double?
  private(set) var size = 1
  private(set) var exponent: Double?
  private(set) var axes: [Int]?
  private(set) var keepAxes = false
  private(set) var starts: [Int]?
  private(set) var sizes: [Int]?
  private(set) var axis = 0
  private(set) var indices: [Int]?
  /// Along each axis of a picture, or one for both.
  private(set) var stride: [Int]?
  private(set) var padding: [Int]?

  init(_ text: String, _ operation: GraphOperation) throws {
    let options = try Options(text, .graph)
    if let stranger = options.keys.first(where: { !operation.options.contains($0) }) {
      let own = operation.options.sorted().joined(separator: ", ")
      throw Options.bad(
        stranger,
        "is not for \(operation.rawValue), which takes \(own.isEmpty ? "no option" : own)")
    }
    self.text = options.text
    columns = options.integer("columns") ?? 0
    name = options.value("name")
    shape = options.integers("shape")
    value = options.number("value")
    size = options.value("size")
    exponent = options.number("exponent")
    axes = options.integers("axes")
    keepAxes = options.value("keep_axes")
    starts = options.integers("starts")
    sizes = options.integers("sizes")
    axis = options.value("axis")
    indices = options.integers("indices")
    stride = options.value("stride")
    padding = options.integers("padding")
    for (key, given) in [("stride", stride), ("padding", padding)] {
      guard (1 ... 2).contains(given?.count ?? 1) else {
        throw Options.bad(
          key, "has \(given?.count ?? 0) numbers; it takes one, or height and width")
      }
    }
    let deviation: Double = options.value("deviation")
    switch options.value("start") as String {
    case "ones": start = .ones
    case "normal": start = .normal(deviation: deviation)
    case "identity":
      guard let shape, shape.count >= 2, shape[shape.count - 1] == shape[shape.count - 2] else {
        throw Options.bad("start", "is 'identity', which wants a shape with equal last axes")
      }
      start = .diagonal(1)
    default: start = value.map(ParameterSpec.Start.constant) ?? .zeros
    }
  }

  func with(shape: [Int]?) -> NodeOptions {
    var copy = self
    copy.shape = shape
    return copy
  }
}
