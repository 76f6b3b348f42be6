import Execution
import Graph
import Platform
import TestSupport
import Testing

/// Products, inverses and determinants of batches of matrices.
extension ExecutorTests {
  /// Well conditioned, asymmetric, and with rows that must be exchanged.
  private func matrices(_ shape: [Int], seed: UInt64) -> Tensor {
    var numbers = Numbers(seed: seed)
    var tensor = numbers.tensor(shape)
    let n = shape.last ?? 1
    for i in tensor.values.indices where (i / n + 1) % n == i % n {
      tensor.values[i] += 2 + Double(n) / 2
    }
    return tensor
  }

  @Test(arguments: [1, 2, 3, 4, 6], [[], [5], [2, 3]])
  func inversesAndDeterminants(n: Int, batch: [Int]) throws {
    let shape = batch + [n, n]
    var graph = Graph()
    let x = graph.input(Shape(shape))
    let p = graph.parameter(Shape(shape))
    let outputs = [x, p].flatMap { [graph.inverse($0), graph.logDeterminant($0)] }
    let sums = [graph.total(graph.exp(outputs[1])), outputs[1]]
    #expect(graph.error == nil)
    let (given, fixed) = (matrices(shape, seed: 3), matrices(shape, seed: 4))
    let exact = evaluate(graph, outputs + sums, inputs: [given], parameters: [fixed])
    let result = try run(graph, rows: outputs, sums: sums, inputs: [given], parameters: [fixed])
    for (index, values) in result.rows.enumerated() { compare(values, exact[index], "\(index)") }
    for (index, values) in result.sums.enumerated() {
      compare(values, exact[index + 4], times: 2, "sum \(index)")
    }
  }

  /// Where expansion is too slow: A A⁻¹ = 1, and ln det L Lᵀ = 2 Σ ln Lᵢᵢ.
  @Test(arguments: [13, 40])
  func largeMatrices(n: Int) throws {
    var graph = Graph()
    let (x, lower) = (graph.input([3, n, n]), graph.input([n, n]))
    let outputs = [
      graph.matmul(x, graph.inverse(x)),
      graph.logDeterminant(graph.matmul(lower, lower, transposeB: true)),
    ]
    let given = matrices([3, n, n], seed: 5)
    let triangle = Tensor([n, n]) { i in
      let (row, column) = (i / n, i % n)
      return row < column ? 0 : row == column ? 0.5 + Double(row % 3) : 0.1 / Double(1 + row)
    }
    let result = try run(graph, rows: outputs, inputs: [given, triangle], parameters: [])
    compare(result.rows[0], Tensor([3, n, n]) { $0 % (n * n) % (n + 1) == 0 ? 1 : 0 })
    let logarithms = (0 ..< n).map { 2 * apply(.log, 0.5 + Double($0 % 3)) }
    compare(result.rows[1], Tensor([], [logarithms.reduce(0, +)]))
  }

  /// A matrix's result does not depend on its place, nor on a singular neighbour, whose own is not
  /// finite.
  @Test(arguments: [1, 2, 5, 13])
  func matricesAreIndependent(n: Int) throws {
    var graph = Graph()
    let x = graph.input([8, n, n])
    let outputs = [graph.inverse(x), graph.logDeterminant(x)]
    let one = matrices([n, n], seed: 6).values
    let size = n * n
    let given = Tensor([8, n, n]) { $0 / size == 3 ? Double($0 % n) : one[$0 % size] }
    let result = try run(graph, rows: outputs, inputs: [given], parameters: []).rows
    for place in 0 ..< 8 where place != 3 {
      #expect(result[0][place * size ..< (place + 1) * size] == result[0][0 ..< size][...])
      #expect(result[1][place] == result[1][0])
    }
    #expect(result[0][3 * size ..< 4 * size].contains { !$0.isFinite })
    #expect(result[1][3] == -.infinity)
  }

  /// Zeros, infinities and NaNs come out as values, never as a trap.
  @Test(arguments: [Float(0), .infinity, .nan, .leastNonzeroMagnitude, .greatestFiniteMagnitude])
  func unusualMatrices(value: Float) throws {
    var graph = Graph()
    let x = graph.input([2, 3, 3])
    let outputs = [graph.inverse(x), graph.logDeterminant(x)]
    let full = Tensor([2, 3, 3]) { $0 < 9 || $0 % 9 == 4 ? Double(value) : Double($0 % 4) }
    let result = try run(graph, rows: outputs, inputs: [full], parameters: []).rows
    #expect(result[0][0 ..< 9].contains { !$0.isFinite } && !result[1][0].isFinite)
  }

  /// Batches on either side, on both, stretched against each other, and transposed.
  @Test(arguments: [
    ([7, 1, 3], [7, 3, 5]), ([7, 3, 5], [7, 5, 2]), ([5, 4], [6, 4, 3]), ([6, 5, 4], [4, 3]),
    ([2, 1, 3, 4], [5, 4, 2]), ([4, 3, 1, 6], [4, 1, 6, 6]), ([2, 3, 1, 5], [2, 3, 5, 5]),
    ([3, 1, 4, 4], [2, 4, 4]), ([1, 2, 3, 4], [2, 2, 4, 3]), ([2, 2, 4, 3], [1, 3, 17]),
  ])
  func productsOfBatches(left: [Int], right: [Int]) throws {
    func flipped(_ shape: [Int]) -> [Int] {
      shape.dropLast(2) + [shape[shape.count - 1], shape[shape.count - 2]]
    }
    for (flipA, flipB) in [(false, false), (false, true), (true, false), (true, true)] {
      let (a, b) = (flipA ? flipped(left) : left, flipB ? flipped(right) : right)
      var graph = Graph()
      let (x, y) = (graph.input(Shape(a)), graph.input(Shape(b)))
      let (p, q) = (graph.parameter(Shape(a)), graph.parameter(Shape(b)))
      let outputs = [(x, y), (p, y), (x, q), (p, q)].map { pair in
        graph.matmul(pair.0, pair.1, transposeA: flipA, transposeB: flipB)
      }
      #expect(graph.error == nil)
      var numbers = Numbers(seed: 7)
      let (inputs, parameters) = (
        [numbers.tensor(a), numbers.tensor(b)], [numbers.tensor(a), numbers.tensor(b)]
      )
      let exact = evaluate(graph, outputs, inputs: inputs, parameters: parameters)
      let result = try run(graph, rows: outputs, inputs: inputs, parameters: parameters)
      for index in outputs.indices {
        compare(result.rows[index], exact[index], "\(a) \(b) \(flipA) \(flipB) \(index)")
      }
    }
  }

  /// Weights so large that products read them in panels, as they are and transposed; prepared
  /// whole, and again in stripes after they changed.
  @Test(arguments: [(16, 130, 130), (9, 200, 96), (32, 64, 300), (5, 129, 333), (8, 512, 128)])
  func weightsInPanels(rows: Int, inner: Int, columns: Int) throws {
    var graph = Graph()
    let (x, y) = (graph.input([rows, inner]), graph.input([rows, columns]))
    let w = graph.parameter([inner, columns])
    let bias = graph.parameter([columns])
    let outputs = [graph.add(graph.matmul(x, w), bias), graph.matmul(y, w, transposeB: true)]
    var numbers = Numbers(seed: 8)
    let inputs = [numbers.tensor([rows, inner]), numbers.tensor([rows, columns])]
    let memory = Memory()
    let program = try Program(graph, rows: outputs)
    let flat = try Storage<Float>(memory, count: program.parameters.count)
    let executor = try Executor(program, parameters: flat.view, frames: 1, memory: memory)
    for isStriped in [false, true] {
      let parameters = [numbers.tensor([inner, columns]), numbers.tensor([columns])]
      for (offset, tensor) in zip(program.parameters.offsets, parameters) {
        for (i, value) in tensor.values.enumerated() { flat.view[offset + i] = Float(value) }
      }
      if isStriped {
        let stripes = program.parameters.stripes(of: 4096)
        #expect(stripes.reduce(0) { $0 + $1.count } == inner * columns + columns)
        for stripe in stripes.reversed() { executor.prepare(stripe.parameter, rows: stripe.rows) }
        for part in 0 ..< executor.parts { executor.prepare(part: part) }
        executor.finishPreparing()
      } else {
        executor.prepare()
      }
      for (slot, tensor) in inputs.enumerated() {
        let view = executor.input(slot, frame: 0)
        for (i, value) in tensor.values.enumerated() { view[i] = Float(value) }
      }
      executor.execute(frame: 0)
      let exact = evaluate(graph, outputs, inputs: inputs, parameters: parameters)
      for index in outputs.indices {
        let view = executor.output(index, frame: 0)
        compare((0 ..< view.count).map { view[$0] }, exact[index], "\(isStriped) \(index)")
      }
    }
  }

  /// Products that nothing but a sum reads are not written: over each axis, of factors that others
  /// read too, and squares.
  @Test func sumsOfProducts() throws {
    var graph = Graph()
    let (x, y) = (graph.input([4, 6, 40]), graph.input([4, 6, 40]))
    let w = graph.parameter([40, 40])
    let (a, b) = (graph.matmul(x, w), graph.matmul(y, w))
    let e = graph.exp(a)
    let outputs = [
      graph.sum(graph.multiply(a, b), axes: [0]), graph.sum(graph.square(a), axes: [2]),
      graph.sum(graph.multiply(a, y), axes: [1, 2]), graph.sum(graph.multiply(e, b), axes: [0, 1]),
      graph.matmul(e, w), graph.sum(graph.multiply(graph.sin(b), a), axes: [0, 2]),
    ]
    let sums = [graph.total(graph.square(b)), graph.sum(graph.multiply(b, x), axes: [0, 1])]
    #expect(graph.error == nil)
    var numbers = Numbers(seed: 9)
    let inputs = [numbers.tensor([4, 6, 40]), numbers.tensor([4, 6, 40])]
    let parameters = [Tensor([40, 40], numbers.tensor([40, 40]).values.map { $0 / 10 })]
    let exact = evaluate(graph, outputs + sums, inputs: inputs, parameters: parameters)
    let result = try run(graph, rows: outputs, sums: sums, inputs: inputs, parameters: parameters)
    for (index, values) in result.rows.enumerated() { compare(values, exact[index], "\(index)") }
    for (index, values) in result.sums.enumerated() {
      compare(values, exact[outputs.count + index], times: 2, "sum \(index)")
    }
  }
}
