package import Graph

/// The caller's own model.
package struct GraphModel: Family {
  let dimension: Int
  package var parameters: [ParameterSpec] { [] }
  package var isNoiseConditional: Bool { false }
  package var width: Int { dimension }

  static func none(dimension: Int) -> GraphModel { GraphModel(dimension: dimension) }

  package func energy(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node? {
    nil
  }

  package func scaledScore(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs)
    -> Node
  {
    inputs.x
  }
}

extension GraphModel {
  init(_ json: JSON, dimension: Int) throws { self.dimension = dimension }
  var json: JSON { .null }
  /// Why a form of score matching does not fit the graph; nil if it does.
  func refusal(of form: Objective.Form) -> String? { nil }
}
