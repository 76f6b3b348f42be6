import Graph

// Sums and maxima over axes.

extension Lowering {
  /// Neighbouring axes are reduced together, from the last group to the first.
  mutating func lowerReduction(_ node: Node, _ x: Node, _ axes: [Int], maximum: Bool) {
    let varying = varies(node)
    let groups = neighbours(axes)
    if let (a, b) = products.factors[node] { return lowerSummedProduct(node, a, b, groups[0]) }
    guard !groups.isEmpty else {
      let step = Step.sum(
        slot(x), place(node), outer: 1, count: 1, inner: shape(x).count, accumulate: false)
      return emit(step, varying: varying)
    }
    var (dims, from) = (shape(x).dims, slot(x))
    for (index, group) in groups.enumerated().reversed() {
      let (outer, count, inner) = lengths(dims, around: group)
      let to = index == 0 ? place(node) : temporary(outer * inner, varying: varying)
      let step: Step =
        maximum
        ? .maximum(from, to, outer: outer, count: count, inner: inner)
        : .sum(from, to, outer: outer, count: count, inner: inner, accumulate: to.space == .sums)
      emit(step, varying: varying)
      dims.removeSubrange(group)
      from = to
    }
  }

  private mutating func lowerSummedProduct(
    _ node: Node, _ a: Node, _ b: Node, _ group: ClosedRange<Int>
  ) {
    let (outer, count, inner) = lengths(shape(a).dims, around: group)
    let to = place(node)
    let step = Step.sumProducts(
      slot(a), slot(b), to, outer: outer, count: count, inner: inner,
      accumulate: to.space == .sums)
    emit(step, varying: varies(node))
  }

  /// Elements before, in and behind some neighbouring axes.
  private func lengths(_ dims: [Int], around group: ClosedRange<Int>) -> (Int, Int, Int) {
    (
      dims[..<group.lowerBound].reduce(1, *), dims[group].reduce(1, *),
      dims[(group.upperBound + 1)...].reduce(1, *)
    )
  }

  private func neighbours(_ axes: [Int]) -> [ClosedRange<Int>] {
    var groups: [ClosedRange<Int>] = []
    for axis in axes {
      if let last = groups.last, last.upperBound == axis - 1 {
        groups[groups.count - 1] = last.lowerBound ... axis
      } else {
        groups.append(axis ... axis)
      }
    }
    return groups
  }
}
