import Graph

/// The network inside a family: of a row, the noise level and the class.
protocol Backbone: Sendable {
  var parameters: [ParameterSpec] { get }

  /// Widths of the layers that dropout acts on.
  var dropoutWidths: [Int] { get }

  /// What a row asks of a shard.
  var work: RowWork { get }

  /// Its output [R, outputs] for u [R, inputs] and c_noise [R, 1].
  func callAsFunction(
    _ graph: inout Graph, _ parameters: [Node], _ u: Node, noise: Node, label: Node?,
    dropout masks: [Node]
  ) -> Node
}
