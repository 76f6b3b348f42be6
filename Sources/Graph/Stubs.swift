extension Graph {
  package mutating func inverse(_ x: Node) -> Node { x }
  package mutating func logDeterminant(_ x: Node) -> Node { sum(x, axes: [-2, -1]) }
  package mutating func laplacian(of y: Node, withRespectTo x: Node) -> Node? { nil }
}
