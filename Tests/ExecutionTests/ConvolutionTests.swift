import Execution
import Graph
import TestSupport
import Testing

/// A convolution's lengths, and whether they are written into totals.
struct Picture: Sendable, CustomTestStringConvertible {
  let kernel: (Int, Int)
  let stride: (Int, Int)
  let padding: (Int, Int)
  let input: (Int, Int)
  let output: (Int, Int)
  let channels: Int
  let filters: Int

  var window: Window {
    Window(
      kernel: .init(kernel.0, kernel.1), stride: .init(stride.0, stride.1),
      padding: .init(padding.0, padding.1), input: .init(input.0, input.1),
      output: .init(output.0, output.1))
  }

  var testDescription: String { "\(input) to \(output), \(channels) to \(filters)" }

  static let all = [
    Picture(
      kernel: (3, 3), stride: (1, 1), padding: (1, 1), input: (5, 7), output: (5, 7), channels: 3,
      filters: 5),
    Picture(
      kernel: (3, 3), stride: (2, 2), padding: (1, 1), input: (7, 6), output: (4, 3), channels: 16,
      filters: 17),
    // A signal, an even kernel, and more zeros behind it than before.
    Picture(
      kernel: (1, 4), stride: (1, 1), padding: (0, 1), input: (1, 20), output: (1, 20), channels: 1,
      filters: 2),
    Picture(
      kernel: (1, 5), stride: (1, 3), padding: (0, 2), input: (1, 17), output: (1, 6), channels: 2,
      filters: 1),
    // No padding, and elements that nobody reads; a kernel larger than its input.
    Picture(
      kernel: (2, 3), stride: (2, 1), padding: (0, 0), input: (5, 9), output: (2, 6), channels: 4,
      filters: 8),
    Picture(
      kernel: (5, 5), stride: (1, 1), padding: (2, 2), input: (2, 2), output: (2, 2), channels: 8,
      filters: 33),
    Picture(
      kernel: (1, 1), stride: (1, 1), padding: (0, 0), input: (3, 3), output: (3, 3), channels: 6,
      filters: 4),
    // Windows that stand wholly in the zeros.
    Picture(
      kernel: (4, 4), stride: (1, 1), padding: (3, 3), input: (2, 1), output: (5, 4), channels: 2,
      filters: 3),
    Picture(
      kernel: (3, 3), stride: (1, 1), padding: (1, 1), input: (6, 7), output: (6, 7), channels: 32,
      filters: 64),
  ]

  /// Of lengths that bfloat16 pays for.
  static let bfloat16 = [
    Picture(
      kernel: (3, 3), stride: (1, 1), padding: (1, 1), input: (28, 28), output: (28, 28),
      channels: 32, filters: 32),
    Picture(
      kernel: (3, 3), stride: (1, 1), padding: (1, 1), input: (7, 7), output: (7, 7), channels: 50,
      filters: 18),
    Picture(
      kernel: (3, 3), stride: (2, 2), padding: (1, 1), input: (9, 8), output: (5, 4), channels: 16,
      filters: 40),
    Picture(
      kernel: (1, 5), stride: (1, 1), padding: (0, 1), input: (1, 33), output: (1, 31),
      channels: 18, filters: 16),
    Picture(
      kernel: (2, 2), stride: (1, 1), padding: (1, 0), input: (5, 5), output: (5, 5), channels: 16,
      filters: 16),
  ]
}

extension ExecutorTests {
  /// A convolution and both adjoints against their definition: of parameters and of values, as
  /// totals too.
  @Test(arguments: Picture.all) func convolutions(_ picture: Picture) throws {
    let (window, images) = (picture.window, 3)
    var graph = Graph()
    let xShape = Shape([images, picture.input.0, picture.input.1, picture.channels])
    let yShape = Shape([images, picture.output.0, picture.output.1, picture.filters])
    let wShape = Shape([picture.kernel.0, picture.kernel.1, picture.channels, picture.filters])
    let (x, y, v) = (graph.input(xShape), graph.input(yShape), graph.input(wShape))
    let w = graph.parameter(wShape)
    let rows = [
      graph.convolution(x, w, window), graph.transposedConvolution(y, w, window),
      graph.convolution(x, v, window), graph.transposedConvolution(y, v, window),
      graph.square(graph.convolutionWeightGradient(x, y, window)),
    ]
    let sums = [
      graph.convolutionWeightGradient(x, y, window),
      graph.convolutionWeightGradient(x, rows[0], window),
    ]
    #expect(graph.error == nil)
    var numbers = Numbers(seed: 12)
    let inputs = [xShape, yShape, wShape].map { numbers.tensor($0.dims) }
    let parameters = [numbers.tensor(wShape.dims)]
    let exact = evaluate(graph, rows + sums, inputs: inputs, parameters: parameters)
    let result = try run(graph, rows: rows, sums: sums, inputs: inputs, parameters: parameters)
    for index in rows.indices { compare(result.rows[index], exact[index], "\(index)") }
    for index in sums.indices {
      compare(result.sums[index], exact[rows.count + index], times: 2, "sum \(index)")
    }
  }

  /// In bfloat16 all three differ from float32 by its rounding, where the lengths are for it and
  /// where they are not.
  @Test(.enabled(if: Precision.bf16.isAvailable), arguments: Picture.all + Picture.bfloat16)
  func convolutionsInBFloat16(_ picture: Picture) throws {
    let (window, images) = (picture.window, 2)
    var graph = Graph()
    let xShape = Shape([images, picture.input.0, picture.input.1, picture.channels])
    let yShape = Shape([images, picture.output.0, picture.output.1, picture.filters])
    let wShape = Shape([picture.kernel.0, picture.kernel.1, picture.channels, picture.filters])
    let (x, y, v) = (graph.input(xShape), graph.input(yShape), graph.input(wShape))
    let w = graph.parameter(wShape)
    let rows = [w, v].flatMap {
      [graph.convolution(x, $0, window), graph.transposedConvolution(y, $0, window)]
    }
    let sums = [graph.convolutionWeightGradient(x, y, window)]
    var numbers = Numbers(seed: 13)
    let inputs = [xShape, yShape, wShape].map { numbers.tensor($0.dims) }
    let parameters = [numbers.tensor(wShape.dims)]
    let usual = try run(graph, rows: rows, sums: sums, inputs: inputs, parameters: parameters)
    let rounded = try run(
      graph, rows: rows, sums: sums, inputs: inputs, parameters: parameters, precision: .bf16)
    compare(bfloat16: rounded.rows + rounded.sums, with: usual.rows + usual.sums)
  }

  /// A picture's result does not depend on its place, nor on its neighbours.
  @Test(arguments: [1, 8, 20], Precision.allCases.filter { $0.isAvailable })
  func picturesAreIndependent(channels: Int, precision: Precision) throws {
    let (images, side) = (7, 6)
    var graph = Graph()
    let x = graph.input([images, side, side, channels])
    let w = graph.parameter([3, 3, channels, 16])
    let y = graph.convolution(
      x, w, Window(centred: .init(3, 3), stride: .init(1, 1), input: .init(side, side)))
    var numbers = Numbers(seed: 14)
    let picture = numbers.tensor([side, side, channels]).values
    var values = numbers.tensor([images, side, side, channels])
    for place in [0, 3, 6] {
      for (i, value) in picture.enumerated() { values.values[place * picture.count + i] = value }
    }
    let result = try run(
      graph, rows: [y], inputs: [values], parameters: [numbers.tensor([3, 3, channels, 16])],
      precision: precision)
    let one = side * side * 16
    for place in [3, 6] {
      #expect(result.rows[0][place * one ..< (place + 1) * one] == result.rows[0][0 ..< one])
    }
  }

  /// Values that are stretched along axes between others, in one pass over tiles of any size.
  @Test(arguments: [[2, 3, 4], [5, 300, 7], [3, 1100, 2], [2, 9, 1500]])
  func stretchedBetween(shape: [Int]) throws {
    var graph = Graph()
    let x = graph.input(Shape(shape))
    let (a, b) = (graph.input([shape[0], 1, shape[2]]), graph.input([shape[0], shape[1], 1]))
    let y = graph.add(graph.multiply(x, a), graph.multiply(a, b))
    var numbers = Numbers(seed: 15)
    let inputs = [shape, [shape[0], 1, shape[2]], [shape[0], shape[1], 1]].map {
      numbers.tensor($0)
    }
    let result = try run(graph, rows: [y], inputs: inputs, parameters: [])
    compare(result.rows[0], evaluate(graph, [y], inputs: inputs)[0])
  }
}
