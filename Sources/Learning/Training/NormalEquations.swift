import Core
import Data
import Execution
import Graph
import Models
import Platform

/// A, c and the covariance of score matching's quadratic problem over rows, by a program that runs
/// on shards.
final class NormalEquations {
  struct Sums {
    /// A and c, one behind the other.
    private let values: View<Double>
    private let m: Int

    init(_ values: View<Double>, _ m: Int) { (self.values, self.m) = (values, m) }

    /// A, [m, m].
    var matrix: View<Double> { values.slice(0, m * m) }
    /// c, [m].
    var linear: View<Double> { values.slice(m * m, m) }

    /// ½ θᵀAθ + cᵀθ.
    func loss(_ theta: [Double]) -> Double {
      var sum = 0.0
      for i in 0 ..< m {
        let product = (0 ..< m).reduce(0.0) { $0 + matrix[i * m + $1] * theta[$1] }
        sum += theta[i] * (0.5 * product + linear[i])
      }
      return sum
    }
  }

  private let model: Model
  private let data: TrainingRows
  private let plan: TrainingPlan
  private let m: Int
  private let dimension: Int
  private let rows: Int
  private let program: Program
  private let executor: Executor
  private let context: Context

  init(
    _ model: Model, _ data: TrainingRows, _ parameters: View<Float>, _ plan: TrainingPlan, _ m: Int
  ) throws {
    (self.model, self.data, self.plan, self.m) = (model, data, plan, m)
    context = model.context
    let description = model.snapshot.description
    dimension = description.dimension
    guard let family = model.family as? any LinearFamily else {
      throw SteinError(.internal, "no linear family")
    }
    var rows = 64
    while rows > 8, rows * dimension * m > 1 << 20 { rows /= 2 }
    self.rows = rows
    program = try NormalEquations.program(
      family, description, plan, rows: rows, dimension: dimension, m: m)
    executor = try Executor(
      program, parameters: parameters, frames: context.workers.count, memory: context.memory,
      trace: context.trace)
  }

  /// Outputs: √h ∘ ∂T [D, R, m], each row's part of c [R, m], and Σ h ∂T ∂Tᵀ [m, m].
  private static func program(
    _ family: any LinearFamily, _ description: ModelDescription, _ plan: TrainingPlan, rows: Int,
    dimension d: Int, m: Int
  ) throws -> Program {
    var graph = Graph()
    let (start, z, included) = (
      graph.input([rows, d]), graph.input([rows, d]), graph.input([rows, 1])
    )
    let sigma = graph.constant(plan.levels.range.lowerBound)
    let x = graph.add(start, graph.multiply(sigma, z))
    let parameters = family.parameters.map { graph.parameter($0.shape) }
    // D copies of the rows, each with one axis as its direction: two derivatives along it give ∂_iT
    // and ∂_i²T.
    let copies = graph.reshape(graph.broadcast(x, [d, rows, d]), [d * rows, d])
    let axes = graph.reshape(graph.identity(d), [d, 1, d])
    let along = graph.reshape(graph.broadcast(axes, [d, rows, d]), [d * rows, d])
    func derivative(_ y: Node) -> Node {
      graph.pushforward(of: [y], along: [(variable: copies, tangent: along)])[0]
    }
    let slope = derivative(family.statistics(&graph, parameters, copies))
    let curvature = derivative(slope)
    let base = family.base(&graph, parameters, copies).map { derivative($0) }
    var (h, hSlope): (Node, Node) = (
      graph.broadcast(graph.constant(1), [d * rows, 1]),
      graph.broadcast(graph.constant(0), [d * rows, 1])
    )
    if description.domain != .real {
      let boundary = plan.boundary ?? Boundary(domain: description.domain, cap: 1, power: 1)
      let weight = boundary.weight(&graph, copies)
      h = graph.dot(weight.h, along, keepAxes: true)
      hSlope = graph.dot(weight.slope, along, keepAxes: true)
    }
    let inner = base.map { graph.add(curvature, graph.multiply(slope, $0)) } ?? curvature
    let terms = graph.add(graph.multiply(h, inner), graph.multiply(hSlope, slope))
    let linear = graph.multiply(
      included, graph.sum(graph.reshape(terms, [d, rows, m]), axes: [0]))
    let weighted = graph.multiply(
      graph.sqrt(graph.maximum(h, graph.constant(0))), slope)
    let kept = graph.multiply(
      included, graph.reshape(weighted, [d, rows, m]))
    let flat = graph.reshape(kept, [d * rows, m])
    let gram = graph.matmul(flat, flat, transposeA: true)
    return try Program(graph, rows: [kept, linear, gram])
  }

  /// Runs one shard on a frame: rows from number `first` of the list on.
  private func run(_ list: RowList, _ first: Int, frame: Int) {
    let (x, noise) = (executor.input(0, frame: frame), executor.input(1, frame: frame))
    let included = executor.input(2, frame: frame)
    for r in 0 ..< rows {
      let isThere = first + r < list.count
      let row = list[isThere ? first + r : list.count - 1]
      x.slice(r * dimension, dimension).copy(data.values.slice(row * dimension, dimension))
      included[r] = isThere ? 1 : 0
    }
    let source = DrawSource(seed: plan.seed, step: 0, evaluation: true).source(Stream.noise)
    noise.fillNormal(rows: rows, columns: dimension, source, firstRow: UInt64(first))
    executor.execute(frame: frame)
  }

  /// Lanes of a fixed number, each with the shards that are its own, added in order: the same sums
  /// for any number of threads.
  private static let lanes = 4

  private func overShards(
    _ list: RowList, _ monitor: any Monitor,
    _ body: (_ run: RowRun, _ lane: Int, _ frame: Int, _ first: Int) throws -> Void
  ) throws {
    let shards = (list.count + rows - 1) / rows
    let run = RowRun(
      rows: NormalEquations.lanes, shardRows: 1, monitor: SilentMonitor(monitor))
    try run.run(context.workers) { worker, lane, _ in
      for shard in stride(from: lane, to: shards, by: NormalEquations.lanes) {
        try run.check(worker)
        self.run(list, shard * rows, frame: worker)
        try body(run, lane, worker, shard * rows)
      }
    }
  }

  func sums(_ list: RowList, _ monitor: any Monitor) throws -> Sums {
    let size = m * m + m
    let lanes = try Storage<Double>(context.memory, count: NormalEquations.lanes * size).view
    try overShards(list, monitor) { _, lane, frame, _ in
      let own = lanes.slice(lane * size, size)
      let (linear, gram) = (executor.output(1, frame: frame), executor.output(2, frame: frame))
      for i in 0 ..< m * m { own[i] += Double(gram[i]) }
      for r in 0 ..< rows { for i in 0 ..< m { own[m * m + i] += Double(linear[r * m + i]) } }
    }
    let total = try Storage<Double>(context.memory, count: size).view
    for lane in 0 ..< NormalEquations.lanes {
      for i in 0 ..< size { total[i] += lanes[lane * size + i] / Double(list.count) }
    }
    return Sums(total, m)
  }

  /// √ of the diagonal of A⁻¹ V A⁻¹/n, V the mean of g gᵀ with g_r = A_r θ + c_r.
  func covariance(
    _ solved: LinearFit.Solution, _ sums: Sums, _ list: RowList, _ monitor: any Monitor
  ) throws -> [Double] {
    // What is wanted is the mean square of A⁻¹ g_r by coordinate, so V itself is never made.
    guard let inverse = solved.inverse else { return [] }
    let size = 2 * m
    let lanes = try Storage<Double>(context.memory, count: NormalEquations.lanes * size).view
    let count = NormalEquations.lanes
    let scratch = try Storage<Double>(context.memory, count: count * m).view
    try overShards(list, monitor) { run, lane, frame, first in
      let (slopes, linear) = (executor.output(0, frame: frame), executor.output(1, frame: frame))
      let (own, g) = (lanes.slice(lane * size, size), scratch.slice(lane * m, m))
      for r in 0 ..< min(rows, list.count - first) {
        try run.check(frame)
        for i in 0 ..< m { g[i] = Double(linear[r * m + i]) }
        for axis in 0 ..< dimension {
          let row = slopes.slice((axis * rows + r) * m, m)
          var score = 0.0
          for i in 0 ..< m { score += Double(row[i]) * solved.theta[i] }
          for i in 0 ..< m { g[i] += Double(row[i]) * score }
        }
        for i in 0 ..< m {
          var influence = 0.0
          for j in 0 ..< m { influence += inverse[i * m + j] * g[j] }
          own[i] += influence * influence
          own[m + i] += influence
        }
      }
    }
    let n = Double(list.count)
    return (0 ..< m).map { i in
      let square = (0 ..< count).reduce(0.0) { $0 + lanes[$1 * size + i] } / n
      let mean = (0 ..< count).reduce(0.0) { $0 + lanes[$1 * size + m + i] } / n
      return (max(square - mean * mean, 0) / n).squareRoot()
    }
  }
}
