import Execution

/// A model's field at the rows of a shard, changed as a call asks; one worker's memory for it.
final class ShardField {
  private let evaluator: Evaluator
  /// With derivatives along a direction, where a condition wants them.
  private let tangents: Evaluator?
  private let change: FieldChange
  let condition: Condition?
  private let worker: Int
  private let rows: Int
  private let dimension: Int
  private let needsEnergy: Bool
  private let field: View<Double>
  private let pushed: View<Double>
  private let energies: View<Double>
  /// Of one row.
  private let scratch: View<Double>
  private var run: RowRun?
  private var (first, count) = (0, 0)
  private var classOfRow: (Int) -> Int = { _ in -1 }

  init(
    _ evaluator: Evaluator, _ tangents: Evaluator?, _ change: FieldChange, _ condition: Condition?,
    worker: Int, needsEnergy: Bool, memory: Memory
  ) throws {
    (self.evaluator, self.tangents, self.change) = (evaluator, tangents, change)
    (self.condition, self.worker, self.needsEnergy) = (condition, worker, needsEnergy)
    (rows, dimension) = (evaluator.rows, evaluator.dimension)
    field = try Storage<Double>(memory, count: rows * dimension).view
    pushed = try Storage<Double>(memory, count: tangents == nil ? 0 : rows * dimension).view
    energies = try Storage<Double>(memory, count: needsEnergy ? rows : 0).view
    scratch = try Storage<Double>(memory, count: dimension).view
  }

  /// Turns to rows `first` and `count` on.
  func begin(_ run: RowRun, first: Int, count: Int, classOfRow: @escaping (Int) -> Int) {
    (self.run, self.first, self.count) = (run, first, count)
    self.classOfRow = classOfRow
    evaluator.setClasses(worker, classOfRow)
    tangents?.setClasses(worker, classOfRow)
    let worker = worker
    condition?.begin(first: first, count: count) { try run.check(worker) }
  }

  var scaledScore: ScaledScore {
    ScaledScore(
      energies: needsEnergy ? energies : nil,
      correct: condition.map { condition in
        { state, sigma, next in condition.correct(state, from: sigma, to: next) }
      }
    ) { state, level in
      try self.evaluate(state, level)
      return self.field
    }
  }

  private func evaluate(_ state: View<Double>, _ level: ScaledScore.Level) throws {
    try combine(evaluator, state, level) { values, weight, isFirst in
      for r in 0 ..< self.rows {
        let share = weight(r)
        for i in r * self.dimension ..< (r + 1) * self.dimension {
          self.field[i] = (isFirst ? 0 : self.field[i]) + share * Double(values[i])
        }
      }
    }
    if needsEnergy {
      let values = evaluator.output(1, worker)
      for r in 0 ..< rows { energies[r] = Double(values[r]) }
    } else {
      try checkFinite(level)
    }
    temper(field, level)
    try condition?.adjust(field, at: state, level) { v in
      try self.derivative(state, level, v)
      return self.pushed
    }
    if condition != nil { try checkFinite(level) }
  }

  /// Makes changes of the score those at the temperature asked for.
  private func temper(_ slopes: View<Double>, _ level: ScaledScore.Level) {
    guard change.temperature != 1 else { return }
    for r in 0 ..< rows {
      let own = slopes.slice(r * dimension, dimension)
      evaluator.description.covary(own, into: own, scratch: scratch) {
        change.growth($0, level[r])
      }
    }
  }

  private func checkFinite(_ level: ScaledScore.Level) throws {
    for i in 0 ..< count * dimension where !field[i].isFinite {
      throw SteinError(
        .diverged,
        "sampling left the finite numbers at noise level \(level[i / dimension]), among rows \(first) to \(first + count - 1)"
      )
    }
  }

  /// J v = v + σ ∂g v, with J = ∂D/∂x.
  private func derivative(
    _ state: View<Double>, _ level: ScaledScore.Level, _ v: View<Double>
  ) throws {
    guard let tangents else { return }
    let along = tangents.directions(worker)
    for i in 0 ..< rows * dimension { along[i] = Float(v[i]) }
    try combine(tangents, state, level) { _, weight, isFirst in
      let slope = tangents.output(1, self.worker)
      for r in 0 ..< self.rows {
        let share = level[r] * weight(r)
        for i in r * self.dimension ..< (r + 1) * self.dimension {
          self.pushed[i] = (isFirst ? 0 : self.pushed[i]) + share * Double(slope[i])
        }
      }
    }
    temper(pushed, level)
    for i in 0 ..< rows * dimension { pushed[i] += v[i] }
  }

  /// Runs the field, where it is guided without a class first: the sum of both by their weights.
  private func combine(
    _ evaluator: Evaluator, _ state: View<Double>, _ level: ScaledScore.Level,
    _ add: (_ values: View<Float>, _ weight: (Int) -> Double, _ isFirst: Bool) -> Void
  ) throws {
    try run?.check(worker)
    let x = evaluator.x(worker)
    for i in 0 ..< rows * dimension { x[i] = Float(state[i]) }
    evaluator.setSigmas({ level[$0] }, worker)
    guard change.guidance != 1 else {
      add(evaluator.run(worker), { _ in 1 }, true)
      return
    }
    evaluator.setClasses(worker) { _ in -1 }
    add(evaluator.run(worker), { 1 - self.change.weight(level[$0]) }, true)
    evaluator.setClasses(worker, classOfRow)
    add(evaluator.run(worker), { self.change.weight(level[$0]) }, false)
  }
}
