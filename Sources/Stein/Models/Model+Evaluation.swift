package import Execution

extension Model {
  /// s_x = s_u / scale; 0 in constant columns.
  package func score(
    x: TensorView, labels: TensorView?, sigma: Double, out: TensorView, monitor: any Monitor
  ) throws {
    try evaluate(.scaledScore, x, labels, sigma, out, monitor) { units, level, _, g, row in
      row.fill(0)
      for (index, column) in units.active.enumerated() {
        row[column] = Double(g[index]) / (level > 0 ? level : 1) / units.scale[column]
      }
    }
  }

  /// E[x | x̃] = m + S (u + σ · σs): Tweedie's formula.
  package func denoise(
    x: TensorView, labels: TensorView?, sigma: Double, out: TensorView, monitor: any Monitor
  ) throws {
    guard snapshot.description.noiseKernel == .gaussian else {
      throw SteinError(
        .unsupported, "Tweedie's formula holds for Gaussian noise; the model was trained with another kernel",
        argument: "model")
    }
    try evaluate(.scaledScore, x, labels, sigma, out, monitor) { units, level, u, g, row in
      units.restore(into: row) { Double(u[$0]) + level * Double(g[$0]) }
    }
  }

  package func energy(
    x: TensorView, labels: TensorView?, sigma: Double, out: TensorView, monitor: any Monitor
  ) throws {
    // A normalised density is one of the data: ln p_x = ln p_u − Σ ln S_i.
    let normalized = snapshot.description.family.isNormalized
    let shift = normalized ? snapshot.description.units.logVolume : 0
    try evaluate(.energy, x, labels, sigma, out, monitor) { _, _, _, energy, row in
      row[0] = Double(energy[0]) + shift
    }
  }

  /// `finish`: from u and the field of one row makes the row of `out`.
  private func evaluate(
    _ field: Field, _ x: TensorView, _ labels: TensorView?, _ sigma: Double, _ out: TensorView,
    _ monitor: any Monitor,
    _ finish: (Units, Double, _ u: View<Float>, _ value: View<Float>, _ row: View<Double>) -> Void
  ) throws {
    let now = snapshot
    let units = now.description.units
    try now.checkRows(x, "x")
    let expected = field == .energy ? [x.rows] : x.shape
    guard out.shape == expected else {
      throw SteinError(
        .badShape, "out has shape \(out.shape); it needs \(expected)", argument: "out")
    }
    let level = try now.level(sigma)
    let evaluator = try Evaluator(self, now, field)
    let classes = try now.classes(labels, rows: x.rows, memory: context.memory)
    guard classes != nil || now.description.unconditional else {
      throw SteinError(
        .badValue,
        "the model knows its score by class alone: give labels, or train with label_dropout=0.1",
        argument: "labels")
    }
    try checkFinite(x, "x")
    let rowViews = try (0 ..< context.workers.count).map { _ in
      try Storage<Double>(context.memory, count: units.count)
    }
    let width = field == .energy ? 1 : evaluator.dimension
    let run = RowRun(rows: x.rows, shardRows: evaluator.rows, monitor: monitor)
    try run.run(context.workers) { worker, first, count in
      let row = rowViews[worker].view
      let d = evaluator.dimension
      evaluator.x(worker).fill(0)
      evaluator.setSigma(level, worker)
      evaluator.setClasses(worker) { r in
        r < count ? classes.map { Int($0.view[first + r]) } ?? -1 : -1
      }
      for r in 0 ..< count {
        x.readRow(first + r, into: row)
        units.standardize(row, into: evaluator.x(worker).slice(r * d, d))
      }
      let values = evaluator.run(worker)
      for r in 0 ..< count {
        let value = values.slice(r * width, width)
        guard value.allFinite else {
          throw SteinError(
            .diverged,
            "row \(first + r) of x is so far out that its \(field == .energy ? "energy" : "score") is not finite"
          )
        }
        finish(units, level, evaluator.x(worker).slice(r * d, d), value, row)
        out.writeRow(first + r, from: row.slice(0, out.rowCount))
      }
    }
  }

  func checkFinite(_ x: TensorView, _ argument: String) throws {
    let row = try Storage<Double>(context.memory, count: x.rowCount)
    for r in 0 ..< x.rows {
      x.readRow(r, into: row.view)
      for c in 0 ..< x.rowCount where !row.view[c].isFinite {
        throw SteinError(
          .notFinite, "row \(r), column \(c) of \(argument) is \(row.view[c])", argument: argument)
      }
    }
  }
}

extension Units {
  /// A row in the data's units from its u; constant columns get their constant.
  func restore(into row: View<Double>, _ u: (Int) -> Double) {
    for column in 0 ..< count { row[column] = mean[column] }
    for (index, column) in active.enumerated() {
      row[column] = mean[column] + scale[column] * u(index)
    }
  }
}
