import Graph

// Elementwise operations that run as one.

extension Lowering {
  /// `outlives`: whether a node is read after its loop.
  mutating func lower(_ nodes: [Node], _ outlives: (Node) -> Bool) {
    guard let first = nodes.first else { return }
    let varying = varies(first)
    var builder = FusedLoopBuilder(shape: shape(first))
    var materialized: [Node: Slot] = [:]
    for node in nodes {
      let operands = operation(node).inputs.map { input in
        builder.known(input)
          ?? outerOperand(input, varying: varying, &builder, &materialized)
      }
      builder.add(node, operation(node), operands, at: outlives(node) ? place(node) : nil)
    }
    let loop = builder.loop()
    let scratch = temporary(loop.scratchCount, varying: varying)
    emit(.fusedLoop(loop, scratch: scratch), varying: varying)
  }

  /// An operand that comes from outside of the loop.
  private mutating func outerOperand(
    _ node: Node, varying: Bool, _ builder: inout FusedLoopBuilder,
    _ materialized: inout [Node: Slot]
  ) -> FusedLoop.Operand {
    if case .constant(let value) = operation(node) { return .immediate(Float(value)) }
    switch Broadcasting(of: shape(node), in: builder.shape) {
    case .full: return .value(slot(node))
    case .periodic(let period):
      if period % builder.tile == 0 { return .wrapped(slot(node), period: period) }
      return builder.expanded(.periodic(slot(node), period: period))
    case .repeated(let run): return builder.expanded(.repeated(slot(node), run: run))
    case .between(let period, let run):
      return builder.expanded(.between(slot(node), period: period, run: run))
    case .strided(let strides):
      if let known = materialized[node] { return .value(known) }
      let to = temporary(builder.shape.count, varying: varying)
      emit(
        .read(from: slot(node), to, strides: strides, shape: builder.shape.dims), varying: varying)
      materialized[node] = to
      return .value(to)
    }
  }
}
