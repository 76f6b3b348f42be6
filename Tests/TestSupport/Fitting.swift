package import Stein

/// A model of `rows`, trained.
package func fitted(
  _ rows: [[Double]], model: String, trainer: String = "", threads: Int = 2
) throws -> (model: Model, trainer: Trainer, data: Dataset) {
  let context = try Context(options: "threads=\(threads)", allocator: nil)
  let data = try dataset(context, rows)
  let made = try Model(context: context, dataset: data, options: model)
  let trainer = try Trainer(model: made, dataset: data, options: trainer)
  _ = try trainer.run(steps: 0, monitor: Unwatched())
  return (made, trainer, data)
}

extension Model {
  package func values(of name: String) throws -> [Double] {
    let parameter = try parameter(name: name)
    return (0 ..< parameter.values.count).map { Double(parameter.values[$0]) }
  }
}

/// A list of numbers behind `key` in a description.
package func numbers(_ json: String, _ path: String...) throws -> [Double] {
  var value = try JSON.parse(Array(json.utf8))
  for key in path { value = value[key] ?? .null }
  return value.doubles ?? []
}
