import Glibc
import Graph

/// What a network is told beside the row: e holds c_noise = ¼ ln(σ/σ_data), its Fourier features,
/// and the class.
struct NoiseEmbedding: Sendable {
  let kind: Network.Embedding
  let classes: Int

  /// Of a network that is told nothing.
  static let none = NoiseEmbedding(kind: .none, classes: 0)

  static let frequencies = (0 ..< 8).map { 0.25 * pow(16, Double($0) / 7) }

  /// Length of e.
  var length: Int {
    let noise =
      switch kind {
      case .fourier: 1 + 2 * NoiseEmbedding.frequencies.count
      case .log: 1
      case .none: 0
      }
    return noise + classes
  }

  /// e [R, length] of c_noise [R, 1] and the class [R, classes]; nil where there is nothing to
  /// tell.
  func node(_ graph: inout Graph, _ noise: Node, _ label: Node?) -> Node? {
    var parts: [Node] = []
    switch kind {
    case .fourier:
      let frequencies = graph.literal(
        Literal(
          shape: [1, NoiseEmbedding.frequencies.count], values: NoiseEmbedding.frequencies))
      let angles = graph.multiply(noise, frequencies)
      parts = [noise, graph.cos(angles), graph.sin(angles)]
    case .log: parts = [noise]
    case .none: break
    }
    if let label { parts.append(label) }
    guard parts.count > 1 else { return parts.first }
    return graph.concatenate(parts, axis: 1)
  }
}
