import Graph
import TestSupport
import Testing

/// A function of rows x [4, 3] and of parameters, away from its kinks and poles where x is in `range`.
struct RowFunction: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let parameters: [[Int]]
  let range: ClosedRange<Double>
  let build: @Sendable (inout Graph, _ x: Node, _ parameters: [Node]) -> Node

  static let (rows, dimension) = (4, 3)

  init(
    _ name: String, _ parameters: [[Int]] = [], _ range: ClosedRange<Double> = 0.3 ... 1.7,
    _ build: @escaping @Sendable (inout Graph, Node, [Node]) -> Node
  ) {
    (testDescription, self.parameters, self.range, self.build) = (name, parameters, range, build)
  }

  static let all: [RowFunction] = energies + networks + mixtures + operations + movements

  static let energies: [RowFunction] = Activation.allCases.map { f in
    RowFunction("\(f) energy", [[3, 5], [5], [5, 4], [4], [4, 1]], -1 ... 1) { g, x, p in
      let h = f(&g, g.add(g.matmul(x, p[0]), p[1]))
      return g.matmul(f(&g, g.add(g.matmul(h, p[2]), p[3])), p[4])
    }
  }

  static let networks: [RowFunction] = [
    RowFunction("residual energy over a base", [[3, 4], [4, 4], [4, 4], [4, 1]], -1 ... 1) {
      g, x, p in
      let h = g.matmul(g.multiply(g.constant(0.7), x), p[0])
      let r = g.matmul(g.silu(g.matmul(g.silu(h), p[1])), p[2])
      let out = g.matmul(g.silu(g.add(h, r)), p[3])
      return g.add(out, g.multiply(g.constant(0.5), g.squaredNorm(x, keepAxes: true)))
    },
    RowFunction("network of three outputs", [[3, 4], [4, 3]], -1 ... 1) { g, x, p in
      g.matmul(g.softplus(g.square(g.matmul(x, p[0]))), p[1])
    },
    RowFunction("norm of a network", [[3, 4], [4, 3]], -1 ... 1) { g, x, p in
      let y = g.subtract(g.matmul(g.tanh(g.matmul(x, p[0])), p[1]), x)
      return g.sqrt(g.add(g.squaredNorm(y), g.constant(0.5)))
    },
    RowFunction("gradient of an energy", [[3, 4], [4, 1]], -1 ... 1) { g, x, p in
      let energy = g.matmul(g.silu(g.matmul(x, p[0])), p[1])
      return g.gradient(of: energy, withRespectTo: [x])[0]
    },
  ]

  static let mixtures: [RowFunction] = [
    RowFunction("normal mixture", [[2, 3], [2, 3], [2]], -1 ... 1) { g, x, p in
      let offset = g.subtract(g.reshape(x, [4, 1, 3]), p[0])
      let exponent = g.sum(g.multiply(g.square(offset), g.exp(p[1])), axes: [-1])
      return g.logSumExp(g.subtract(p[2], exponent), axes: [1])
    },
    RowFunction("full normal mixture", [[2, 3], [2, 3, 3]], -1 ... 1) { g, x, p in
      let offset = g.subtract(g.reshape(x, [4, 1, 1, 3]), g.reshape(p[0], [1, 2, 1, 3]))
      let white = g.matmul(offset, g.add(p[1], g.identity(3)))
      return g.logSumExp(g.negate(g.sum(g.square(white), axes: [2, 3])), axes: [1])
    },
    RowFunction("ratio", [[3, 1], [3, 2]]) { g, x, p in
      g.divide(g.exp(g.matmul(x, p[0])), g.add(g.constant(2), g.square(g.matmul(x, p[1]))))
    },
  ]
}

private enum Activation: String, CaseIterable {
  case silu, tanh, softplus, sin

  func callAsFunction(_ g: inout Graph, _ x: Node) -> Node {
    switch self {
    case .silu: g.silu(x)
    case .tanh: g.tanh(x)
    case .softplus: g.softplus(x)
    case .sin: g.sin(x)
    }
  }
}

extension RowFunction {
  static let operations: [RowFunction] =
    Unary.allCases.map { f in
      RowFunction("\(f.rawValue) of a product", [[3, 2]]) { g, x, p in
        g.unaryForTest(f, g.matmul(g.square(x), g.square(p[0])))
      }
    }
    + Binary.allCases.map { f in
      RowFunction("\(f.rawValue) of two values", [[3, 2], [3, 1]]) { g, x, p in
        let (a, b) = (g.matmul(x, g.square(p[0])), g.matmul(g.square(x), g.square(p[1])))
        return g.multiply(b, g.binaryForTest(f, a, b))
      }
    } + [
      RowFunction("product of a value and a column") { g, x, _ in
        g.multiply(g.exp(x), g.sum(g.square(x), axes: [1], keepAxes: true))
      },
      RowFunction("sums of products of one value") { g, x, _ in
        g.divide(g.multiply(x, g.sin(x)), g.add(x, g.exp(g.negate(x))))
      },
      RowFunction("select", [], -1 ... 1) { g, x, _ in
        let y = g.multiply(x, g.sum(x, axes: [1], keepAxes: true))
        return g.select(g.step(x), g.exp(y), g.square(y))
      },
      RowFunction("max", [[3, 4]]) { g, x, p in
        g.square(g.max(g.exp(g.matmul(x, p[0])), axes: [1]))
      },
      RowFunction("matmul of two values", [[3, 6], [3, 4]]) { g, x, p in
        let a = g.reshape(g.sin(g.matmul(x, p[0])), [4, 2, 3])
        let b = g.reshape(g.exp(g.matmul(x, p[1])), [4, 2, 2])
        return g.matmul(a, b, transposeA: true, transposeB: true)
      },
      RowFunction("quadratic form of a matrix of x", [[3, 9]]) { g, x, p in
        let a = g.reshape(g.sin(g.matmul(x, p[0])), [4, 3, 3])
        let row = g.reshape(x, [4, 1, 3])
        return g.matmul(g.matmul(row, a), row, transposeB: true)
      },
      RowFunction("energy of a convolution", [[3, 12], [2, 3, 2, 2], [2, 2, 2, 1]], -1 ... 1) {
        g, x, p in
        let picture = g.reshape(g.sin(g.matmul(x, p[0])), [4, 2, 3, 2])
        let h = g.silu(
          g.convolution(picture, p[1], .of([2, 3], [1, 1], [1, 1], [2, 3], [2, 3])))
        let y = g.convolution(h, p[2], .of([2, 2], [2, 2], [0, 1], [2, 3], [1, 2]))
        return g.sum(g.square(y), axes: [1, 2, 3])
      },
      RowFunction("transposedConvolution", [[3, 4], [2, 2, 2, 1]], -1 ... 1) { g, x, p in
        let y = g.reshape(g.sin(g.matmul(x, p[0])), [4, 2, 2, 1])
        return g.transposedConvolution(y, p[1], .of([2, 2], [2, 1], [1, 0], [3, 3], [2, 2]))
      },
      RowFunction("inverse", [[3, 9]]) { g, x, p in
        let a = g.reshape(g.sin(g.matmul(x, p[0])), [4, 3, 3])
        return g.inverse(g.add(a, g.scaledIdentity(3, 4)))
      },
      RowFunction("logDeterminant", [[3, 18]]) { g, x, p in
        let a = g.reshape(g.sin(g.matmul(x, p[0])), [4, 2, 3, 3])
        return g.logDeterminant(g.add(a, g.scaledIdentity(3, 4)))
      },
      RowFunction("no dependence", [[4, 2]]) { _, _, p in p[0] },
      RowFunction("x itself") { _, x, _ in x },
    ]

  static let movements: [RowFunction] = [
    RowFunction("broadcast") { g, x, _ in
      g.square(g.broadcast(g.sum(g.sin(x), axes: [1], keepAxes: true), [4, 3]))
    },
    RowFunction("transpose") { g, x, _ in
      let y = g.exp(g.transpose(x, [1, 0]))
      return g.transpose(g.multiply(y, g.sum(y, axes: [0])), [1, 0])
    },
    RowFunction("slice and pad") { g, x, _ in
      let y = g.slice(g.exp(x), starts: [0, 1], sizes: [4, 2])
      return g.pad(g.square(y), starts: [0, 1], shape: [4, 4])
    },
    RowFunction("concatenate") { g, x, _ in
      let column = g.sum(g.square(x), axes: [1], keepAxes: true)
      let ones = g.broadcast(g.constant(1), [4, 1])
      return g.sin(g.concatenate([x, ones, g.square(column)], axis: 1))
    },
    RowFunction("gather and scatter") { g, x, _ in
      let indices = g.literal(Literal(shape: [4], values: [2, 0, 2, 1]))
      let y = g.gather(g.transpose(g.exp(x), [1, 0]), indices: indices)
      let z = g.scatterAdd(g.square(y), indices: indices, rows: 3)
      return g.sin(g.transpose(z, [1, 0]))
    },
  ]
}

@Suite struct LaplacianTests {
  private typealias Made = (graph: Graph, x: Node, parameters: [Node], laplacian: Node, y: Node)

  private func make(_ f: RowFunction) throws -> Made {
    var graph = Graph()
    let x = graph.input([RowFunction.rows, RowFunction.dimension])
    let parameters = f.parameters.map { graph.parameter(Shape($0)) }
    let y = f.build(&graph, x, parameters)
    let made = graph.laplacian(of: y, withRespectTo: x)
    let laplacian = try #require(made)
    #expect(graph.shape(of: laplacian) == graph.shape(of: y))
    return (graph, x, parameters, laplacian, y)
  }

  private func point(_ f: RowFunction) -> (x: Tensor, parameters: [Tensor]) {
    var numbers = Numbers(seed: 21)
    let x = numbers.tensor([RowFunction.rows, RowFunction.dimension], f.range)
    return (x, f.parameters.map { numbers.tensor($0) })
  }

  /// Σ w Δy is the trace of the Jacobian of the gradient of Σ w y, row by row; both in Double, so
  /// up to rounding.
  @Test(arguments: RowFunction.all)
  func isTheTraceOfTheHessian(_ f: RowFunction) throws {
    var (graph, x, _, laplacian, y): Made = try make(f)
    let shape = graph.shape(of: y)
    var numbers = Numbers(seed: 22)
    let values = numbers.tensor(shape.dims, 0.5 ... 1.5).values
    let weights = graph.literal(Literal(shape: shape, values: values))
    let axes = Array(1 ..< shape.rank)
    let energy = graph.sum(graph.multiply(weights, y), axes: axes)
    let expected = graph.traceByJacobian(of: energy, x)
    let found = graph.sum(graph.multiply(weights, laplacian), axes: axes)
    #expect(graph.error == nil)
    let (given, parameters) = point(f)
    let results = evaluate(graph, [found, expected], inputs: [given], parameters: parameters)
    for (a, b) in zip(results[0].values, results[1].values) {
      #expect(abs(a - b) < 1e-10 * max(1, abs(b)))
    }
  }

  /// Training differentiates the Laplacian; against central differences.
  @Test(arguments: RowFunction.energies + RowFunction.networks + RowFunction.mixtures)
  func hasDerivatives(_ f: RowFunction) throws {
    var (graph, _, parameters, laplacian, _) = try make(f)
    let loss = graph.weighted(laplacian, seed: 23)
    let gradients = graph.gradient(of: loss, withRespectTo: parameters)
    #expect(graph.error == nil)
    let (given, fixed) = point(f)
    func value(_ parameters: [Tensor]) -> Double {
      evaluate(graph, [loss], inputs: [given], parameters: parameters)[0].values[0]
    }
    let exact = evaluate(graph, gradients, inputs: [given], parameters: fixed)
    let (h, size) = (1e-5, abs(value(fixed)))
    for (variable, tensor) in fixed.enumerated() {
      for element in tensor.values.indices {
        var (above, below) = (fixed, fixed)
        above[variable].values[element] += h
        below[variable].values[element] -= h
        let difference = (value(above) - value(below)) / (2 * h)
        let found = exact[variable].values[element]
        // Truncation h² and rounding 1e-16·|loss|/h leave about 1e-9 of its size.
        #expect(abs(found - difference) < 1e-6 * max(1, abs(found), size), "\(variable)")
      }
    }
  }

  /// The form Σ vᵀ ∇²y v of the gradient and one pass of tangents is the derivative of the gradient
  /// along v, with one direction and with several; where rows leave the first axis there is none.
  @Test(arguments: RowFunction.all, [[], [3]])
  func hessianFormIsTheGradientsDerivative(_ f: RowFunction, lead: [Int]) throws {
    var graph = Graph()
    let dims = [RowFunction.rows, RowFunction.dimension]
    let x = graph.input(Shape(dims))
    let v = graph.input(Shape(lead + dims))
    let parameters = f.parameters.map { graph.parameter(Shape($0)) }
    let y = f.build(&graph, x, parameters)
    let form = graph.hessianForm(of: y, along: (variable: x, tangent: v))
    let leaves = ["transpose", "gather and scatter"]
    guard let form else {
      #expect(leaves.contains(f.testDescription) || !lead.isEmpty && graph.shape(of: y).rank > 4)
      return
    }
    #expect(!leaves.contains(f.testDescription))
    #expect(graph.shape(of: form) == [RowFunction.rows, 1])
    let gradient = graph.gradient(of: y, withRespectTo: [x])[0]
    let along = graph.pushforward(of: [gradient], along: [(variable: x, tangent: v)])[0]
    let whole = graph.broadcast(graph.multiply(along, v), Shape(lead + dims))
    let expected = graph.sum(whole, axes: lead.isEmpty ? [1] : [0, 2])
    let loss = graph.weighted(form, seed: 23)
    let gradients = graph.gradient(of: loss, withRespectTo: parameters)
    let other = graph.weighted(graph.reshape(expected, [RowFunction.rows, 1]), seed: 23)
    let others = graph.gradient(of: other, withRespectTo: parameters)
    #expect(graph.error == nil)
    let (given, fixed) = point(f)
    var numbers = Numbers(seed: 24)
    let directions = numbers.tensor(lead + dims)
    let results = evaluate(
      graph, [form, expected] + gradients + others, inputs: [given, directions], parameters: fixed)
    func compare(_ a: Tensor, _ b: Tensor) {
      let size = b.values.reduce(1) { max($0, abs($1)) }
      for (a, b) in zip(a.values, b.values) { #expect(abs(a - b) < 1e-10 * size) }
    }
    compare(results[0], results[1])
    for k in parameters.indices { compare(results[2 + k], results[2 + parameters.count + k]) }
  }

  /// A layer takes three products: forward, its tangent, and back.
  @Test func hessianFormTakesOneProductALayerBesideTheGradient() {
    var graph = Graph()
    let x = graph.input([8, 10])
    var h = x
    for shape: Shape in [[10, 16], [16, 16], [16, 16]] {
      h = graph.softplus(graph.matmul(h, graph.parameter(shape)))
    }
    let energy = graph.sum(h, axes: [1], keepAxes: true)
    let score = graph.gradient(of: energy, withRespectTo: [x])[0]
    let v = graph.input([8, 10])
    let form = graph.hessianForm(of: energy, along: (variable: x, tangent: v))
    let products = graph.reachable(from: [score, form ?? score]).count { node in
      if case .matmul = graph.operation(node) { true } else { false }
    }
    #expect(products == 9)
  }

  @Test func fiveAxesLeaveNoRoomForTangents() {
    var graph = Graph()
    let x = graph.input([2, 3])
    let y = graph.sum(graph.square(graph.reshape(x, [2, 1, 1, 1, 3])), axes: [1, 2, 3, 4])
    #expect(graph.laplacian(of: y, withRespectTo: x) == nil)
    #expect(graph.error == nil)
  }

  /// One pass forward: half the products in D tangents that a gradient's Jacobian takes, and one
  /// elementwise function a layer.
  @Test func costsHalfOfTheGradientsJacobian() {
    var graph = Graph()
    let x = graph.input([8, 10])
    var h = x
    for shape: Shape in [[10, 16], [16, 16], [16, 16]] {
      h = graph.silu(graph.matmul(h, graph.parameter(shape)))
    }
    let energy = graph.matmul(h, graph.parameter([16, 1]))
    func products(_ node: Node) -> Int {
      graph.reachable(from: [node]).count { node in
        guard case .matmul = graph.operation(node) else { return false }
        return graph.shape(of: node).rank == 3
      }
    }
    guard let forward = graph.laplacian(of: energy, withRespectTo: x) else { return }
    let both = graph.traceByJacobian(of: energy, x)
    #expect(products(forward) == 3)
    #expect(products(both) == 6)
  }
}

extension Graph {
  /// tr ∇²E of each row by the Jacobian of the gradient.
  fileprivate mutating func traceByJacobian(of energy: Node, _ x: Node) -> Node {
    let (rows, dimension) = (shape(of: x)[0], shape(of: x)[1])
    let gradient = gradient(of: energy, withRespectTo: [x])[0]
    let axes = reshape(identity(dimension), [dimension, 1, dimension])
    let tangents = broadcast(axes, [dimension, rows, dimension])
    let jacobian = pushforward(of: [gradient], along: [(variable: x, tangent: tangents)])[0]
    return sum(broadcast(multiply(jacobian, axes), [dimension, rows, dimension]), axes: [0, 2])
  }
}
