import Graph

/// A node as a formula, in Python's notation: `(x[0] - a) ** 2 / 2`.
///
/// A node that is used often is written as often, so a formula may be far longer than its graph.
/// What lies too deep for the length allowed is "…".
struct GraphFormula {
  /// How tightly an operation binds; what binds less than its surroundings is put in parentheses.
  private enum Binding: Int {
    case comparison
    case sum
    case product
    case sign
    case power
    case atom
  }

  private struct Piece {
    let text: String
    let binding: Binding
    /// Whether something in it was left out.
    var isElided = false
  }

  private let program: GraphProgram
  /// Characters that may still be written.
  private var room = 0

  private static let longest = 120
  private static let deepest = 64
  private static let mostArguments = 8

  init(_ program: GraphProgram) { self.program = program }

  func text(of node: Int) -> String {
    var best = "…"
    for depth in 1 ... GraphFormula.deepest {
      var trial = self
      trial.room = GraphFormula.longest
      guard let piece = trial.piece(node, depth) else { break }
      best = piece.text
      if !piece.isElided { break }
    }
    return best
  }

  /// "2.5", or "[1, 2, …]".
  static func constant(_ values: [Double]) -> String {
    values.count == 1 ? NumberText.number(values[0]) : NumberText.list(values)
  }

  /// Nil where there is no room for it.
  private mutating func piece(_ node: Int, _ depth: Int) -> Piece? {
    let call = program.calls[node]
    if let leaf = leaf(call) { return taken(Piece(text: leaf, binding: .atom)) }
    guard depth > 0 else { return taken(Piece(text: "…", binding: .atom, isElided: true)) }
    if let element = element(call, depth) { return element }
    switch call.operation {
    case .binary(.add): return infix(call, " + ", .sum, depth)
    case .binary(.subtract): return infix(call, " - ", .sum, depth)
    case .binary(.multiply): return infix(call, " * ", .product, depth)
    case .binary(.divide): return infix(call, " / ", .product, depth)
    case .matmul: return infix(call, " @ ", .product, depth)
    case .binary(.greater): return infix(call, " > ", .comparison, depth)
    case .unary(.negate): return negative(call, depth)
    case .unary(.square): return raised(call, "2", depth)
    case .power:
      return raised(call, NumberText.number(call.options.exponent ?? 1), depth)
    case .x, .sigma, .parameter, .constant, .identity, .unary, .silu, .binary, .select,
      .convolution, .transposedConvolution, .dot, .squaredNorm, .sum, .mean, .max, .logSumExp,
      .broadcast, .reshape, .transpose, .slice, .concatenate, .gather, .inverse, .logDeterminant:
      return function(call, depth)
    }
  }

  /// What has no operands.
  private func leaf(_ call: GraphProgram.Call) -> String? {
    switch call.operation {
    case .x: "x"
    case .sigma: "sigma"
    case .parameter: call.options.name
    case .constant: GraphFormula.constant(call.literal ?? [])
    case .identity: "identity(\(call.options.size))"
    default: nil
    }
  }

  private mutating func taken(_ piece: Piece) -> Piece? {
    room -= piece.text.count
    return room < 0 ? nil : piece
  }

  /// An operand within an operation that binds as `least` does.
  private mutating func operand(_ node: Int, _ depth: Int, atLeast least: Binding) -> Piece? {
    guard let inner = piece(node, depth - 1) else { return nil }
    guard inner.binding.rawValue < least.rawValue else { return inner }
    room -= 2
    return Piece(text: "(\(inner.text))", binding: .atom, isElided: inner.isElided)
  }

  private mutating func infix(
    _ call: GraphProgram.Call, _ sign: String, _ binding: Binding, _ depth: Int
  ) -> Piece? {
    let tighter = Binding(rawValue: binding.rawValue + 1) ?? .atom
    let left = binding == .comparison ? tighter : binding
    guard let a = operand(call.inputs[0], depth, atLeast: left),
      let b = operand(call.inputs[1], depth, atLeast: tighter)
    else { return nil }
    room -= sign.count
    return Piece(
      text: a.text + sign + b.text, binding: binding, isElided: a.isElided || b.isElided)
  }

  private mutating func negative(_ call: GraphProgram.Call, _ depth: Int) -> Piece? {
    guard let x = operand(call.inputs[0], depth, atLeast: .sign) else { return nil }
    room -= 1
    return Piece(text: "-" + x.text, binding: .sign, isElided: x.isElided)
  }

  private mutating func raised(_ call: GraphProgram.Call, _ exponent: String, _ depth: Int)
    -> Piece?
  {
    guard let x = operand(call.inputs[0], depth, atLeast: .atom) else { return nil }
    room -= exponent.count + 4
    return Piece(text: "\(x.text) ** \(exponent)", binding: .power, isElided: x.isElided)
  }

  /// `name(a, b, axes=0)`.
  private mutating func function(_ call: GraphProgram.Call, _ depth: Int) -> Piece? {
    let (name, given) = (call.operation.rawValue, call.options.text.split(separator: " "))
    var (arguments, isElided) = ([String](), false)
    for input in call.inputs.prefix(GraphFormula.mostArguments) {
      guard let argument = piece(input, depth - 1) else { return nil }
      arguments.append(argument.text)
      isElided = isElided || argument.isElided
    }
    if call.inputs.count > arguments.count { arguments.append("…") }
    arguments += given.map(String.init)
    room -= name.count + 2 * arguments.count + given.reduce(0) { $0 + $1.count }
    guard room >= 0 else { return nil }
    return Piece(
      text: "\(name)(\(arguments.joined(separator: ", ")))", binding: .atom, isElided: isElided)
  }

  /// `a[0, 1:3]`, for a slice, and for one whose axes of length 1 were dropped.
  private mutating func element(_ call: GraphProgram.Call, _ depth: Int) -> Piece? {
    var (slice, drops) = (call, false)
    if call.operation == .reshape || call.operation == .sum {
      slice = program.calls[call.inputs[0]]
      drops = true
    }
    guard slice.operation == .slice, let starts = slice.options.starts,
      let sizes = slice.options.sizes
    else { return nil }
    if drops {
      let kept = sizes.filter { $0 != 1 }
      let result =
        call.operation == .reshape
        ? call.options.shape : call.options.axes == nil && !call.options.keepAxes ? [] : nil
      guard result == kept else { return nil }
    }
    let places = zip(starts, sizes).map { start, size in
      drops && size == 1 ? "\(start)" : "\(start):\(start + size)"
    }
    guard let x = operand(slice.inputs[0], depth, atLeast: .atom) else { return nil }
    let index = "[\(places.joined(separator: ", "))]"
    room -= index.count
    return Piece(text: x.text + index, binding: .atom, isElided: x.isElided)
  }
}
