package import Core
import Glibc
import Models
package import Platform

// The probability-flow ODE as a map between data and noise. Song et al. (2021), section 4.3.

extension Model {
  /// Standard normals from rows: up the probability flow, then through the law of its start
  /// backwards.
  package func encode(
    x: TensorView, labels: TensorView?, options text: String, out: TensorView, monitor: any Monitor
  ) throws {
    let options = try Options(text, .encode)
    let now = snapshot
    try now.checkRows(x, "x")
    guard out.shape == x.shape else {
      throw SteinError(.badShape, "out has shape \(out.shape), x \(x.shape)", argument: "out")
    }
    try checkFinite(x, "x", monitor)
    let flow = try FlowRun(
      self, now, options, field: .scaledScore, lowest: FlowKey.sigmaMin, labels: labels,
      rows: x.rows)
    let units = now.description.units
    let workspaces = try (0 ..< context.workers.count).map { _ in
      try FlowWorkspace(
        rows: flow.rows, dimension: flow.dimension, traces: 0, columns: units.count,
        memory: context.memory)
    }
    let run = RowRun(rows: x.rows, shardRows: flow.rows, monitor: monitor)
    try run.run(context.workers) { worker, first, count in
      let workspace = workspaces[worker]
      workspace.begin(x, units, first: first, count: count)
      try flow.rise(workspace, run, worker, first: first, count: count)
      for r in 0 ..< count {
        let own = workspace.state(r)
        now.description.standardize(own, sigma: flow.range.upperBound, scratch: workspace.row)
        workspace.row.fill(0)
        for (index, column) in units.active.enumerated() { workspace.row[column] = own[index] }
        out.writeRow(first + r, from: workspace.row)
      }
    }
  }

  /// Rows from standard normals: the inverse of `encode`.
  package func decode(
    noise: TensorView, labels: TensorView?, options text: String, out: TensorView,
    monitor: any Monitor
  ) throws {
    let options = try Options(text, .decode)
    let now = snapshot
    try now.checkRows(noise, "noise")
    guard out.shape == noise.shape else {
      throw SteinError(
        .badShape, "out has shape \(out.shape), noise \(noise.shape)", argument: "out")
    }
    try checkFinite(noise, "noise", monitor)
    try checkFlow(now, labels)
    let range = try now.range(options, lowest: FlowKey.sigmaMin)
    let sampler = AdaptiveFlow(
      levels: [range.upperBound, range.lowerBound], denoise: options[FlowKey.denoise],
      control: .adaptive, tolerance: options[FlowKey.tolerance],
      sigmaData: now.description.sigmaData)
    var call = SamplingCall(
      options: try Options("", .sampler), labels: labels, out: out, monitor: monitor)
    call.start = .normals(noise)
    try draw(call, sampler, now)
  }

  /// The flow is one of many levels and Gaussian noise, and of one class or none.
  func checkFlow(_ now: Snapshot, _ labels: TensorView?) throws {
    guard now.description.trained else {
      throw SteinError(.badState, "the model is not trained yet", argument: "model")
    }
    try checkGaussianNoise()
    guard now.description.sigmaMin < now.description.sigmaMax || family.isNoiseConditional else {
      throw SteinError(
        .unsupported,
        "the probability flow goes through many noise levels, this model has one", argument: "model"
      )
    }
    guard labels != nil || now.description.unconditional else {
      throw SteinError(
        .badValue,
        "the model knows its score by class alone: give labels, or train with label_dropout=0.1",
        argument: "labels")
    }
  }
}
