package import Execution
package import Graph
package import Platform

/// Runs a graph once by the executor: what it computes in float32, for sizes at which the evaluator
/// by definition is slow.
package func execute(
  _ graph: Graph, _ outputs: [Node], inputs: [Tensor] = [], parameters: [Tensor] = []
) throws -> [Tensor] {
  let program = try Program(graph, rows: outputs)
  let memory = Memory()
  let weights = try Storage<Float>(memory, count: max(program.parameters.count, 1))
  for (tensor, offset) in zip(parameters, program.parameters.offsets) {
    weights.view.slice(offset, tensor.values.count).copy(tensor.values.map { Float($0) })
  }
  let executor = try Executor(program, parameters: weights.view, frames: 1, memory: memory)
  for (index, tensor) in inputs.enumerated() {
    executor.input(index, frame: 0).copy(tensor.values.map { Float($0) })
  }
  executor.execute(frame: 0)
  return outputs.enumerated().map { index, node in
    let view = executor.output(index, frame: 0)
    return Tensor(graph.shape(of: node).dims, (0 ..< view.count).map { Double(view[$0]) })
  }
}

extension Numbers {
  /// A standard normal (Box & Muller 1958).
  package mutating func normal() -> Double {
    (-2 * naturalLog(next())).squareRoot() * cosine(2 * Double.pi * next())
  }

  /// Uniforms on the grid of the library's, which holds neither 0 nor 1 in float32.
  package mutating func uniforms(_ shape: [Int]) -> Tensor {
    Tensor(
      shape,
      (0 ..< shape.reduce(1, *)).map { _ in ((next() * 0x1p23).rounded(.down) + 0.5) * 0x1p-23 })
  }

  package mutating func normals(_ shape: [Int]) -> Tensor {
    Tensor(shape, (0 ..< shape.reduce(1, *)).map { _ in normal() })
  }
}

/// Mean of a sample, and the deviation of that mean.
package func meanAndDeviation(_ values: [Double]) -> (mean: Double, deviation: Double) {
  let n = Double(values.count)
  let mean = values.reduce(0, +) / n
  let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
  return (mean, (square / n).squareRoot())
}
