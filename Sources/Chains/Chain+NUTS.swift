import Glibc
import Platform

extension Chain {
  /// Begins a subtree on a side chosen at random.
  func growTree() {
    tree.beginSubtree(forward: random.uniform() < 0.5)
    queryScore.copy(tree.edgeScore)
    query.copy(tree.edge)
    stepTree()
  }

  func stepTree() {
    momentum.copy(tree.edgeMomentum)
    forward(momentum, tree.isForward ? h : -h)
  }

  /// A new leaf at the query: into its subtree, and the subtree, when whole, into the tree.
  func absorbLeaf(_ value: Double, _ isFinite: Bool) -> Bool {
    var energy = Double.infinity
    if isFinite {
      let step = tree.isForward ? h : -h
      for i in 0 ..< d { momentum[i] += 0.5 * step * queryScore[i] }
      energy = -value + kinetic(momentum)
    }
    let change = start - energy
    let diverged = !(change > -1000)
    tree.addLeaf(
      query, momentum, queryScore, value, logWeight: diverged ? -.infinity : change, metric,
      pick: random.uniform())
    tree.acceptance += change.isNaN ? 0 : min(1, exp(change))
    tree.leaves += 1
    if diverged || tree.subtreeTurned {
      report.isDivergent = diverged
      return endTree()
    }
    if !tree.isSubtreeWhole {
      stepTree()
      return false
    }
    tree.join(metric, pick: random.uniform())
    report.depth = tree.depth
    if tree.turned { return endTree() }
    if tree.depth >= min(mostDepth, depthLimit) {
      report.isSaturated = true
      return endTree()
    }
    growTree()
    return false
  }

  func endTree() -> Bool {
    report.acceptance = tree.acceptance / Double(max(tree.leaves, 1))
    if tree.hasMoved { move(to: tree.chosen, tree.chosenScore, tree.chosenLogDensity) }
    return true
  }
}
