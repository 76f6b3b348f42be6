import Graph
import TestSupport
import Testing

@Suite struct SimplificationTests {
  @Test func identitiesLeaveTheOperand() {
    var graph = Graph()
    let x = graph.input([2, 3])
    let (zero, one) = (graph.constant(0), graph.constant(1))
    #expect(graph.add(x, zero) == x)
    #expect(graph.multiply(one, x) == x)
    #expect(graph.negate(graph.negate(x)) == x)
    #expect(graph.divide(x, one) == x)
    #expect(graph.reshape(graph.reshape(x, [6]), [2, 3]) == x)
    #expect(graph.transpose(graph.transpose(x, [1, 0]), [1, 0]) == x)
    #expect(graph.slice(x, starts: [0, 0], sizes: [2, 3]) == x)
  }

  /// What disappears must still have stretched the other operand.
  @Test func identitiesKeepTheShape() {
    var graph = Graph()
    let row = graph.input([3])
    let ones = graph.broadcast(graph.constant(1), [2, 3])
    let product = graph.multiply(ones, row)
    #expect(graph.shape(of: product) == [2, 3])
    let zeros = graph.broadcast(graph.constant(0), [2, 3])
    let sum = graph.add(row, zeros)
    #expect(graph.shape(of: sum) == [2, 3])
    let nothing = graph.multiply(zeros, row)
    #expect(graph.shape(of: nothing) == [2, 3])
  }

  @Test func theSameOperationIsTheSameNode() {
    var graph = Graph()
    let (a, b) = (graph.input([2]), graph.input([2]))
    #expect(graph.add(a, b) == graph.add(b, a))
    #expect(graph.sigmoid(a) == graph.sigmoid(a))
    #expect(graph.add(a, a) == graph.multiply(graph.constant(2), a))
  }

  @Test func productsAbsorbTransposes() {
    var graph = Graph()
    let (a, b) = (graph.input([3, 2]), graph.input([3, 4]))
    #expect(graph.matmul(graph.transpose(a, [1, 0]), b) == graph.matmul(a, b, transposeA: true))
  }

  /// Derivatives grow with the graph, not with a power of it, and share what the forward pass
  /// computed.
  @Test(arguments: [2, 4, 8])
  func gradientsStaySmall(layers: Int) {
    var graph = Graph()
    var h = graph.input([4, 5])
    let x = h
    let weights = (0 ..< layers).map { _ in graph.parameter([5, 5]) }
    for w in weights { h = graph.silu(graph.matmul(h, w)) }
    let energy = graph.total(h)
    let score = graph.gradient(of: energy, withRespectTo: [x])[0]
    let loss = graph.total(graph.square(score))
    let gradients = graph.gradient(of: loss, withRespectTo: weights)
    #expect(graph.reachable(from: gradients).count < 60 * layers)
    let sigmoids = graph.operations.filter {
      if case .unary(.sigmoid, _) = $0 { true } else { false }
    }
    #expect(sigmoids.count == layers)
  }

  @Test func misuseNamesTheOperationAndTheShapes() {
    var graph = Graph()
    let (a, b) = (graph.input([2, 3]), graph.input([4, 3]))
    _ = graph.matmul(a, b)
    #expect(graph.error?.message.contains("matmul of [2, 3] and [4, 3]") == true)
    let first = graph.error
    _ = graph.add(a, b)
    #expect(graph.error == first)
  }

  @Test func onlySquareMatricesHaveInverses() {
    for shape: Shape in [[2, 3], [3], [4, 2, 1]] {
      var graph = Graph()
      let x = graph.input(shape)
      _ = graph.inverse(x)
      #expect(graph.error?.message == "inverse of \(shape): needs square matrices")
      var other = Graph()
      let y = other.input(shape)
      _ = other.logDeterminant(y)
      #expect(other.error?.message == "logDeterminant of \(shape): needs square matrices")
    }
  }
}
