import Stein
import Testing

@Suite struct GraphTextTests {
  /// x [3], a, and what is made of them by `make`, which gives the last node.
  private func formula(
    _ make: (_ node: (String, [Int], String) throws -> Int) throws -> Int
  ) throws -> String {
    var graph = GraphProgram()
    let last = try make { name, inputs, options in
      try graph.append(name, inputs: inputs, options: options, value: nil)
    }
    return try graph.described(.formula, node: last)
  }

  /// What binds less tightly than its surroundings stands in parentheses, and nothing else does.
  @Test func formulasReadAsPython() throws {
    let text = try formula { node in
      let x = try node("x", [], "columns=3")
      let a = try node("parameter", [], "name=a")
      let two = try node("constant", [], "value=2")
      let square = try node("power", [try node("subtract", [x, a], "")], "exponent=2")
      let inner = try node("add", [try node("divide", [square, two], ""), x], "")
      let outer = try node("subtract", [a, try node("subtract", [x, inner], "")], "")
      return try node("multiply", [try node("negate", [a], ""), outer], "")
    }
    #expect(text == "-a * (a - (x - ((x - a) ** 2 / 2 + x)))")
  }

  @Test func partsAreIndices() throws {
    let text = try formula { node in
      let x = try node("x", [], "columns=3")
      let part = try node("slice", [x], "starts=1 sizes=2")
      let one = try node("sum", [try node("slice", [x], "starts=2 sizes=1")], "")
      return try node("add", [try node("sum", [part], "axes=0 keep_axes=true"), one], "")
    }
    #expect(text == "sum(x[1:3], axes=0, keep_axes=true) + x[2]")
  }

  /// A node that is used twice at each of many levels has a formula of 2ⁿ terms.
  @Test func longFormulasAreCut() throws {
    let text = try formula { node in
      var y = try node("x", [], "columns=1")
      for _ in 0 ..< 200 { y = try node("add", [y, try node("exp", [y], "")], "") }
      return y
    }
    #expect(text.count <= 120 && text.contains("…") && text.contains("exp("))
  }
}
