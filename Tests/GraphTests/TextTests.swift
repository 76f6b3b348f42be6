import Graph
import Testing

@Suite struct TextTests {
  /// One line a node, with what the operation is told.
  @Test func aGraphAsText() {
    var graph = Graph()
    let x = graph.input([2, 3])
    let w = graph.parameter([3, 4])
    let unused = graph.input([7])
    let y = graph.sum(graph.tanh(graph.matmul(x, w)), axes: [1])
    #expect(
      graph.text(of: [y]) == """
        %0 = input(0) [2, 3]
        %1 = parameter(0) [3, 4]
        %3 = matmul(%0, %1) [2, 4]
        %4 = tanh(%3) [2, 4]
        %5 = sum(%4, axes: [1]) [2]
        """)
    #expect(graph.text().contains("%\(unused.index) = input(1) [7]"))
  }

  @Test func aGraphAsADrawing() {
    var graph = Graph()
    let x = graph.input([2])
    let y = graph.add(x, graph.constant(1.5))
    let dot = graph.dot(of: [y])
    #expect(dot.hasPrefix("digraph {") && dot.hasSuffix("}"))
    #expect(dot.contains("n1 [label=\"%1 constant\\n1.5\\n[]\"];"))
    #expect(dot.contains("  n0 -> n2;") && dot.contains("  n1 -> n2;"))
  }

  @Test func numbersAreShort() {
    #expect(NumberText.number(3) == "3" && NumberText.number(0.25) == "0.25")
    #expect(NumberText.number(1e300) == "1e+300" && NumberText.number(-.infinity) == "-inf")
    #expect(NumberText.list([1, 2, 3, 4, 5, 6, 7]) == "[1, 2, 3, 4, 5, 6, …]")
  }
}
