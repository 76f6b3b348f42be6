extension Graph {
  /// Appends the gradient of the sum of `output` with respect to each of `variables`, in their
  /// shapes.
  package mutating func gradient(of output: Node, withRespectTo variables: [Node]) -> [Node] {
    let one = broadcast(constant(1), shape(of: output))
    return pullback(of: [(output, one)], to: variables)
  }

  /// Appends Σ Jᵀ ȳ for each variable: what the outputs' cotangents become there.
  ///
  /// Reverse accumulation over the nodes that lead to an output and depend on a variable: from last
  /// to first, each hands its cotangent on to its inputs.
  package mutating func pullback(
    of outputs: [(node: Node, cotangent: Node)], to variables: [Node]
  ) -> [Node] {
    let cotangent = cotangents(of: outputs, to: variables)
    return variables.map { x in
      let zero = constant(0)
      return broadcast(cotangent[x] ?? zero, shape(of: x))
    }
  }

  /// The same for all that lies between; what has none is left out.
  mutating func cotangents(
    of outputs: [(node: Node, cotangent: Node)], to variables: [Node]
  ) -> [Node: Node] {
    let fixed = Set(variables)
    let matters = dependents(on: variables)
    let path = reachable(from: outputs.map(\.node)).filter { matters[$0.index] }
    var cotangent: [Node: Node] = [:]
    for (node, yBar) in outputs {
      cotangent[node] = cotangent[node].map { add($0, yBar) } ?? yBar
    }
    for y in path.reversed() {
      guard let yBar = cotangent[y] else { continue }
      let inputs = operation(y).inputs
      guard inputs.contains(where: { matters[$0.index] }) else { continue }
      let bars =
        if let slope = siluSlope(y, variables: fixed) { [multiply(yBar, slope), nil] } else {
          cotangents(of: y, yBar)
        }
      for (x, xBar) in zip(inputs, bars) {
        guard let xBar, matters[x.index] else { continue }
        cotangent[x] = cotangent[x].map { add($0, xBar) } ?? xBar
      }
    }
    return cotangent
  }

  /// Appends J ẋ for each output: its derivative along the tangents of the variables.
  ///
  /// A tangent has its variable's shape, or extra axes before it: then so has the result, one
  /// derivative an entry. Outputs that do not depend on a variable give 0.
  package mutating func pushforward(
    of outputs: [Node], along tangents: [(variable: Node, tangent: Node)]
  ) -> [Node] {
    let matters = dependents(on: tangents.map(\.variable))
    let path = reachable(from: outputs).filter { matters[$0.index] }
    let fixed = Set(tangents.map(\.variable))
    var tangent = Dictionary(tangents.map { ($0.variable, $0.tangent) }) { first, _ in first }
    for y in path where tangent[y] == nil {
      let inputs = operation(y).inputs.map { matters[$0.index] ? tangent[$0] : nil }
      if let slope = siluSlope(y, variables: fixed) {
        tangent[y] = inputs[0].map { multiply($0, slope) }
      } else if let yDot = self.tangent(of: y, inputs) {
        tangent[y] = yDot
      }
    }
    return outputs.map { y in
      tangent[y] ?? broadcast(constant(0), shape(of: y))
    }
  }
}
