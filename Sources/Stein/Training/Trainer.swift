/// Not `Sendable` by itself: the boundary lets one call in at a time.
package final class Trainer: @unchecked Sendable {
  package init(model: Model, dataset: Dataset, options: String) throws {
    throw SteinError(.internal, "to do")
  }
  /// True at the end.
  package func run(steps: Int, monitor: any Monitor) throws -> Bool { true }
  package func save(path: String) throws {}
  package static func resume(context: Context, dataset: Dataset, path: String) throws -> (
    Model, Trainer
  ) { throw SteinError(.internal, "to do") }
  package func set(options: String) throws {}
  package func describe() throws -> String { "" }
}
