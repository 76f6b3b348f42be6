import Execution
import Graph
import Testing

@Suite struct ProgramTextTests {
  private func program() throws -> Program {
    var graph = Graph()
    let x = graph.input([32, 8])
    let w = graph.parameter([8, 16])
    let y = graph.silu(graph.matmul(x, w))
    let loss = graph.sum(y, axes: [1])
    let gradients = graph.gradient(of: graph.total(loss), withRespectTo: [w])
    return try Program(graph, rows: [loss], sums: gradients)
  }

  /// Every step with its sizes, where it reads and writes, and how many bytes it moves.
  @Test func aProgramAsText() throws {
    let lines = try program().text.split(separator: "\n").map(String.init)
    #expect(lines[0].hasSuffix("a frame, 128 of totals"))
    let product = try #require(lines.first { $0.contains("0 product 32x16x8:") })
    // x [32, 8], w [8, 16] and their product [32, 16], 4 bytes each.
    #expect(product.contains("frame[0], parameters[0] -> frame["))
    let bytes = 4 * (256 + 128 + 512)
    #expect(product.hasSuffix(", \(bytes) bytes"))
    #expect(lines.contains { $0.contains("elementwise 512 in tiles of 512: silu with slope") })
    #expect(lines.contains { $0.contains("8x16x32 transposed added") && $0.contains("sums[0]") })
  }

  /// An arrow from the step that wrote a value to each that reads it.
  @Test func aProgramAsADrawing() throws {
    let dot = try program().dot
    #expect(dot.contains("step0 [label=\"0 product\\n32x16x8\"];"))
    #expect(dot.contains("  step0 -> step1;"))
  }
}
