package import Core
import Glibc
import Kernels
import Models
package import Platform

/// How the trace of the field's Jacobian is found along the flow.
struct TraceEstimate: Sendable {
  /// Directions a row; 0: the trace itself.
  let directions: Int

  init(_ options: Options) {
    directions =
      options[LikelihoodResult.Key.trace] == .exact ? 0 : options[LikelihoodResult.Key.probes]
  }

  var field: Field {
    directions == 0 ? .scaledScoreAndTrace : .scaledScoreAndSlopes(directions: directions)
  }

  /// Numbers that the flow carries for each row.
  var count: Int { max(directions, 1) }

  /// Signs for every row, the same along its whole way.
  ///
  /// Hutchinson (1989), Grathwohl et al. (2019).
  func fill(_ evaluator: Evaluator, _ worker: Int, seed: UInt64, firstRow: UInt64) {
    let size = evaluator.rows * evaluator.dimension
    for k in 0 ..< directions {
      let signs = evaluator.directions(worker).slice(k * size, size)
      signs.fillUniform(
        rows: evaluator.rows, columns: evaluator.dimension,
        RandomSource(seed: seed, stream: Stream.probes, step: UInt32(k)), firstRow: firstRow)
      for i in 0 ..< size { signs[i] = signs[i] < 0.5 ? -1 : 1 }
    }
  }
}

extension Model {
  /// ln p_σ of rows, in nats or bits a dimension, with the deviation of the estimate.
  package func logLikelihood(
    x: TensorView, labels: TensorView?, options text: String, out: TensorView,
    deviation: TensorView?, monitor: any Monitor
  ) throws {
    let now = snapshot
    let description = now.description
    let options = try LikelihoodResult.options(text, description)
    try now.checkRows(x, "x")
    for (tensor, name) in [(out, "out"), (deviation, "deviation")] {
      guard let tensor, tensor.shape != [x.rows] else { continue }
      throw SteinError(
        .badShape, "\(name) has shape \(tensor.shape); it needs [\(x.rows)]", argument: name)
    }
    try checkFinite(x, "x", monitor)
    guard description.units.active.count == description.units.count else {
      throw SteinError(
        .unsupported, "the model has constant columns, on which there is no density",
        argument: "model")
    }
    let result = LikelihoodResult(
      isBits: options[LikelihoodResult.Key.unit] == .bitsPerDimension,
      dimension: description.dimension,
      out: out, deviation: deviation)
    if options[LikelihoodResult.Key.method] == .density {
      try density(x, labels, options, now, result, monitor)
    } else {
      try flow(x, labels, options, now, result, monitor)
    }
  }

  /// Of families that are normalised by construction.
  private func density(
    _ x: TensorView, _ labels: TensorView?, _ options: Options, _ now: Snapshot,
    _ result: LikelihoodResult, _ monitor: any Monitor
  ) throws {
    guard now.description.family.isNormalized else {
      throw SteinError(
        .unsupported,
        "method=density is for normalised families; the normaliser of family=\(now.description.family.rawValue) is not known",
        argument: "options", option: "method")
    }
    let level = try now.level(options, LikelihoodResult.Key.sigma, usual: now.description.sigmaMin)
    let shift = now.description.units.logVolume
    try forEachRow(.energy, x, labels, level, monitor, width: 1) { index, _, _, _, energy, row in
      result.write(index, -Double(energy[0]) - shift, deviation: 0, row)
    }
  }

  /// Along the probability flow: the density of its end, less what was lost on the way.
  private func flow(
    _ x: TensorView, _ labels: TensorView?, _ options: Options, _ now: Snapshot,
    _ result: LikelihoodResult, _ monitor: any Monitor
  ) throws {
    let (description, memory) = (now.description, context.memory)
    let trace = TraceEstimate(options)
    if trace.directions == 1, result.deviation != nil {
      throw Options.bad("probes", "is 1, from which no deviation can be told; it wants 2 or more")
    }
    let flow = try FlowRun(
      self, now, options, field: trace.field, lowest: LikelihoodResult.Key.sigma, labels: labels,
      rows: x.rows)
    // A normalised family knows the density of the end itself.
    let last = description.family.isNormalized ? try Evaluator(self, now, .energy) : nil
    let workspaces = try (0 ..< context.workers.count).map { _ in
      try FlowWorkspace(
        rows: flow.rows, dimension: flow.dimension, traces: trace.count,
        columns: description.units.count, memory: memory)
    }
    let seed = options[LikelihoodResult.Key.seed]
    let firstIndex = options[LikelihoodResult.Key.firstIndex]
    let run = RowRun(rows: x.rows, shardRows: flow.rows, monitor: monitor)
    try run.run(context.workers) { worker, first, count in
      let workspace = workspaces[worker]
      workspace.begin(x, description.units, first: first, count: count)
      trace.fill(flow.evaluator, worker, seed: seed, firstRow: firstIndex &+ UInt64(first))
      try flow.rise(workspace, run, worker, first: first, count: count)
      let energies = last.map { $0.energies(workspace, sigma: flow.range.upperBound, worker) }
      for r in 0 ..< count {
        let end =
          energies.map { -Double($0[r]) }
          ?? description.logDensity(
            workspace.state(r), sigma: flow.range.upperBound, scratch: workspace.row)
        let (lost, deviation) = workspace.loss(r)
        let nats = end + flow.logVolumeChange - lost - description.units.logVolume
        guard nats.isFinite else {
          throw SteinError(
            .diverged, "row \(first + r) of x is so far out that its likelihood is not finite")
        }
        result.write(first + r, nats, deviation: deviation, workspace.row)
      }
    }
  }
}

extension Evaluator {
  /// E at the states of a workspace, whose rows are no more than the evaluator's.
  fileprivate func energies(_ workspace: FlowWorkspace, sigma: Double, _ worker: Int) -> View<Float>
  {
    let u = x(worker)
    for r in 0 ..< rows {
      let state = workspace.state(min(r, workspace.rows - 1))
      for i in 0 ..< dimension { u[r * dimension + i] = Float(state[i]) }
    }
    setSigma(sigma, worker)
    return run(worker)
  }
}

/// Where log likelihoods go, and in which unit.
struct LikelihoodResult: Sendable {
  let isBits: Bool
  let dimension: Int
  let out: TensorView
  let deviation: TensorView?

  /// `scratch`: for one number.
  func write(_ row: Int, _ nats: Double, deviation error: Double, _ scratch: View<Double>) {
    let bits = Double(dimension) * log(2)
    let value = scratch.slice(0, 1)
    value[0] = isBits ? -nats / bits : nats
    out.writeRow(row, from: value)
    value[0] = isBits ? error / bits : error
    deviation?.writeRow(row, from: value)
  }
}
