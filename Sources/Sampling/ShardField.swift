import Core
import Models
import Platform

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
    try combine(evaluator, output: 0, into: field, state, level)
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
    try combine(tangents, output: 1, into: pushed, state, level, scale: { level[$0] })
    temper(pushed, level)
    for i in 0 ..< rows * dimension { pushed[i] += v[i] }
  }

  /// Runs the field and leaves an output in `result`, each row times its `scale`; where the field
  /// is guided the sum of those without a class and with it, by their weights.
  private func combine(
    _ evaluator: Evaluator, output: Int, into result: View<Double>, _ state: View<Double>,
    _ level: ScaledScore.Level, scale: ((_ row: Int) -> Double)? = nil
  ) throws {
    try run?.check(worker)
    let x = evaluator.x(worker)
    for i in 0 ..< rows * dimension { x[i] = Float(state[i]) }
    evaluator.setSigmas({ level[$0] }, worker)
    func add(_ weight: ((Int) -> Double)?, isFirst: Bool) {
      _ = evaluator.run(worker)
      let values = evaluator.output(output, worker)
      if weight == nil, scale == nil {
        for i in 0 ..< rows * dimension { result[i] = Double(values[i]) }
        return
      }
      for r in 0 ..< rows {
        let share = (scale?(r) ?? 1) * (weight?(r) ?? 1)
        let (from, to) = (
          values.slice(r * dimension, dimension), result.slice(r * dimension, dimension)
        )
        if isFirst {
          for i in 0 ..< dimension { to[i] = share * Double(from[i]) }
        } else {
          for i in 0 ..< dimension { to[i] += share * Double(from[i]) }
        }
      }
    }
    guard change.guidance != 1 else { return add(nil, isFirst: true) }
    evaluator.setClasses(worker) { _ in -1 }
    add({ 1 - self.change.weight(level[$0]) }, isFirst: true)
    evaluator.setClasses(worker, classOfRow)
    add({ self.change.weight(level[$0]) }, isFirst: false)
  }
}
