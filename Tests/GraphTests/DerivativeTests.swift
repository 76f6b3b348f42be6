import Graph
import TestSupport
import Testing

/// An operation on inputs of given shapes, and a range of points away from its kinks and poles.
struct Subject: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let shapes: [[Int]]
  let range: ClosedRange<Double>
  let build: @Sendable (inout Graph, [Node]) -> Node

  init(
    _ name: String, _ shapes: [[Int]], _ range: ClosedRange<Double> = 0.3 ... 1.7,
    _ build: @escaping @Sendable (inout Graph, [Node]) -> Node
  ) {
    (testDescription, self.shapes, self.range, self.build) = (name, shapes, range, build)
  }

  static let all: [Subject] =
    Unary.allCases.map { f in Subject(f.rawValue, [[2, 3]]) { $0.unaryForTest(f, $1[0]) } }
    + Binary.allCases.map { f in
      Subject("\(f.rawValue) with broadcasting", [[2, 3], [3]]) {
        $0.binaryForTest(f, $1[0], $1[1])
      }
    } + [
      Subject("subtract of a column", [[2, 1], [2, 3]]) { $0.subtract($1[0], $1[1]) },
      Subject("divide of a scalar", [[], [2, 2]]) { $0.divide($1[0], $1[1]) },
      Subject("select", [[2, 2], [2, 2], [2]], -1 ... 1) {
        $0.select($0.step($1[0]), $1[1], $1[2])
      },
      Subject("matmul", [[2, 3], [3, 2]]) { $0.matmul($1[0], $1[1]) },
      Subject("matmul tn", [[3, 2], [3, 2]]) { $0.matmul($1[0], $1[1], transposeA: true) },
      Subject("matmul nt", [[2, 3], [4, 3]]) { $0.matmul($1[0], $1[1], transposeB: true) },
      Subject("matmul tt", [[3, 2], [4, 3]]) {
        $0.matmul($1[0], $1[1], transposeA: true, transposeB: true)
      },
      Subject("matmul with batches", [[2, 2, 3], [3, 2]]) { $0.matmul($1[0], $1[1]) },
      Subject("matmul nt with batches", [[2, 2, 3], [4, 3]]) {
        $0.matmul($1[0], $1[1], transposeB: true)
      },
      Subject("matmul tn with batches", [[2, 3, 2], [3, 2]]) {
        $0.matmul($1[0], $1[1], transposeA: true)
      },
      Subject("matmul with batches of batches", [[2, 2, 1, 3], [3, 2]]) {
        $0.matmul($1[0], $1[1])
      },
      Subject("matmul with batches right", [[2, 3], [2, 3, 2]]) { $0.matmul($1[0], $1[1]) },
      // Unequal lengths, strides and paddings along the two axes, and an input with a column that
      // nobody reads.
      Subject("convolution", [[2, 3, 4, 2], [3, 2, 2, 1]], -1 ... 1) {
        $0.convolution($1[0], $1[1], .uneven)
      },
      Subject("transposedConvolution", [[2, 2, 2, 1], [3, 2, 2, 1]], -1 ... 1) {
        $0.transposedConvolution($1[0], $1[1], .uneven)
      },
      Subject("convolutionWeightGradient", [[2, 3, 4, 2], [2, 2, 2, 1]], -1 ... 1) {
        $0.convolutionWeightGradient($1[0], $1[1], .uneven)
      },
      Subject("inverse", [[3, 3]]) { $0.inverse($0.add($1[0], $0.scaledIdentity(3, 4))) },
      Subject("inverse with batches", [[2, 2, 2]]) {
        $0.inverse($0.add($1[0], $0.scaledIdentity(2, 3)))
      },
      Subject("logDeterminant", [[3, 3]]) {
        $0.logDeterminant($0.add($1[0], $0.scaledIdentity(3, 4)))
      },
      Subject("logDeterminant with batches", [[2, 2, 2]]) {
        $0.logDeterminant($0.subtract($1[0], $0.scaledIdentity(2, 3)))
      },
      Subject("sum", [[2, 3, 2]]) { $0.sum($1[0], axes: [0, 2]) },
      Subject("max", [[2, 3]]) { $0.max($1[0], axes: [1]) },
      Subject("broadcast", [[3, 1]]) { $0.broadcast($1[0], [2, 3, 2]) },
      Subject("reshape", [[2, 3]]) { $0.reshape($1[0], [3, 2]) },
      Subject("transpose", [[2, 3, 2]]) { $0.transpose($1[0], [2, 0, 1]) },
      Subject("slice", [[3, 4]]) { $0.slice($1[0], starts: [1, 1], sizes: [2, 2]) },
      Subject("pad", [[2, 2]]) { $0.pad($1[0], starts: [1, 0], shape: [4, 3]) },
      Subject("concatenate", [[2, 1], [2, 3]]) { $0.concatenate([$1[0], $1[1]], axis: 1) },
      Subject("gather", [[3, 2]]) {
        $0.gather($1[0], indices: $0.literal(Literal(shape: [4], values: [2, 0, 2, 1])))
      },
      Subject("scatterAdd", [[4, 2]]) {
        let indices = $0.literal(Literal(shape: [4], values: [2, 0, 2, 1]))
        return $0.scatterAdd($1[0], indices: indices, rows: 3)
      },
      Subject("silu", [[3]], -2 ... 2) { $0.silu($1[0]) },
      Subject("log-sum-exp", [[2, 3]], -2 ... 2) { $0.logSumExp($1[0], axes: [1]) },
      Subject("perceptron", [[2, 3], [3, 4], [4], [4, 1]], -1 ... 1) { g, x in
        let h = g.tanh(g.add(g.matmul(x[0], x[1]), x[2]))
        return g.matmul(g.softplus(g.multiply(h, h)), x[3])
      },
    ]
}

extension Window {
  /// 3 × 4 to 2 × 2.
  static let uneven = Window.of([3, 2], [2, 1], [1, 0], [3, 4], [2, 2])

  static func of(
    _ kernel: [Int], _ stride: [Int], _ padding: [Int], _ input: [Int], _ output: [Int]
  ) -> Window {
    func pair(_ x: [Int]) -> Lengths { Lengths(x[0], x[1]) }
    return Window(
      kernel: pair(kernel), stride: pair(stride), padding: pair(padding), input: pair(input),
      output: pair(output))
  }
}

extension Graph {
  mutating func unaryForTest(_ f: Unary, _ x: Node) -> Node {
    switch f {
    case .negate: negate(x)
    case .exp: exp(x)
    case .log: log(x)
    case .tanh: tanh(x)
    case .sigmoid: sigmoid(x)
    case .softplus: softplus(x)
    case .sqrt: sqrt(x)
    case .reciprocal: reciprocal(x)
    case .sin: sin(x)
    case .cos: cos(x)
    case .abs: abs(x)
    case .sign: sign(x)
    case .relu: relu(x)
    case .step: step(x)
    case .square: square(x)
    }
  }

  mutating func binaryForTest(_ f: Binary, _ a: Node, _ b: Node) -> Node {
    switch f {
    case .add: add(a, b)
    case .subtract: subtract(a, b)
    case .multiply: multiply(a, b)
    case .divide: divide(a, b)
    case .maximum: maximum(a, b)
    case .minimum: minimum(a, b)
    case .greater: greater(a, b)
    }
  }

  mutating func scaledIdentity(_ n: Int, _ factor: Double) -> Node {
    multiply(constant(factor), identity(n))
  }

  /// Σ w y² with fixed uneven weights: a scalar whose derivatives of every order are not zero.
  mutating func weighted(_ y: Node, seed: UInt64) -> Node {
    var numbers = Numbers(seed: seed)
    let weights = numbers.tensor(shape(of: y).dims, 0.5 ... 1.5)
    let w = literal(Literal(shape: shape(of: y), values: weights.values))
    return total(multiply(w, add(square(y), y)))
  }
}

/// Every derivative is checked against central differences, to third order: a gradient is a graph,
/// so the same check runs again on its own result.
@Suite struct DerivativeTests {
  /// x σ(x) by its factor σ, which is then a variable and no function of x.
  @Test func siluByItsFactor() {
    var graph = Graph()
    let x = graph.input([3])
    let s = graph.sigmoid(x)
    let y = graph.multiply(x, s)
    let (byFactor, byBoth) = (
      graph.gradient(of: y, withRespectTo: [s])[0], graph.gradient(of: y, withRespectTo: [x])[0]
    )
    let along = graph.pushforward(of: [y], along: [(variable: s, tangent: graph.constant(1))])[0]
    let values = evaluate(
      graph, [x, byFactor, along, byBoth, s], inputs: [Tensor([3], [-1, 0.5, 2])], parameters: [])
    for i in 0 ..< 3 {
      #expect(values[1].values[i] == values[0].values[i])
      #expect(values[2].values[i] == values[0].values[i])
      let (x, s) = (values[0].values[i], values[4].values[i])
      #expect(abs(values[3].values[i] - s * (1 + x * (1 - s))) < 1e-14)
    }
  }

  @Test(arguments: Subject.all)
  func reverseMatchesDifferencesToThirdOrder(_ subject: Subject) {
    var graph = Graph()
    let nodes = subject.shapes.map { graph.input(Shape($0)) }
    var numbers = Numbers(seed: 7)
    let point = subject.shapes.map { numbers.tensor($0, subject.range) }
    var f = graph.weighted(subject.build(&graph, nodes), seed: 1)
    for order in 1 ... 3 {
      let gradients = graph.gradient(of: f, withRespectTo: nodes)
      #expect(graph.error == nil)
      check(graph, f, gradients, point, order)
      // The next function is a weighted sum of all the gradients.
      let sums = gradients.enumerated().map { graph.weighted($1, seed: UInt64(10 * order + $0)) }
      f = sums.dropFirst().reduce(sums[0]) { graph.add($0, $1) }
    }
  }

  private func check(
    _ graph: Graph, _ f: Node, _ gradients: [Node], _ point: [Tensor], _ order: Int
  ) {
    let h = 1e-5
    let exact = evaluate(graph, gradients, inputs: point)
    for variable in point.indices {
      for element in point[variable].values.indices {
        var (above, below) = (point, point)
        above[variable].values[element] += h
        below[variable].values[element] -= h
        let difference =
          (evaluate(graph, [f], inputs: above)[0].values[0]
            - evaluate(graph, [f], inputs: below)[0].values[0]) / (2 * h)
        let value = exact[variable].values[element]
        // Truncation h² and rounding 1e-16·|f|/h leave about 1e-9 of the size of f.
        let scale = max(1, abs(value), abs(evaluate(graph, [f], inputs: point)[0].values[0]))
        #expect(abs(value - difference) < 1e-6 * scale, "order \(order), variable \(variable)")
      }
    }
  }

  /// J ẋ from forward mode equals what the rows of J from reverse mode give.
  @Test(arguments: Subject.all)
  func forwardAgreesWithReverse(_ subject: Subject) {
    var graph = Graph()
    let nodes = subject.shapes.map { graph.input(Shape($0)) }
    var numbers = Numbers(seed: 9)
    let point = subject.shapes.map { numbers.tensor($0, subject.range) }
    let directions = subject.shapes.map { numbers.tensor($0) }
    let y = subject.build(&graph, nodes)
    let tangents = zip(nodes, directions).map { node, direction in
      (
        variable: node,
        tangent: graph.literal(Literal(shape: graph.shape(of: node), values: direction.values))
      )
    }
    let yDot = graph.pushforward(of: [y], along: tangents)[0]
    // d/dt of Σ w y + y² along the direction, both ways.
    let f = graph.weighted(y, seed: 3)
    let forward = graph.pushforward(of: [f], along: tangents)[0]
    let gradients = graph.gradient(of: f, withRespectTo: nodes)
    var reverse = graph.constant(0)
    for (gradient, tangent) in zip(gradients, tangents) {
      reverse = graph.add(reverse, graph.total(graph.multiply(gradient, tangent.tangent)))
    }
    #expect(graph.error == nil)
    #expect(graph.shape(of: yDot) == graph.shape(of: y))
    let values = evaluate(graph, [forward, reverse], inputs: point).map { $0.values[0] }
    #expect(abs(values[0] - values[1]) < 1e-10 * max(1, abs(values[0])))
  }

  /// Tangents with an extra leading axis are pushed forward as one at a time.
  @Test(arguments: Subject.all)
  func leadingAxesCarryManyTangents(_ subject: Subject) {
    guard subject.shapes.allSatisfy({ $0.count < 5 }) else { return }
    var graph = Graph()
    let nodes = subject.shapes.map { graph.input(Shape($0)) }
    var numbers = Numbers(seed: 11)
    let point = subject.shapes.map { numbers.tensor($0, subject.range) }
    let y = subject.build(&graph, nodes)
    let many = subject.shapes.map { numbers.tensor([2] + $0) }
    func push(_ tangents: [Tensor]) -> Node {
      let pairs = zip(nodes, tangents).map { node, t in
        (variable: node, tangent: graph.literal(Literal(shape: Shape(t.shape), values: t.values)))
      }
      return graph.pushforward(of: [y], along: pairs)[0]
    }
    let together = push(many)
    let apart = (0 ..< 2).map { k in
      push(
        many.map { t in
          let count = t.values.count / 2
          return Tensor(Array(t.shape.dropFirst()), Array(t.values[k * count ..< (k + 1) * count]))
        })
    }
    #expect(graph.error == nil)
    let results = evaluate(graph, [together] + apart, inputs: point)
    let expected = results[1].values + results[2].values
    if results[0].values.count == expected.count {
      for (a, b) in zip(results[0].values, expected) {
        #expect(abs(a - b) < 1e-12 * max(1, abs(b)))
      }
    } else {
      // A derivative that is 0 everywhere needs no leading axis.
      #expect(expected.allSatisfy { $0 == 0 } && results[0].values.allSatisfy { $0 == 0 })
    }
  }
}
