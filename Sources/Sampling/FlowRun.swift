import Core
import Glibc
import Models
import Platform

/// Rows on their way from data to noise along the probability flow, with what their log density
/// loses.
final class FlowRun: Sendable {
  let evaluator: Evaluator
  let range: ClosedRange<Double>
  private let tolerance: Double
  private let sigmaData: Double
  private let classes: Storage<Int32>?

  var rows: Int { evaluator.rows }
  var dimension: Int { evaluator.dimension }

  /// `lowest`: the option that names the level of the data.
  init(
    _ model: Model, _ now: Model.Snapshot, _ options: Options, field: Field,
    lowest: OptionKey<Double>, labels: TensorView?, rows: Int
  ) throws {
    try model.checkFlow(now, labels)
    range = try now.range(options, lowest: lowest)
    tolerance = options[FlowKey.tolerance]
    sigmaData = now.description.sigmaData
    classes = try now.classes(labels, rows: rows, memory: model.context.memory)
    evaluator = try Evaluator(model, now, field)
  }

  /// ln |dy/dx| at the lowest level less that at the highest: D (ln cos φ_min − ln cos φ_max).
  var logVolumeChange: Double {
    func logCosine(_ sigma: Double) -> Double {
      -0.5 * log1p(sigma * sigma / (sigmaData * sigmaData))
    }
    return Double(dimension) * (logCosine(range.lowerBound) - logCosine(range.upperBound))
  }

  /// Takes the states of a workspace from the lowest level to the highest.
  func rise(_ workspace: FlowWorkspace, _ run: RowRun, _ worker: Int, first: Int, count: Int) throws
  {
    let flow = AngularFlow(
      sigmaData: sigmaData, rows: rows, dimension: dimension, x: workspace.x,
      sigmas: workspace.sigmas)
    let (width, traces) = (workspace.width, workspace.width - dimension)
    let (low, high) = (flow.angle(range.lowerBound), flow.angle(range.upperBound))
    evaluator.setClasses(worker) { r in
      self.classes.map { Int($0.view[first + min(r, count - 1)]) } ?? -1
    }
    workspace.rescale(by: cos(low))
    try workspace.solver.solve(workspace.y, from: low, to: high, .adaptive) { angles, y, slope in
      try run.check(worker)
      flow.enter(angles, y, width: width)
      let u = self.evaluator.x(worker)
      for i in 0 ..< self.rows * self.dimension { u[i] = Float(workspace.x[i]) }
      self.evaluator.setSigmas({ workspace.sigmas[$0] }, worker)
      let values = self.evaluator.run(worker)
      for i in 0 ..< self.rows * self.dimension { workspace.field[i] = Double(values[i]) }
      flow.slopes(angles, y, workspace.field, width: width, slope)
      guard traces > 0 else { return }
      let found = self.evaluator.output(1, worker)
      for r in 0 ..< self.rows {
        for k in 0 ..< traces {
          slope[r * width + self.dimension + k] = flow.growth(
            angles[r], trace: Double(found[k * self.rows + r]))
        }
      }
    } judge: { _, y, next, miss in
      var size = flow.error(y, next, miss, tolerance: tolerance)
      for k in self.dimension ..< width { size = max(size, abs(miss[k]) / tolerance) }
      return size
    } accepted: { r, miss in
      for k in 0 ..< traces { workspace.errors[r * traces + k] += abs(miss[self.dimension + k]) }
    }
    workspace.rescale(by: 1 / cos(high))
    for i in 0 ..< count * width where !workspace.y[i].isFinite {
      throw SteinError(
        .diverged, "row \(first + i / width) of x is so far out that the flow is not finite there")
    }
  }
}

/// A worker's memory for the flow.
final class FlowWorkspace: Sendable {
  let rows: Int
  let dimension: Int
  /// D, and one more for each trace.
  let width: Int
  /// [rows, width]: a state and what its log density has lost.
  let y: View<Double>
  let x: View<Double>
  let field: View<Double>
  let sigmas: View<Double>
  /// Sum of the steps' errors in each trace, [rows, traces].
  let errors: View<Double>
  /// Of two rows.
  let row: View<Double>
  private let workspace: View<Double>

  init(rows: Int, dimension: Int, traces: Int, columns: Int, memory: Memory) throws {
    (self.rows, self.dimension) = (rows, dimension)
    width = dimension + traces
    func stretch(_ count: Int) throws -> View<Double> {
      try Storage<Double>(memory, count: count).view
    }
    y = try stretch(rows * width)
    (x, field) = (try stretch(rows * dimension), try stretch(rows * dimension))
    (sigmas, errors) = (try stretch(rows), try stretch(rows * traces))
    row = try stretch(2 * columns)
    workspace = try stretch(DormandPrince.workspace(rows: rows, width: width))
  }

  var solver: DormandPrince { DormandPrince(rows: rows, width: width, workspace: workspace) }

  /// Reads the rows of a shard; those beyond the last repeat it.
  func begin(_ tensor: TensorView, _ units: Units, first: Int, count: Int) {
    y.fill(0)
    errors.fill(0)
    for r in 0 ..< rows {
      tensor.readRow(first + min(r, count - 1), into: row)
      for (index, column) in units.active.enumerated() {
        y[r * width + index] = (row[column] - units.mean[column]) / units.scale[column]
      }
    }
  }

  func state(_ r: Int) -> View<Double> { y.slice(r * width, dimension) }

  func rescale(by factor: Double) {
    for r in 0 ..< rows {
      let own = state(r)
      for i in 0 ..< dimension { own[i] *= factor }
    }
  }

  /// What a row's log density lost, with the deviation of the estimate: that of the mean over
  /// directions, and the steps' errors.
  func loss(_ r: Int) -> (mean: Double, deviation: Double) {
    let traces = width - dimension
    let lost = y.slice(r * width + dimension, traces)
    var (mean, square, error) = (0.0, 0.0, 0.0)
    for k in 0 ..< traces {
      mean += lost[k] / Double(traces)
      error += errors[r * traces + k] / Double(traces)
    }
    for k in 0 ..< traces { square += (lost[k] - mean) * (lost[k] - mean) }
    let variance = traces > 1 ? square / Double(traces * (traces - 1)) : 0
    return (mean, (variance + error * error).squareRoot())
  }
}
