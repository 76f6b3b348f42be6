import Execution
import Graph
import Platform
import Synchronization
import TestSupport
import Testing

/// The executor against the evaluator by definition.
@Suite struct ExecutorTests {
  /// Values of `outputs` after one shard, and of `sums` after adding it twice.
  func run(
    _ graph: Graph, rows: [Node] = [], sums: [Node] = [], inputs: [Tensor], parameters: [Tensor],
    precision: Precision = .float32
  ) throws -> (rows: [[Float]], sums: [[Float]]) {
    let memory = Memory()
    let program = try Program(graph, rows: rows, sums: sums, precision: precision)
    let flat = try Storage<Float>(memory, count: program.parameters.count)
    for (offset, tensor) in zip(program.parameters.offsets, parameters) {
      for (i, value) in tensor.values.enumerated() { flat.view[offset + i] = Float(value) }
    }
    let executor = try Executor(program, parameters: flat.view, frames: 1, memory: memory)
    let totals = try Storage<Float>(memory, count: program.sums.count)
    for _ in 0 ..< 2 {
      for (slot, tensor) in inputs.enumerated() {
        let view = executor.input(slot, frame: 0)
        for (i, value) in tensor.values.enumerated() { view[i] = Float(value) }
      }
      executor.execute(frame: 0, sums: totals.view)
    }
    let rowValues = rows.indices.map { index in
      let view = executor.output(index, frame: 0)
      return (0 ..< view.count).map { view[$0] }
    }
    let sumValues = zip(program.sums.offsets, program.sums.shapes).map { offset, shape in
      (0 ..< shape.count).map { totals.view[offset + $0] }
    }
    return (rowValues, sumValues)
  }

  func compare(
    _ values: [Float], _ exact: Tensor, times factor: Double = 1, _ what: String = ""
  ) {
    #expect(values.count == exact.values.count)
    let scale = max(exact.values.map(abs).max() ?? 1, 1e-3) * factor
    let worst = zip(values, exact.values).map { abs(Double($0) - factor * $1) }.max() ?? 0
    #expect(worst <= 4e-6 * scale, "\(what)")
  }

  /// Values in bfloat16 differ by its rounding.
  func compare(bfloat16: [[Float]], with usual: [[Float]]) {
    for (a, b) in zip(bfloat16, usual) {
      let scale = b.map { Swift.abs($0) }.max() ?? 1
      let worst = zip(a, b).map { Swift.abs($0 - $1) }.max() ?? 0
      #expect(worst <= 0.01 * scale)
    }
  }

  /// Energy networks to the third derivative, over awkward sizes: products, broadcasts, sums and
  /// fused tiles together.
  @Test(arguments: [(1, 1, 1), (3, 2, 5), (16, 13, 17), (64, 7, 33), (40, 30, 70)])
  func secondDerivativesOfANetwork(rows: Int, dimension: Int, width: Int) throws {
    var graph = Graph()
    let x = graph.input([rows, dimension])
    let sigma = graph.input([rows, 1])
    let w1 = graph.parameter([dimension, width])
    let b1 = graph.parameter([width])
    let w2 = graph.parameter([width, 1])
    let h = graph.silu(graph.add(graph.matmul(graph.divide(x, sigma), w1), b1))
    let energy = graph.matmul(h, w2)
    let score = graph.negate(graph.gradient(of: energy, withRespectTo: [x])[0])
    let loss = graph.total(graph.squaredNorm(score))
    let gradients = graph.gradient(of: loss, withRespectTo: [w1, b1, w2])
    var numbers = Numbers(seed: 5)
    let inputs = [numbers.tensor([rows, dimension]), numbers.tensor([rows, 1], 0.5 ... 2)]
    let parameters = [
      numbers.tensor([dimension, width]), numbers.tensor([width]), numbers.tensor([width, 1]),
    ]
    let exact = evaluate(
      graph, [score] + gradients + [loss], inputs: inputs, parameters: parameters)
    let result = try run(
      graph, rows: [score], sums: gradients + [loss], inputs: inputs, parameters: parameters)
    compare(result.rows[0], exact[0])
    for index in 0 ..< 4 { compare(result.sums[index], exact[index + 1], times: 2) }
  }

  /// Chains that fuse into one pass, and their like that must not: parts that others read, terms in
  /// another order.
  @Test(arguments: [5, 1000, 3000])
  func fusedChains(count: Int) throws {
    var graph = Graph()
    let (a, b, c) = (graph.input([count]), graph.input([count]), graph.parameter([count]))
    let one = graph.constant(1)
    let x = graph.add(a, c)
    let s = graph.sigmoid(x)
    let y = graph.multiply(s, x)
    let slope = graph.add(graph.multiply(graph.subtract(one, s), y), s)
    let (bare, other) = (graph.silu(b), graph.sigmoid(graph.multiply(a, b)))
    let product = graph.multiply(b, c)
    let outputs = [
      graph.multiply(y, slope), graph.multiply(bare, bare), graph.add(bare, graph.multiply(a, b)),
      graph.multiply(other, graph.subtract(one, other)), graph.add(product, product),
      graph.add(graph.multiply(a, c), graph.square(graph.multiply(a, c))),
      graph.add(one, graph.multiply(b, a)),
      graph.gradient(of: graph.silu(x), withRespectTo: [a])[0],
    ]
    var numbers = Numbers(seed: 11)
    let inputs = [numbers.tensor([count], -3 ... 3), numbers.tensor([count], -2 ... 5)]
    let parameters = [numbers.tensor([count])]
    // The chains whole, and each part of one read by others as well.
    for extra in [[], [s], [slope], [x, y]] {
      let wanted = outputs + extra
      let exact = evaluate(graph, wanted, inputs: inputs, parameters: parameters)
      let result = try run(graph, rows: wanted, inputs: inputs, parameters: parameters)
      for (index, values) in result.rows.enumerated() { compare(values, exact[index], "\(index)") }
    }
  }

  /// A total of several products, of which each adds its own, and of what no step adds by itself;
  /// the first shard writes over what stands there.
  @Test(arguments: Precision.allCases.filter(\.isAvailable))
  func totalsOfSeveralTerms(precision: Precision) throws {
    var graph = Graph()
    let (x, y) = (graph.input([32, 16]), graph.input([32, 24]))
    let w = graph.parameter([16, 24])
    let twice = graph.matmul(graph.add(graph.square(x), graph.constant(1)), w)
    let products = [
      graph.matmul(x, y, transposeA: true), graph.matmul(x, twice, transposeA: true),
      graph.matmul(graph.square(x), y, transposeA: true),
    ]
    let own = graph.multiply(w, graph.total(y))
    let shared = graph.matmul(x, graph.square(y), transposeA: true)
    let sums = [
      graph.add(graph.add(products[0], own), graph.add(products[1], products[2])),
      graph.add(shared, graph.sum(graph.reshape(graph.multiply(x, x), [32, 16, 1]), axes: [0])),
      graph.add(graph.sum(x, axes: [0]), graph.sum(graph.square(x), axes: [0])),
    ]
    #expect(graph.error == nil)
    let inputs = [
      Tensor([32, 16]) { Double($0 % 7 - 3) }, Tensor([32, 24]) { Double($0 % 5 - 2) },
    ]
    let parameters = [Tensor([16, 24]) { Double($0 % 3 - 1) }]
    let exact = evaluate(graph, sums + [shared], inputs: inputs, parameters: parameters)
    for rows in [[], [shared]] {
      let memory = Memory()
      let program = try Program(graph, rows: rows, sums: sums, precision: precision)
      let flat = try Storage<Float>(memory, count: program.parameters.count)
      flat.view.copy(parameters[0].values.map { Float($0) })
      let executor = try Executor(program, parameters: flat.view, frames: 1, memory: memory)
      let totals = try Storage<Float>(memory, count: program.sums.count)
      totals.view.fill(1e6)
      for shard in 0 ..< 3 {
        for (slot, tensor) in inputs.enumerated() {
          executor.input(slot, frame: 0).copy(tensor.values.map { Float($0) })
        }
        executor.execute(frame: 0, sums: totals.view, first: shard == 0)
      }
      for (index, offset) in program.sums.offsets.enumerated() {
        let values = (0 ..< program.sums.shapes[index].count).map { totals.view[offset + $0] }
        compare(values, exact[index], times: 3, "\(index)")
      }
    }
  }

  /// Totals in panels of columns, one of them of two products, beside others that stay in rows: the
  /// same sums to the last bit.
  @Test(arguments: Precision.allCases)
  func totalsInPanels(precision: Precision) throws {
    guard precision.isAvailable else { return }
    var graph = Graph()
    let (x, y) = (graph.input([96, 40]), graph.input([96, 208]))
    let w = graph.parameter([40, 208])
    let h = graph.tanh(graph.matmul(x, w))
    let wide = graph.matmul(x, h, transposeA: true)
    let sums = [
      graph.add(wide, graph.matmul(x, y, transposeA: true)), graph.matmul(h, x, transposeA: true),
      graph.sum(h, axes: [0]), graph.matmul(x, graph.multiply(h, y), transposeA: true),
    ]
    #expect(graph.error == nil)
    var numbers = Numbers(seed: 11)
    let parameters = numbers.tensor([40, 208]).values.map { Float($0) / 10 }
    let inputs = (0 ..< 4).map { _ in
      (numbers.tensor([96, 40]).values.map { Float($0) }, numbers.tensor([96, 208]).values)
    }
    func totals(panels: Bool) throws -> [Float] {
      let memory = Memory()
      let program = try Program(graph, sums: sums, panels: panels, precision: precision)
      #expect(program.sumsInPanels == [panels, false, false, panels])
      let flat = try Storage<Float>(memory, count: program.parameters.count)
      flat.view.copy(parameters)
      let executor = try Executor(program, parameters: flat.view, frames: 1, memory: memory)
      let lanes = try Storage<Float>(memory, count: 2 * program.sums.count)
      for shard in 0 ..< 4 {
        executor.input(0, frame: 0).copy(inputs[shard].0)
        executor.input(1, frame: 0).copy(inputs[shard].1.map { Float($0) })
        let lane = lanes.view.slice(shard % 2 * program.sums.count, program.sums.count)
        executor.execute(frame: 0, sums: lane, first: shard < 2)
      }
      var result: [Float] = []
      let sum = try Storage<Float>(memory, count: program.sums.count)
      for stripe in program.sums.stripes(of: 1024) {
        let part = sum.view.slice(stripe.start, stripe.count)
        program.add(lanes.view, lanes: 2, of: stripe, into: part)
        result += (0 ..< stripe.count).map { part[$0] }
      }
      return result
    }
    #expect(try totals(panels: true) == totals(panels: false))
  }

  /// As many terms as a long graph has: no step, and no stack, is the deeper for it.
  @Test func totalsOfManyTerms() throws {
    var graph = Graph()
    let x = graph.input([16, 8])
    let products = (1 ... 2000).map { k in
      graph.matmul(x, graph.multiply(graph.constant(Double(k % 7)), x), transposeA: true)
    }
    let terms =
      products
      + (1 ... 2000).map { k in
        graph.matmul(graph.add(x, graph.constant(Double(k))), x, transposeA: true)
      }
    let total = terms.dropFirst().reduce(terms[0]) { graph.add($0, $1) }
    let inputs = [Tensor([16, 8]) { Double($0 % 5 - 2) }]
    let exact = evaluate(graph, [total], inputs: inputs, parameters: [])
    let result = try run(graph, sums: [total], inputs: inputs, parameters: [])
    compare(result.sums[0], exact[0], times: 2)
  }

  /// Layers with one to five outputs, and their gradients: narrow products have kernels of their
  /// own.
  @Test(arguments: [1, 2, 3, 4, 5], [16, 37])
  func narrowLayers(outputs: Int, rows: Int) throws {
    var graph = Graph()
    let x = graph.input([rows, 21])
    let w = graph.parameter([21, outputs])
    let y = graph.matmul(graph.tanh(x), w)
    let loss = graph.squaredNorm(y)
    let gradient = graph.gradient(of: loss, withRespectTo: [w])
    var numbers = Numbers(seed: 12)
    let (inputs, weights) = ([numbers.tensor([rows, 21])], [numbers.tensor([21, outputs])])
    let exact = evaluate(graph, [y] + gradient, inputs: inputs, parameters: weights)
    let result = try run(graph, rows: [y], sums: gradient, inputs: inputs, parameters: weights)
    compare(result.rows[0], exact[0])
    compare(result.sums[0], exact[1], times: 2)
  }

  /// Whole numbers are their own bfloat16, and their products add up without rounding: every form
  /// of product, of what varies and what does not, is exact.
  @Test(
    .enabled(if: Precision.bf16.isAvailable),
    arguments: [(16, 16, 16), (37, 50, 130), (64, 200, 600)])
  func productsInBFloat16(rows: Int, columns: Int, inner: Int) throws {
    var graph = Graph()
    let (x, y) = (graph.input([rows, inner]), graph.input([2, rows, inner]))
    let (p, q) = (graph.parameter([inner, columns]), graph.parameter([columns, inner]))
    let (forward, back) = (graph.matmul(x, p), graph.matmul(x, q, transposeB: true))
    let outputs = [
      forward, back, graph.matmul(y, p),
      graph.matmul(forward, back, transposeB: true),
      graph.matmul(p, q, transposeA: true, transposeB: true),
    ]
    let sums = [
      graph.matmul(x, graph.matmul(x, p), transposeA: true),
      graph.matmul(back, x, transposeA: true),
    ]
    #expect(graph.error == nil)
    func whole(_ shape: [Int], _ factor: Int) -> Tensor {
      Tensor(shape) { Double(($0 * factor + $0 / 7) % 5 - 2) }
    }
    let inputs = [whole([rows, inner], 3), whole([2, rows, inner], 2)]
    let parameters = [whole([inner, columns], 4), whole([columns, inner], 7)]
    let usual = try run(graph, rows: outputs, sums: sums, inputs: inputs, parameters: parameters)
    let bfloat16 = try run(
      graph, rows: Array(outputs.prefix(3)), inputs: inputs, parameters: parameters,
      precision: .bf16)
    #expect(bfloat16.rows == Array(usual.rows.prefix(3)))
    // Factors that are no whole numbers of few digits are off by 2^-9 each.
    let rounded = try run(
      graph, rows: outputs, sums: sums, inputs: inputs, parameters: parameters, precision: .bf16)
    compare(bfloat16: rounded.rows + rounded.sums, with: usual.rows + usual.sums)
  }

  @Test func everyOperation() throws {
    var graph = Graph()
    let (a, b, c) = (graph.input([4, 3, 2]), graph.input([3, 1]), graph.input([2, 5]))
    let p = graph.parameter([5, 6])
    var outputs = [
      graph.add(a, b), graph.transpose(a, [1, 2, 0]), graph.transpose(a, [0, 2, 1]),
      graph.sum(a, axes: [0, 2]), graph.sum(a, axes: [1], keepAxes: true),
      graph.max(a, axes: [0, 1]),
      graph.slice(a, starts: [1, 0, 1], sizes: [2, 2, 1]),
      graph.pad(b, starts: [1, 2], shape: [5, 4]), graph.concatenate([a, graph.exp(a)], axis: 1),
      graph.broadcast(b, [2, 3, 4]), graph.matmul(a, c), graph.matmul(c, p),
      graph.matmul(c, p, transposeA: false), graph.identity(3),
      graph.multiply(graph.reshape(a, [4, 3, 1, 2]), graph.reshape(c, [1, 1, 5, 2])),
      graph.gather(
        graph.reshape(a, [12, 2]), indices: graph.literal(Literal(shape: [3], values: [7, 0, 7]))),
      graph.scatterAdd(b, indices: graph.literal(Literal(shape: [3], values: [1, 3, 1])), rows: 5),
      graph.select(graph.greater(a, graph.constant(0)), a, graph.constant(2)),
      graph.logSumExp(a, axes: [2]), graph.softplus(graph.mean(a, axes: [0])),
      graph.divide(graph.constant(3), graph.add(graph.constant(4), a)),
    ]
    outputs.append(graph.matmul(a, graph.transpose(graph.exp(a), [0, 2, 1])))
    #expect(graph.error == nil)
    var numbers = Numbers(seed: 6)
    let inputs = [numbers.tensor([4, 3, 2]), numbers.tensor([3, 1]), numbers.tensor([2, 5])]
    let parameters = [numbers.tensor([5, 6])]
    let exact = evaluate(graph, outputs, inputs: inputs, parameters: parameters)
    let result = try run(graph, rows: outputs, inputs: inputs, parameters: parameters)
    for (index, node) in outputs.enumerated() {
      compare(result.rows[index], exact[index], graph.operations[node.index].name)
    }
  }

  /// A row's result does not depend on its place in the shard, nor on its neighbours.
  @Test(arguments: [1, 2, 3, 8, 13, 16, 31, 64, 100])
  func rowsAreIndependent(width: Int) throws {
    let rows = 64
    var graph = Graph()
    let x = graph.input([rows, 5])
    let w1 = graph.parameter([5, width])
    let w2 = graph.parameter([width, 5])
    let y = graph.matmul(graph.silu(graph.matmul(x, w1)), w2)
    var numbers = Numbers(seed: 8)
    let row = numbers.tensor([1, 5]).values
    let parameters = [numbers.tensor([5, width]), numbers.tensor([width, 5])]
    let same = Tensor([rows, 5]) { row[$0 % 5] }
    let result = try run(graph, rows: [y], inputs: [same], parameters: parameters).rows[0]
    for place in 0 ..< rows {
      #expect(Array(result[place * 5 ..< place * 5 + 5]) == Array(result[0 ..< 5]), "row \(place)")
    }
  }
}

@Suite struct WorkersTests {
  @Test(arguments: [1, 2, 5])
  func everyTaskRunsOnce(threads: Int) throws {
    let workers = Workers(threads: threads)
    for tasks in [0, 1, 2, 7, 1000] {
      let counts = try Storage<Int32>(Memory(), count: tasks + 1)
      workers.run(tasks: tasks) { worker, task in
        #expect(worker >= 0 && worker < threads)
        counts.view[task] += 1
      }
      #expect((0 ..< tasks).allSatisfy { counts.view[$0] == 1 })
    }
  }

  /// A run inside a task finds the workers taken and does its tasks by itself.
  @Test func runsNest() {
    let workers = Workers(threads: 2)
    let sum = Counter()
    workers.run(tasks: 4) { _, _ in workers.run(tasks: 3) { _, task in sum.add(task) } }
    #expect(sum.total == 12)
  }
}

private final class Counter: Sendable {
  private let value = Atomic<Int>(0)
  func add(_ n: Int) { value.add(n, ordering: .relaxed) }
  var total: Int { value.load(ordering: .relaxed) }
}

@Suite struct ArenaTests {
  @Test func memoryIsLimited() throws {
    let memory = Memory(limit: 4096)
    let first = try Storage<Float>(memory, count: 500)
    #expect(throws: OutOfMemory.self) { _ = try Storage<Float>(memory, count: 600) }
    #expect(throws: OutOfMemory.self) { _ = try Storage<Float>(memory, count: .max / 2) }
    #expect(memory.bytesInUse >= 2000)
    _ = first
  }
}
