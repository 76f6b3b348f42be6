package import Core
import Glibc
import Models
package import Platform

extension Model {
  /// Draws what is not known of rows, given what is.
  ///
  /// `known` is not 0 where x is known; nil: where x is a number. What is not known of x is not read.
  package func impute(
    x: TensorView, known: TensorView?, labels: TensorView?, options text: String, out: TensorView,
    monitor: any Monitor
  ) throws {
    let options = try Options(text, .impute)
    let now = snapshot
    let snapshots = options[SamplerKey.trajectory]
    try now.checkRows(x, "x")
    try now.checkRows(out, "out", snapshots: snapshots)
    try checkKnown(x, known, rows: out.rows, monitor)
    let noise = options[Condition.Key.noise]
    let kind = try samplerKind(options, now, usual: usualKind(options, now))
    let method = try method(options, kind)
    try check(options, method, isOfSums: false)
    let sampler = try kind.make(options, now, kind)
    let lowest = now.description.sigmaMin
    let observation = LinearObservation(
      source: .mask(x: x, known: known), units: now.description.units,
      count: now.description.dimension,
      variances: [Double](
        repeating: noise * noise + lowest * lowest, count: now.description.dimension))
    var call = SamplingCall(options: options, labels: labels, out: out, monitor: monitor)
    call.known = (observation, method)
    try draw(call, sampler, now)
  }

  /// Draws rows x given y = A x + noise, with A [m, d] and y [n, m] in the data's units.
  package func samplePosterior(
    matrix: TensorView, y: TensorView, labels: TensorView?, options text: String, out: TensorView,
    monitor: any Monitor
  ) throws {
    let options = try Options(text, .impute)
    let now = snapshot
    let units = now.description.units
    try now.checkRows(out, "out", snapshots: options[SamplerKey.trajectory])
    guard matrix.shape.count == 2, matrix.shape[1] == units.count, matrix.rows > 0 else {
      throw SteinError(
        .badShape, "matrix has shape \(matrix.shape); it needs [m, \(units.count)]",
        argument: "matrix")
    }
    guard y.shape == [out.rows, matrix.rows] else {
      throw SteinError(
        .badShape, "y has shape \(y.shape); it needs [\(out.rows), \(matrix.rows)]", argument: "y")
    }
    try checkFinite(matrix, "matrix", monitor)
    try checkFinite(y, "y", monitor)
    let usual = options[Condition.Key.method] == .dps ? .ddim : SamplerKind.heun
    let kind = try samplerKind(options, now, usual: usual)
    let method = try method(options, kind)
    guard method == .covariance || method == .dps else {
      throw SteinError(
        .unsupported,
        kind == .langevin
          ? "a model of one noise level is conditioned on values alone, by stein_impute"
          : "method=\(method.rawValue) is for values that are known, not for sums of them",
        argument: "options", option: "method")
    }
    try check(options, method, isOfSums: true)
    let sampler = try kind.make(options, now, kind)
    var call = SamplingCall(options: options, labels: labels, out: out, monitor: monitor)
    let observation = try LinearObservation(
      matrix, y, now.description, noise: options[Condition.Key.noise], memory: context.memory)
    call.known = (observation, method)
    try draw(call, sampler, now)
  }

  /// The sampler of many levels that goes with what options say of the method.
  private func usualKind(_ options: Options, _ now: Snapshot) -> SamplerKind {
    switch options[Condition.Key.method] {
    case .dps: return .ddim
    case .held: return .underdampedLangevin
    case .covariance, .replacement: return .heun
    case nil:
      let wantsCovariance =
        options[Condition.Key.noise] > 0.0 || options.isSet(Condition.Key.iterations)
        || now.description.family == .gaussian
      return wantsCovariance ? .heun : .underdampedLangevin
    }
  }

  private func method(_ options: Options, _ kind: SamplerKind) throws -> Condition.Method {
    let asked = options[Condition.Key.method]
    let holds = kind.holdsKnown
    let method = asked ?? (holds ? .held : .covariance)
    guard holds == (method == .held) else {
      throw Options.bad(
        "method",
        holds
          ? "is '\(method.rawValue)'; \(kind.rawValue) holds what is known: method=held"
          : "is 'held', which is for sampler=underdamped_langevin and sampler=langevin")
    }
    guard method != .dps || kind.canBeSteered else {
      throw Options.bad("method", "is 'dps', which is for sampler=ddim and sampler=euler")
    }
    return method
  }

  private func check(_ options: Options, _ method: Condition.Method, isOfSums: Bool) throws {
    try options.choosing(Condition.Key.method, method)
      .knowing(Condition.Key.isOfSums, isOfSums).check()
  }

  /// What is known must be a number.
  private func checkKnown(
    _ x: TensorView, _ known: TensorView?, rows: Int, _ monitor: any Monitor
  ) throws {
    guard x.rows == rows else {
      throw SteinError(.badShape, "x has \(x.rows) rows, out \(rows)", argument: "x")
    }
    if let known {
      guard known.shape == x.shape else {
        throw SteinError(
          .badShape, "known has shape \(known.shape), x \(x.shape)", argument: "known")
      }
    }
    let count = x.rowCount
    let values = try Storage<Double>(context.memory, count: 2 * count).view
    let (row, flags) = (values.slice(0, count), values.slice(count, count))
    let step = max(1, (1 << 16) / max(count, 1))
    for r in 0 ..< rows {
      if r % step == 0 { try monitor.poll() }
      x.readRow(r, into: row)
      known?.readRow(r, into: flags)
      for c in 0 ..< count {
        let isKnown = known == nil ? !row[c].isNaN : flags[c] != 0
        guard !isKnown || row[c].isFinite else {
          throw SteinError(
            .notFinite, "row \(r), column \(c) of x is \(row[c]) but known", argument: "x")
        }
      }
    }
  }
}

extension LinearObservation {
  init(
    _ matrix: TensorView, _ y: TensorView, _ description: ModelDescription, noise: Double,
    memory: Memory
  ) throws {
    let units = description.units
    let (m, d) = (matrix.rows, units.active.count)
    let a = try Storage<Double>(memory, count: m * d)
    let row = try Storage<Double>(memory, count: units.count).view
    var (shift, norms, variances) = ([Double](), [Double](), [Double]())
    for i in 0 ..< m {
      matrix.readRow(i, into: row)
      let own = a.view.slice(i * d, d)
      var (largest, square, sum) = (0.0, 0.0, 0.0)
      for c in 0 ..< units.count { sum += row[c] * units.mean[c] }
      for (j, column) in units.active.enumerated() {
        own[j] = row[column] * units.scale[column]
        largest = max(largest, abs(own[j]))
      }
      // Over the largest first, so that no square leaves the numbers.
      for j in 0 ..< d where largest > 0 {
        own[j] /= largest
        square += own[j] * own[j]
      }
      let length = largest * square.squareRoot()
      guard length.isFinite, sum.isFinite else {
        throw SteinError(
          .badValue, "row \(i) of matrix is too large for the data's units", argument: "matrix")
      }
      // Rows that say little beside their noise then count little. A row of zeros says nothing.
      let norm = length > 0 ? hypot(length, noise) : 0
      for j in 0 ..< d where norm > 0 { own[j] *= largest / norm }
      shift.append(sum)
      norms.append(norm)
      let (relative, share) = norm > 0 ? (noise / norm, length / norm) : (1, 1)
      let lowest = description.sigmaMin * share
      variances.append(relative * relative + lowest * lowest)
    }
    source = .matrix(a, y: y, shift: shift, norms: norms)
    self.units = units
    count = m
    self.variances = variances
  }
}
