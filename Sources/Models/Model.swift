package import Core
package import Data
package import Execution
import Graph
import Kernels
package import Platform

/// A model: what it is, and the weights that it shows at the moment.
///
/// Weights are replaced as a whole, never written, so a call works on those that it began with.
package final class Model: Described, Sendable {
  package let context: Context
  package let layout: ParameterLayout
  /// What looks wrong about the rows that it was made of; of a model from a file nothing is known.
  package let warnings: [String]
  private let state: ForkSafe<State>

  /// What a call sees.
  package final class Snapshot: Sendable {
    package let description: ModelDescription
    package let weights: Storage<Float>

    package init(description: ModelDescription, weights: Storage<Float>) {
      self.description = description
      self.weights = weights
    }
  }

  private struct State {
    var snapshot: Snapshot
    var family: any Family
    var hasTrainer = false
    var programs: [PreparedField: FieldProgram] = [:]
    /// How often the family was made anew.
    var changes = 0
  }

  package init(
    context: Context, _ description: ModelDescription, weights: Storage<Float>,
    warnings: [String] = []
  ) {
    self.context = context
    self.warnings = warnings
    let family = description.makeFamily()
    layout = ParameterLayout(family.parameters.map(\.shape))
    state = ForkSafe(
      State(snapshot: Snapshot(description: description, weights: weights), family: family))
  }

  package var family: any Family { state.withLock { $0.family } }

  package convenience init(context: Context, dataset: Dataset, options: String) throws {
    let options = try Options(options, .model)
    let description = try ModelDescription(dataset, options)
    let weights = try Model.start(
      description, dataset, seed: options[ModelDescription.Key.seed], memory: context.memory)
    let warnings = description.doubts(
      rows: dataset.rowCount,
      axesGiven: options.isSet(ModelDescription.NetworkOptions.Key.spatialAxes))
    self.init(context: context, description, weights: weights, warnings: warnings)
  }

  /// The weights that training begins from.
  static func start(
    _ description: ModelDescription, _ dataset: Dataset, seed: UInt64, memory: Memory
  ) throws -> Storage<Float> {
    let family = description.makeFamily()
    let layout = ParameterLayout(family.parameters.map(\.shape))
    let weights = try Storage<Float>(memory, count: layout.count)
    for (index, spec) in family.parameters.enumerated() {
      let view = weights.view.slice(layout.offsets[index], spec.shape.count)
      switch spec.start {
      case .zeros: break
      case .ones: view.fill(1)
      case .identity:
        let n = spec.shape[0]
        for i in 0 ..< n { view[i * (n + 1)] = 1 }
      case .constant(let value): view.fill(Float(value))
      case .diagonal(let value):
        let n = spec.shape[spec.shape.rank - 1]
        for i in 0 ..< view.count / n { view[i * n + i % n] = Float(value) }
      case .values(let values): view.copy(values)
      case .spread(let first, let count, let components):
        for index in 0 ..< count where components > 1 {
          let share = Double(index % components) / Double(components - 1)
          view[first + index] = Float(2 * share - 1)
        }
      case .centres:
        let rows = try TrainingRows(dataset, description, memory: memory)
        try centres(
          of: rows, dimension: description.dimension, count: spec.shape[0], seed: seed,
          memory: memory, into: view)
      case .normal(let deviation):
        let source = RandomSource(seed: seed, stream: Stream.weights, step: UInt32(index))
        view.fillNormal(rows: 1, columns: view.count, source, firstRow: 0)
        view.scale(by: Float(deviation))
      }
    }
    return weights
  }

  package var shape: [Int] { snapshot.description.shape }

  package var snapshot: Snapshot { state.withLock { $0.snapshot } }

  /// Shows new weights and what training made of the description.
  package func publish(_ weights: Storage<Float>, _ change: (inout ModelDescription) -> Void) {
    state.withLock { state in
      var description = state.snapshot.description
      change(&description)
      state.snapshot = Snapshot(description: description, weights: weights)
    }
  }

  /// Takes another description, of the same weights in other units.
  package func rescale(_ description: ModelDescription) {
    let family = description.makeFamily()
    state.withLock { state in
      state.snapshot = Snapshot(description: description, weights: state.snapshot.weights)
      state.family = family
      state.programs = [:]
      state.changes += 1
    }
  }

  /// A model has one trainer at a time.
  package func attachTrainer() throws {
    let taken = state.withLock { state in
      defer { state.hasTrainer = true }
      return state.hasTrainer
    }
    if taken {
      throw SteinError(
        .badState, "the model has a trainer already; free that one first", argument: "model")
    }
  }

  package func detachTrainer() { state.withLock { $0.hasTrainer = false } }

  /// A program of this model's, made once.
  func program(_ field: Field, _ precision: Precision, _ description: ModelDescription) throws
    -> FieldProgram
  {
    let key = PreparedField(field: field, precision: precision)
    let (known, family, changes) = state.withLock { ($0.programs[key], $0.family, $0.changes) }
    if let known { return known }
    let made = try FieldProgram(field, family, description, precision)
    state.withLock { state in
      guard state.changes == changes else { return }
      // A new table in the place of the old one: see ForkSafe.
      var programs = state.programs
      programs[key] = made
      state.programs = programs
    }
    return made
  }

  /// Everything that C is told of the model: what its file keeps, its parameters and warnings.
  package var figures: JSON {
    guard case .object(let fields) = snapshot.description.json else { return .object([]) }
    let parameters = family.parameters.map { spec -> JSON in
      .object([("name", .string(spec.name)), ("shape", .array(spec.shape.dims.map(JSON.integer)))])
    }
    var own = [
      ("parameters", JSON.array(parameters)),
      ("warnings", .array(warnings.map(JSON.string))),
    ]
    if let table = (family as? Exponential)?.table {
      own.append(("statistics", .array(table.names().map(JSON.string))))
    }
    return .object(fields + own)
  }

  package func parameter(name: String) throws -> (shape: [Int], values: View<Float>) {
    guard let index = family.parameters.firstIndex(where: { $0.name == name }) else {
      let names = listed(family.parameters.map(\.name), most: 12)
      throw SteinError(.badValue, "no parameter '\(name)'; there are \(names)", argument: "name")
    }
    let shape = family.parameters[index].shape
    let weights = snapshot.weights
    // One number is a tensor of one element: a stein_tensor has an axis at least.
    return (
      shape.rank == 0 ? [1] : shape.dims, weights.view.slice(layout.offsets[index], shape.count)
    )
  }
}
