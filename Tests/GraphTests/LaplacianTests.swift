import Graph
import TestSupport
import Testing

/// The forward Laplacian against the trace of the Jacobian of the gradient, in Double.
@Suite struct LaplacianTests {
  struct Field: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// [R, 1] of x [R, 3], and of parameters [3, 4], [4, 4] and [4, 1].
    let build: @Sendable (inout Graph, Node, [Node]) -> Node
  }

  static let fields: [Field] =
    Unary.allCases.filter { $0 != .abs && $0 != .sign && $0 != .step && $0 != .relu }.map { f in
      Field(testDescription: f.rawValue) { g, x, p in
        g.matmul(g.unaryForTest(f, g.matmul(g.square(x), p[0])), p[2])
      }
    } + [
      Field(testDescription: "perceptron") { g, x, p in
        g.matmul(g.silu(g.matmul(g.softplus(g.matmul(x, p[0])), p[1])), p[2])
      },
      Field(testDescription: "product and quotient") { g, x, p in
        let h = g.matmul(x, p[0])
        let total = g.sum(g.exp(h), axes: [1], keepAxes: true)
        let mixed = g.multiply(h, g.divide(g.tanh(h), g.add(g.constant(1), total)))
        return g.matmul(mixed, p[2])
      },
      Field(testDescription: "quotient of one by many") { g, x, p in
        let h = g.exp(g.matmul(x, p[0]))
        return g.sum(g.divide(g.sum(h, axes: [1], keepAxes: true), h), axes: [1], keepAxes: true)
      },
      Field(testDescription: "log-sum-exp of distances") { g, x, p in
        let rows = g.shape(of: x)[0]
        let centres = g.transposed(p[0])
        let far = g.squaredNorm(g.subtract(g.reshape(x, [rows, 1, 3]), centres))
        return g.logSumExp(g.negate(far), axes: [1], keepAxes: true)
      },
      Field(testDescription: "inverse and determinant") { g, x, p in
        let rows = g.shape(of: x)[0]
        let outer = g.matmul(g.reshape(x, [rows, 3, 1]), g.reshape(x, [rows, 1, 3]))
        let a = g.add(outer, g.multiply(g.constant(2), g.identity(3)))
        let b = g.matmul(g.reshape(x, [rows, 1, 3]), g.inverse(a))
        let form = g.matmul(b, g.reshape(x, [rows, 3, 1]))
        return g.add(g.reshape(form, [rows, 1]), g.reshape(g.logDeterminant(a), [rows, 1]))
      },
      Field(testDescription: "slices and joins") { g, x, p in
        let rows = g.shape(of: x)[0]
        let a = g.slice(x, starts: [0, 0], sizes: [rows, 2])
        let b = g.slice(x, starts: [0, 1], sizes: [rows, 2])
        let joined = g.concatenate([g.sin(a), g.multiply(a, b)], axis: 1)
        return g.matmul(g.square(joined), p[2])
      },
    ]

  @Test(arguments: fields) func agreesWithTheTrace(_ field: Field) throws {
    let rows = 2
    var graph = Graph()
    let x = graph.input([rows, 3])
    let parameters = [graph.parameter([3, 4]), graph.parameter([4, 4]), graph.parameter([4, 1])]
    let y = field.build(&graph, x, parameters)
    let made = graph.laplacian(of: y, withRespectTo: x)
    let forward = try #require(made)
    let gradient = graph.gradient(of: y, withRespectTo: [x])[0]
    let axes = graph.broadcast(graph.reshape(graph.identity(3), [3, 1, 3]), [3, rows, 3])
    let jacobian = graph.pushforward(of: [gradient], along: [(variable: x, tangent: axes)])[0]
    let trace = graph.sum(graph.multiply(jacobian, axes), axes: [0, 2])
    // Training differentiates it once more.
    let slopes = graph.gradient(of: graph.square(forward), withRespectTo: parameters)
    let others = graph.gradient(of: graph.square(trace), withRespectTo: parameters)
    #expect(graph.error == nil)
    var numbers = Numbers(seed: 3)
    let values = evaluate(
      graph, [forward, trace] + slopes + others, inputs: [numbers.tensor([rows, 3], 0.3 ... 1.4)],
      parameters: [
        numbers.tensor([3, 4], 0.2 ... 1), numbers.tensor([4, 4]), numbers.tensor([4, 1]),
      ])
    func same(_ a: Tensor, _ b: Tensor) -> Bool {
      let scale = max(1, b.values.map(abs).max() ?? 0)
      return zip(a.values, b.values).allSatisfy { abs($0 - $1) < 1e-9 * scale }
    }
    #expect(same(values[0], values[1]))
    for index in 0 ..< 3 { #expect(same(values[2 + index], values[5 + index])) }
  }
}
