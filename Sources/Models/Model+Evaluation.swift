package import Core
package import Platform

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
    try checkGaussianNoise()
    try snapshot.checkReach(out)
    try evaluate(.scaledScore, x, labels, sigma, out, monitor, clean: false) {
      units, level, u, g, row in
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

  /// ∂s_j/∂x_i = ∂s_u,j/∂u_i / (S_i S_j), [n, d, d] with i first; 0 in constant columns.
  package func jacobian(
    x: TensorView, labels: TensorView?, sigma: Double, out: TensorView, monitor: any Monitor
  ) throws {
    try evaluate(.jacobian, x, labels, sigma, out, monitor) { units, level, _, slopes, row in
      units.matrix(into: row) { i, j in
        let slope = Double(slopes[i * units.active.count + j]) / (level > 0 ? level : 1)
        return slope / (units.scale[units.active[i]] * units.scale[units.active[j]])
      }
    }
  }

  /// Cov[x | x̃] = S σ² (I + σ² ∇s_u) S, made symmetric: the second-order form of Tweedie's formula
  /// (Efron 2011).
  package func denoiseCovariance(
    x: TensorView, labels: TensorView?, sigma: Double, out: TensorView, monitor: any Monitor
  ) throws {
    try checkGaussianNoise()
    try evaluate(.jacobian, x, labels, sigma, out, monitor, clean: false) {
      units, level, _, slopes, row in
      let d = units.active.count
      units.matrix(into: row) { i, j in
        let slope = 0.5 * Double(slopes[i * d + j] + slopes[j * d + i])
        let covariance = level * level * ((i == j ? 1 : 0) + level * slope)
        return covariance * units.scale[units.active[i]] * units.scale[units.active[j]]
      }
    }
  }

  package func checkGaussianNoise() throws {
    guard snapshot.description.noiseKernel == .gaussian else {
      throw SteinError(
        .unsupported,
        "Tweedie's formula and the ODE hold for Gaussian noise; the model was trained with noise_kernel=\(snapshot.description.noiseKernel.name)",
        argument: "model")
    }
  }

  /// Evaluates a field row by row.
  ///
  /// `clean`: what σ = 0 means, as for a snapshot's level. `finish`: from u and the field of one row makes the row of `out`.
  private func evaluate(
    _ field: Field, _ x: TensorView, _ labels: TensorView?, _ sigma: Double, _ out: TensorView,
    _ monitor: any Monitor, clean: Bool = true,
    _ finish: (Units, Double, _ u: View<Float>, _ value: View<Float>, _ row: View<Double>) -> Void
  ) throws {
    let units = snapshot.description.units
    try snapshot.checkRows(x, "x")
    let expected =
      switch field {
      case .energy: [x.rows]
      case .jacobian: [x.rows, units.count, units.count]
      default: x.shape
      }
    guard out.shape == expected else {
      throw SteinError(
        .badShape, "out has shape \(out.shape); it needs \(expected)", argument: "out")
    }
    try forEachRow(field, x, labels, sigma, monitor, width: out.rowCount, clean: clean) {
      index, units, level, u, value, row in
      finish(units, level, u, value, row)
      let own = row.slice(0, out.rowCount)
      guard out.holds(own) else { throw overflow(out, "row \(index) of the result") }
      out.writeRow(index, from: own)
    }
  }

  /// Calls `body` with every row's number, its u and the field there, and memory for `width`
  /// numbers; rows come in no order, from any worker.
  package func forEachRow(
    _ field: Field, _ x: TensorView, _ labels: TensorView?, _ sigma: Double,
    _ monitor: any Monitor, width rowWidth: Int, clean: Bool = true,
    _ body: (
      _ index: Int, Units, Double, _ u: View<Float>, _ value: View<Float>, _ row: View<Double>
    ) throws -> Void
  ) throws {
    let now = snapshot
    let units = now.description.units
    try now.checkRows(x, "x")
    let level = try now.level(sigma, clean: clean)
    let evaluator = try Evaluator(self, now, field)
    let classes = try now.classes(labels, rows: x.rows, memory: context.memory)
    guard classes != nil || now.description.unconditional else {
      throw SteinError(
        .badValue,
        "the model knows its score by class alone: give labels, or train with label_dropout=0.1",
        argument: "labels")
    }
    try checkFinite(x, "x", monitor)
    let rowViews = try (0 ..< context.workers.count).map { _ in
      try Storage<Double>(context.memory, count: max(units.count, rowWidth))
    }
    let dimension = evaluator.dimension
    let width =
      field == .energy ? 1 : field == .jacobian ? dimension * dimension : dimension
    let gathered = try (0 ..< context.workers.count).map { _ in
      try Storage<Float>(context.memory, count: field == .jacobian ? width : 0)
    }
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
        var value = values
        if field == .jacobian {
          value = gathered[worker].view
          for i in 0 ..< d {
            value.slice(i * d, d).copy(values.slice((i * evaluator.rows + r) * d, d))
          }
        } else {
          value = values.slice(r * width, width)
        }
        guard value.allFinite else {
          throw SteinError(
            .diverged,
            "row \(first + r) of x is so far out that its \(field == .energy ? "energy" : "score") is not finite"
          )
        }
        try body(first + r, units, level, evaluator.x(worker).slice(r * d, d), value, row)
      }
    }
  }

  package func checkFinite(
    _ x: TensorView, _ argument: String, _ monitor: any Monitor = Unwatched()
  ) throws {
    let row = try Storage<Double>(context.memory, count: x.rowCount)
    let step = max(1, (1 << 16) / max(x.rowCount, 1))
    for r in 0 ..< x.rows {
      if r % step == 0 { try monitor.poll() }
      x.readRow(r, into: row.view)
      for c in 0 ..< x.rowCount where !row.view[c].isFinite {
        throw SteinError(
          .notFinite, "row \(r), column \(c) of \(argument) is \(row.view[c])", argument: argument)
      }
    }
  }
}

/// A finite result that its tensor can't hold, or one that no number holds.
package func overflow(_ out: TensorView, _ what: String) -> SteinError {
  SteinError(
    .diverged,
    out.type == .float32
      ? "\(what) is beyond float32, which holds up to 3.4e38: give out as float64, or scale the data"
      : "\(what) is beyond float64: scale the data")
}

extension Model.Snapshot {
  /// Before any work: a column that float32 can't tell from 0 would come out as nothing but zeros.
  package func checkReach(_ out: TensorView) throws {
    guard out.type == .float32, let column = description.tooNarrow else { return }
    throw SteinError(
      .badShape,
      "out is float32, and column \(column) varies by \(description.units.scale[column]), which float32 takes for 0: give out as float64",
      argument: "out")
  }
}

extension ModelDescription {
  /// A column whose values differ by less than the least normal float32.
  var tooNarrow: Int? {
    units.active.first {
      units.scale[$0] < Double(Float.leastNormalMagnitude)
    }
  }
}

extension Units {
  /// A matrix over the columns from one over those that vary; 0 elsewhere.
  func matrix(into row: View<Double>, _ value: (_ i: Int, _ j: Int) -> Double) {
    for index in 0 ..< count * count { row[index] = 0 }
    for (i, rowColumn) in active.enumerated() {
      for (j, column) in active.enumerated() { row[rowColumn * count + column] = value(i, j) }
    }
  }

  /// A row in the data's units from its u; constant columns get their constant.
  package func restore(into row: View<Double>, _ u: (Int) -> Double) {
    for column in 0 ..< count { row[column] = mean[column] }
    for (index, column) in active.enumerated() {
      row[column] = mean[column] + scale[column] * u(index)
    }
  }
}
