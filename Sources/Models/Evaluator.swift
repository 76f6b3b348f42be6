import Core
import Data
package import Execution
package import Platform

/// A model's field with memory for every worker: fill a frame's rows, run it, read the results.
package final class Evaluator: Sendable {
  package let rows: Int
  package let dimension: Int
  package let description: ModelDescription
  private let executor: Executor
  private let weights: Storage<Float>

  package init(
    _ model: Model, _ snapshot: Model.Snapshot, _ field: Field,
    _ precision: Precision = .float32
  ) throws {
    let prepared = try model.program(field, precision, snapshot.description)
    rows = prepared.rows
    description = snapshot.description
    dimension = description.dimension
    weights = snapshot.weights
    executor = try Executor(
      prepared.program, parameters: weights.view, frames: model.context.workers.count,
      memory: model.context.memory, trace: model.context.trace)
  }

  /// u, [rows, dimension].
  package func x(_ frame: Int) -> View<Float> { executor.input(0, frame: frame) }

  /// A density of the data themselves has no level: its fields are then taken in units of u, σ = 1.
  package func setSigma(_ sigma: Double, _ frame: Int) {
    let sigma = sigma > 0 ? sigma : 1
    executor.input(1, frame: frame).fill(Float(sigma))
  }

  /// A level for each row.
  package func setSigmas(_ sigma: (_ row: Int) -> Double, _ frame: Int) {
    let view = executor.input(1, frame: frame)
    for row in 0 ..< rows {
      let own = sigma(row)
      view[row] = Float(own > 0 ? own : 1)
    }
  }

  /// The directions that the field asks for.
  package func directions(_ frame: Int) -> View<Float> {
    executor.input(description.classes.isEmpty ? 2 : 3, frame: frame)
  }

  /// A result of the last run.
  package func output(_ index: Int, _ frame: Int) -> View<Float> {
    executor.output(index, frame: frame)
  }

  /// One class a row, or none (unconditional) where it is negative.
  package func setClasses(_ frame: Int, _ classOfRow: (Int) -> Int) {
    let count = description.classes.count
    guard count > 0 else { return }
    let view = executor.input(2, frame: frame)
    view.fill(0)
    for row in 0 ..< rows {
      let index = classOfRow(row)
      if index >= 0 { view[row * count + index] = 1 }
    }
  }

  package func run(_ frame: Int) -> View<Float> {
    executor.execute(frame: frame)
    return executor.output(0, frame: frame)
  }
}

extension Model.Snapshot {
  /// The level meant by a caller's σ: 0 is the lowest trained, or with `clean` the one at which the
  /// score of the data themselves is known best.
  package func level(_ sigma: Double, clean: Bool = false) throws -> Double {
    guard description.trained else {
      throw SteinError(.badState, "the model is not trained yet", argument: "model")
    }
    guard sigma != 0 else {
      return clean ? description.cleanLevel ?? description.sigmaMin : description.sigmaMin
    }
    guard description.sigmaMax > 0 else {
      throw SteinError(
        .badValue, "sigma is \(sigma); the model was trained without noise, sigma=0",
        argument: "sigma")
    }
    let slack = 1e-6 * sigma
    guard sigma >= description.sigmaMin - slack, sigma <= description.sigmaMax + slack else {
      throw SteinError(
        .badValue,
        "sigma is \(sigma); the model was trained from \(description.sigmaMin) to \(description.sigmaMax)",
        argument: "sigma")
    }
    return sigma
  }

  /// Each row's class by number; nil where the caller gave no labels.
  package func classes(_ labels: TensorView?, rows: Int, memory: Memory) throws -> Storage<Int32>? {
    guard let labels else { return nil }
    guard !description.classes.isEmpty else {
      throw SteinError(
        .badValue, "the model was made without classes; labels must be NULL", argument: "labels")
    }
    try labels.checkLabels(rows: rows)
    let index = Dictionary(
      uniqueKeysWithValues: description.classes.enumerated().map { ($1, Int32($0)) })
    let result = try Storage<Int32>(memory, count: rows)
    for row in 0 ..< rows {
      guard let label = labels.integer(row), let known = index[label] else {
        let given = labels.integer(row).map(String.init) ?? "above 2^63 - 1"
        throw SteinError(
          .badValue,
          "the label of row \(row) is \(given), no class of the model; these are \(listed(description.classes.map(String.init), most: 12))",
          argument: "labels")
      }
      result.view[row] = known
    }
    return result
  }

  /// Whether a tensor's rows are those of the model, in its shape or flat.
  package func checkRows(_ tensor: TensorView, _ argument: String) throws {
    let own = Array(description.shape.dropFirst())
    let given = Array(tensor.shape.dropFirst())
    guard given == own || given == [description.units.count] else {
      throw SteinError(
        .badShape, "\(argument) has shape \(tensor.shape); the model has rows of \(own)",
        argument: argument)
    }
  }
}

extension Units {
  /// u of a row in the data's units; the columns that do not vary are left out.
  package func standardize(_ row: View<Double>, into u: View<Float>) {
    for (index, column) in active.enumerated() {
      u[index] = Float((row[column] - mean[column]) / scale[column])
    }
  }
}
