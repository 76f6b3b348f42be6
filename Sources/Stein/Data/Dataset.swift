package import Execution

package final class Dataset: Sendable {
  package let shape: [Int] = []

  package init(context: Context, rows: TensorView, labels: TensorView?, options: String) throws {
    throw SteinError(.internal, "to do")
  }
  package init(context: Context, path: String, options: String) throws {
    throw SteinError(.internal, "to do")
  }
  /// JSON.
  package func describe() -> String { "" }
}
