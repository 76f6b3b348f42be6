package import Execution

package final class Model: Sendable {
  /// [1, ...]
  package let shape: [Int] = []

  package init(context: Context, dataset: Dataset, options: String) throws {
    throw SteinError(.internal, "to do")
  }
  package init(context: Context, path: String) throws { throw SteinError(.internal, "to do") }
  package init(context: Context, bytes: View<UInt8>) throws { throw SteinError(.internal, "to do") }
  package func save(path: String) throws {}
  /// The bytes of the safetensors file.
  package func serialized() throws -> Storage<UInt8> { throw SteinError(.internal, "to do") }
  /// JSON.
  package func describe() throws -> String { "" }
  package func parameter(name: String) throws -> (shape: [Int], values: Storage<Float>) {
    throw SteinError(.internal, "to do")
  }
  package func score(
    x: TensorView, labels: TensorView?, sigma: Double, out: TensorView, monitor: any Monitor
  ) throws {}
  package func denoise(
    x: TensorView, labels: TensorView?, sigma: Double, out: TensorView, monitor: any Monitor
  ) throws {}
  package func energy(
    x: TensorView, labels: TensorView?, sigma: Double, out: TensorView, monitor: any Monitor
  ) throws {}
  package func loss(dataset: Dataset, options: String, monitor: any Monitor) throws -> Double { 0 }
  package func sample(
    start: TensorView?, labels: TensorView?, options: String, out: TensorView, monitor: any Monitor
  ) throws {}
}
