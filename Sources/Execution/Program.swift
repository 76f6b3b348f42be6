package import Graph
import Kernels
package import Platform

/// Where each parameter stands in one flat vector; each begins at a multiple of 16 elements.
package struct ParameterLayout: Sendable {
  package let shapes: [Shape]
  package let offsets: [Int]
  package let count: Int

  package init(_ shapes: [Shape]) {
    var offset = 0
    var offsets: [Int] = []
    for shape in shapes {
      offsets.append(offset)
      offset += (shape.count + 15) / 16 * 16
    }
    self.shapes = shapes
    self.offsets = offsets
    count = offset
  }

  /// A part of one parameter: some of the rows of a matrix, or some elements of another.
  package struct Stripe: Sendable {
    package let parameter: Int
    package let rows: Range<Int>
    /// In the flat vector.
    package let start: Int
    package let count: Int
  }

  /// All elements in stripes of about `size`; but for a parameter's last, whole cache lines in its
  /// transposed copies too.
  package func stripes(of size: Int) -> [Stripe] {
    var stripes: [Stripe] = []
    for (index, shape) in shapes.enumerated() where shape.count > 0 {
      let columns = shape.rank < 2 ? 1 : shape.dims.last ?? 1
      let (rows, height) = (shape.count / columns, max(16, size / columns / 16 * 16))
      for row in stride(from: 0, to: rows, by: height) {
        let some = row ..< min(row + height, rows)
        stripes.append(
          Stripe(
            parameter: index, rows: some, start: offsets[index] + row * columns,
            count: some.count * columns))
      }
    }
    return stripes
  }
}

/// Of the factors of matrix products; all else is float32.
package enum Precision: String, Sendable, CaseIterable {
  case float32
  /// bfloat16, where products are large enough, with sums in float32.
  case bf16

  /// Whether this machine has it.
  package var isAvailable: Bool { self == .float32 || (hasWideLanes && MatrixMultiply.hasBFloat16) }
}

/// A graph made ready to run on shards of rows: an order, a place for every value, one step after
/// another.
///
/// A graph's inputs are what varies from shard to shard; its parameters stay. Nodes that depend on
/// parameters alone are computed once for all shards (`shared`).
package final class Program: Sendable {
  let shared: [Step]
  let steps: [Step]
  /// The same for the first shard of a total, which needs no zeros; empty where totals must begin
  /// at 0.
  let firstSteps: [Step]
  /// Numbers that a shard's values take.
  package let frameCount: Int
  let sharedCount: Int
  let inputs: [Slot]
  let inputCounts: [Int]
  let rowOutputs: [Slot]
  let rowOutputCounts: [Int]

  /// Of the totals over shards: one entry each, in the order given.
  package let sums: ParameterLayout
  /// Which of them lie in panels of columns.
  package let sumsInPanels: [Bool]
  package let parameters: ParameterLayout

  /// `rows`: outputs that are read after each shard.
  ///
  /// `sums`: outputs whose values are added up over the shards. `panels`: those that wide products make may lie in panels of columns, which
  /// is faster to write.
  package init(
    _ graph: Graph, rows: [Node] = [], sums: [Node] = [], panels: Bool = false,
    precision: Precision = .float32
  ) throws(GraphError) {
    if let error = graph.error { throw error }
    let plan = Plan(graph, rows: rows, sums: sums, panels: panels, precision: precision)
    parameters = plan.parameters
    self.sums = plan.totals.layout
    sumsInPanels = plan.totals.liesInPanels
    (shared, sharedCount) = (plan.sharedSteps, plan.sharedCount)
    (steps, frameCount) = (plan.steps, plan.frameCount)
    firstSteps = Program.firstSteps(plan.steps)
    inputs = plan.inputs
    inputCounts = graph.inputs.map { graph.shape(of: $0).count }
    rowOutputs = plan.rows
    rowOutputCounts = rows.map { graph.shape(of: $0).count }
  }

  /// The first step that adds to a total writes it.
  private static func firstSteps(_ steps: [Step]) -> [Step] {
    var begun: Set<Slot> = []
    var result: [Step] = []
    for step in steps {
      guard let total = step.total, begun.insert(total).inserted else {
        result.append(step)
        continue
      }
      guard let first = step.overwriting else { return [] }
      result.append(first)
    }
    return result
  }
}

extension Program {
  /// A stripe of the totals, added up in order over lanes that each hold all of them, one lane
  /// after the other; row by row, however a lane lays it out.
  package func add(
    _ totals: View<Float>, lanes: Int, of stripe: ParameterLayout.Stripe, into sum: View<Float>
  ) {
    let index = stripe.parameter
    assert(lanes * sums.count <= totals.count && stripe.count <= sum.count)
    if sumsInPanels[index] {
      let shape = sums.shapes[index]
      unsafe sumPanels(
        totals.base + sums.offsets[index], laneStride: sums.count, lanes: lanes, rows: shape[0],
        columns: shape[1], only: stripe.rows, sum.base)
    } else {
      unsafe sumLanes(
        totals.base + stripe.start, laneStride: sums.count, lanes: lanes, sum.base,
        count: stripe.count)
    }
  }
}
