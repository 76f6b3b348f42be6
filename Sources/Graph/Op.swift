/// A reference to one operation's result, meaningful only in the graph that made it.
package struct Node: Hashable, Sendable {
  package let index: Int

  package init(index: Int) { self.index = index }
}

/// A small constant tensor.
package struct Literal: Hashable, Sendable {
  package let shape: Shape
  package let values: [Double]

  package init(shape: Shape, values: [Double]) {
    self.shape = shape
    self.values = values
  }
}

/// The closed set of operations.
///
/// To add one: a case here, and the compiler names every rule table that lacks its line.
package enum Op: Hashable, Sendable {
  /// What varies from one shard of rows to the next; numbered in order of creation.
  case input(Int)
  case parameter(Int)
  case constant(Double)
  case literal(Literal)
  case identity(Int)
  case unary(Unary, Node)
  case binary(Binary, Node, Node)
  /// a where the condition is not 0, else b.
  case select(Node, Node, Node)
  /// Of the last two axes; the axes before them broadcast.
  case matmul(Node, Node, transposeA: Bool, transposeB: Bool)
  /// A picture [N, h, w, C] under a kernel [kh, kw, C, K].
  case convolution(Node, Node, Window)
  /// Its adjoint in the picture, of y and the kernel.
  case transposedConvolution(Node, Node, Window)
  /// Its adjoint in the kernel, of x and y.
  case convolutionWeightGradient(Node, Node, Window)
  /// Of the last two axes [.., n, n].
  case inverse(Node)
  /// ln |det x| of the last two axes [.., n, n], which go.
  case logDeterminant(Node)
  /// The axes go; they are sorted and counted from the front.
  case sum(Node, axes: [Int])
  case max(Node, axes: [Int])
  case broadcast(Node, Shape)
  case reshape(Node, Shape)
  /// Axis i of the result is axis permutation[i] of the operand.
  case transpose(Node, [Int])
  case slice(Node, starts: [Int], sizes: [Int])
  /// The operand within zeros.
  case pad(Node, starts: [Int], shape: Shape)
  case concatenate([Node], axis: Int)
  /// Entries of the first axis by a tensor [n] of whole numbers.
  case gather(Node, indices: Node)
  /// Adds entries to those that the indices name, from zeros.
  case scatterAdd(Node, indices: Node, rows: Int)
}

extension Op {
  package var inputs: [Node] {
    switch self {
    case .input, .parameter, .constant, .literal, .identity: []
    case .unary(_, let a), .inverse(let a), .logDeterminant(let a), .sum(let a, _),
      .max(let a, _), .broadcast(let a, _), .reshape(let a, _), .transpose(let a, _),
      .slice(let a, _, _), .pad(let a, _, _):
      [a]
    case .binary(_, let a, let b), .matmul(let a, let b, _, _), .gather(let a, let b),
      .scatterAdd(let a, let b, _), .convolution(let a, let b, _),
      .transposedConvolution(let a, let b, _), .convolutionWeightGradient(let a, let b, _):
      [a, b]
    case .select(let a, let b, let c): [a, b, c]
    case .concatenate(let parts, _): parts
    }
  }

  package var name: String {
    switch self {
    case .input: "input"
    case .parameter: "parameter"
    case .constant: "constant"
    case .literal: "literal"
    case .identity: "identity"
    case .unary(let unary, _): unary.rawValue
    case .binary(let binary, _, _): binary.rawValue
    case .select: "select"
    case .matmul: "matmul"
    case .convolution: "convolution"
    case .transposedConvolution: "transposedConvolution"
    case .convolutionWeightGradient: "convolutionWeightGradient"
    case .inverse: "inverse"
    case .logDeterminant: "logDeterminant"
    case .sum: "sum"
    case .max: "max"
    case .broadcast: "broadcast"
    case .reshape: "reshape"
    case .transpose: "transpose"
    case .slice: "slice"
    case .pad: "pad"
    case .concatenate: "concatenate"
    case .gather: "gather"
    case .scatterAdd: "scatterAdd"
    }
  }
}
