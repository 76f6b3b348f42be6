import Glibc
import Platform

/// The trajectory of one NUTS transition, which doubles until it turns back.
///
/// Multinomial sampling over the whole trajectory, biased to the new half: Betancourt (2017), "A
/// Conceptual Introduction to Hamiltonian Monte Carlo", appendix A; Hoffman & Gelman (2014). A
/// subtree grows leaf by leaf; of its inner nodes only the left edges that are still to be compared
/// are kept, one for each set bit of the leaf's number (Phan, Pradhan & Jankowiak 2019, "Composable
/// Effects for Flexible and Accelerated Probabilistic Programming in NumPyro", appendix A).
final class Tree {
  // A class, since a chain keeps it for all its transitions: a struct within a class would be
  // guarded at each use.
  private let d: Int
  private let depthLimit: Int
  private let rows: View<Double>
  private(set) var depth = 0
  private(set) var isForward = true
  private(set) var hasMoved = false
  private(set) var subtreeTurned = false
  private(set) var turned = false
  private(set) var chosenLogDensity = 0.0
  var acceptance = 0.0
  var leaves = 0
  private var logWeight = 0.0
  private var subtreeLogWeight = -Double.infinity
  private var subtreeLogDensity = 0.0
  private var leaf = 0

  private enum Row: Int, CaseIterable {
    case left, leftMomentum, leftScore, right, rightMomentum, rightScore
    case chosen, chosenScore, sum
    case candidate, candidateScore, subtreeSum, scratch, velocity
  }

  init(dimension d: Int, depth: Int, memory: Memory) throws {
    (self.d, depthLimit) = (d, depth)
    rows = try Storage<Double>(memory, count: depth > 0 ? (Row.allCases.count + 2 * depth) * d : 0)
      .view
  }

  private func row(_ row: Row) -> View<Double> { rows.slice(row.rawValue * d, d) }
  /// Momentum at a left edge, and the sum of momenta up to it.
  private func checkpoint(_ index: Int) -> (momentum: View<Double>, sum: View<Double>) {
    let first = (Row.allCases.count + 2 * min(index, max(depthLimit - 1, 0))) * d
    return (rows.slice(first, d), rows.slice(first + d, d))
  }

  var chosen: View<Double> { row(.chosen) }
  var chosenScore: View<Double> { row(.chosenScore) }
  /// Where the subtree goes on from.
  var edge: View<Double> { row(isForward ? .right : .left) }
  var edgeMomentum: View<Double> { row(isForward ? .rightMomentum : .leftMomentum) }
  var edgeScore: View<Double> { row(isForward ? .rightScore : .leftScore) }
  var isSubtreeWhole: Bool { leaf == 1 << depth }

  func begin(
    _ x: View<Double>, _ p: View<Double>, _ s: View<Double>, _ logDensity: Double
  ) {
    for place in [Row.left, .right, .chosen] { row(place).copy(x) }
    for place in [Row.leftMomentum, .rightMomentum, .sum] { row(place).copy(p) }
    for place in [Row.leftScore, .rightScore, .chosenScore] { row(place).copy(s) }
    (depth, hasMoved, turned, logWeight) = (0, false, false, 0)
    (acceptance, leaves, chosenLogDensity) = (0, 0, logDensity)
  }

  func beginSubtree(forward: Bool) {
    isForward = forward
    (leaf, subtreeTurned, subtreeLogWeight) = (0, false, -.infinity)
    row(.subtreeSum).fill(0)
  }

  /// `logWeight`: H₀ − H.
  func addLeaf(
    _ x: View<Double>, _ p: View<Double>, _ s: View<Double>, _ logDensity: Double,
    logWeight: Double,
    _ metric: Metric, pick: Double
  ) {
    edge.copy(x)
    edgeMomentum.copy(p)
    edgeScore.copy(s)
    let sum = row(.subtreeSum)
    for i in 0 ..< d { sum[i] += p[i] }
    let total = logAdd(subtreeLogWeight, logWeight)
    if logWeight > -.infinity, pick < exp(logWeight - total) {
      row(.candidate).copy(x)
      row(.candidateScore).copy(s)
      subtreeLogDensity = logDensity
    }
    subtreeLogWeight = total
    let top = (leaf >> 1).nonzeroBitCount
    if leaf % 2 == 0 {
      checkpoint(top).momentum.copy(p)
      checkpoint(top).sum.copy(sum)
    } else {
      let trailing = (~leaf).trailingZeroBitCount
      for index in stride(from: top, through: top - trailing + 1, by: -1) {
        let (first, before) = checkpoint(index)
        let part = row(.scratch)
        for i in 0 ..< d { part[i] = sum[i] - before[i] + first[i] }
        if turns(part, first, p, metric) { subtreeTurned = true }
      }
    }
    leaf += 1
  }

  /// Takes the whole subtree in: its candidate with probability min(1, w_new/w_old).
  func join(_ metric: Metric, pick: Double) {
    if pick < exp(min(subtreeLogWeight - logWeight, 0)) {
      row(.chosen).copy(row(.candidate))
      row(.chosenScore).copy(row(.candidateScore))
      chosenLogDensity = subtreeLogDensity
      hasMoved = true
    }
    logWeight = logAdd(logWeight, subtreeLogWeight)
    let (sum, part) = (row(.sum), row(.subtreeSum))
    for i in 0 ..< d { sum[i] += part[i] }
    depth += 1
    turned = turns(sum, row(.leftMomentum), row(.rightMomentum), metric)
  }

  /// Whether the ends of a trajectory move towards each other: v·Σp ≤ 0 at either, with half of the
  /// ends' own momenta left out, as the sum stands for an integral.
  private func turns(
    _ sum: View<Double>, _ first: View<Double>, _ last: View<Double>, _ metric: Metric
  ) -> Bool {
    let velocity = row(.velocity)
    func along(_ p: View<Double>) -> Double {
      metric.velocity(p, into: velocity)
      var total = 0.0
      for i in 0 ..< d { total += velocity[i] * (sum[i] - 0.5 * (first[i] + last[i])) }
      return total
    }
    return !(along(first) > 0) || !(along(last) > 0)
  }

  private func logAdd(_ a: Double, _ b: Double) -> Double {
    let top = max(a, b)
    return top == -.infinity ? top : top + log(exp(a - top) + exp(b - top))
  }
}
