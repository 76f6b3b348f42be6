import Core
package import Models
package import Platform

/// A log density, up to a constant, and its gradient, in Double and for many points at once.
package protocol LogDensity: Sendable {
  var dimension: Int { get }

  /// Fills `logDensity` [n] and `score` [n, d] for points x [n, d], on the thread of the call.
  ///
  /// What is not finite rejects a proposal.
  func evaluate(count: Int, x: View<Double>, logDensity: View<Double>, score: View<Double>) throws
}

/// The density of a model that has an energy, at one noise level and for one class, in the data's
/// units.
package final class ModelDensity: LogDensity {
  private let energies: Evaluator
  private let scores: Evaluator
  private let snapshot: Model.Snapshot
  private let level: Double
  private let classIndex: Int
  private let workers: Workers
  package let dimension: Int

  package init(_ model: Model, label: TensorView?, sigma: Double) throws {
    let now = model.snapshot
    level = try now.level(sigma, clean: true)
    let classes: Storage<Int32>?
    do {
      classes = try now.classes(label, rows: 1, memory: model.context.memory)
    } catch let error as SteinError {
      throw SteinError(error.code, error.message, argument: "label")
    }
    guard classes != nil || now.description.unconditional else {
      throw SteinError(
        .badValue, "the model knows its density by class alone: give a label", argument: "label")
    }
    guard now.description.units.active.count == now.description.units.count else {
      throw SteinError(
        .unsupported, "the model has constant columns, on which no density is known",
        argument: "model")
    }
    classIndex = classes.map { Int($0.view[0]) } ?? -1
    energies = try Evaluator(model, now, .energy)
    scores = try Evaluator(model, now, .scaledScore)
    workers = model.context.workers
    snapshot = now
    dimension = now.description.units.count
  }

  package func evaluate(
    count: Int, x: View<Double>, logDensity: View<Double>, score: View<Double>
  ) throws {
    let units = snapshot.description.units
    let (rows, d) = (scores.rows, dimension)
    let unit = level > 0 ? level : 1
    workers.run(tasks: (count + rows - 1) / rows) { worker, shard in
      let first = shard * rows
      for evaluator in [energies, scores] {
        let u = evaluator.x(worker)
        for r in 0 ..< rows {
          units.standardize(x.slice(min(first + r, count - 1) * d, d), into: u.slice(r * d, d))
        }
        evaluator.setSigma(level, worker)
        evaluator.setClasses(worker) { _ in classIndex }
      }
      let (e, g) = (energies.run(worker), scores.run(worker))
      for r in 0 ..< min(rows, count - first) {
        logDensity[first + r] = -Double(e[r])
        for j in 0 ..< d {
          score[(first + r) * d + j] = Double(g[r * d + j]) / (unit * units.scale[j])
        }
      }
    }
  }
}
