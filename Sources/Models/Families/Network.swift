import Core
import Graph

/// A multilayer perceptron on rows, told of the noise level and the class.
///
/// With `residual` a first layer, one block a width, each of two layers around a skip, and a last
/// layer:
///
///     h = u W + b + e V;   h ← h + dropout(φ(φ(h) A + a + e V)) B;   out = φ(h) O + o
///
/// without it plain layers, told of e in the first. e holds c_noise = ¼ ln(σ/σ_data), its Fourier
/// features, and the class.
package struct Network: Backbone {
  package enum Activation: String, Sendable, CaseIterable, JSONValue {
    case silu
    case tanh
    case softplus
    case relu

    func node(_ graph: inout Graph, _ x: Node) -> Node {
      switch self {
      case .silu: graph.silu(x)
      case .tanh: graph.tanh(x)
      case .softplus: graph.softplus(x)
      case .relu: graph.relu(x)
      }
    }
  }

  package enum Embedding: String, Sendable, CaseIterable, JSONValue {
    /// c_noise with cosines and sines of 8 frequencies from ¼ to 4.
    case fourier
    /// c_noise alone.
    case log
    /// Not told of the noise.
    case none
  }

  let inputs: Int
  let outputs: Int
  let widths: [Int]
  let residual: Bool
  let activation: Activation
  let embedding: NoiseEmbedding
  let dropout: Double
  let lastLayer: ParameterSpec.Start

  var work: RowWork { .layers(widest: widths.max() ?? 1) }
  var dropoutWidths: [Int] { dropout > 0 ? (residual ? widths : []) : [] }

  var parameters: [ParameterSpec] {
    let e = embedding.length
    func weight(_ name: String, _ rows: Int, _ columns: Int, _ gain: Double = 1) -> ParameterSpec {
      let deviation = gain / Double(max(rows, 1)).squareRoot()
      return ParameterSpec(
        name: name, shape: [rows, columns], start: .normal(deviation: deviation))
    }
    func bias(_ name: String, _ count: Int) -> ParameterSpec {
      ParameterSpec(name: name, shape: [count], start: .zeros)
    }
    func noise(_ name: String, _ columns: Int) -> [ParameterSpec] {
      e > 0 ? [weight(name, e, columns)] : []
    }
    var specs = [weight("in.weight", inputs, widths[0]), bias("in.bias", widths[0])]
    specs += noise("in.embedding", widths[0])
    if residual {
      for (index, width) in widths.enumerated() {
        specs += [weight("block\(index).weight", width, width), bias("block\(index).bias", width)]
        specs += noise("block\(index).embedding", width)
        // A small start leaves each block near the identity.
        specs.append(weight("block\(index).out", width, width, 0.3))
      }
    } else {
      for index in widths.indices.dropFirst() {
        specs.append(weight("layer\(index).weight", widths[index - 1], widths[index]))
        specs.append(bias("layer\(index).bias", widths[index]))
      }
    }
    let last = widths[widths.count - 1]
    specs.append(ParameterSpec(name: "out.weight", shape: [last, outputs], start: lastLayer))
    if outputs > 1 { specs.append(bias("out.bias", outputs)) }
    return specs
  }

  func callAsFunction(
    _ graph: inout Graph, _ parameters: [Node], _ u: Node, noise: Node, label: Node?,
    dropout masks: [Node]
  ) -> Node {
    var rest = parameters[...]
    func next() -> Node { rest.popFirst() ?? parameters[0] }
    let e = embedding.node(&graph, noise, label)
    func layer(_ x: Node) -> Node {
      var sum = graph.matmul(x, next())
      sum = graph.add(sum, next())
      return e.map { graph.add(sum, graph.matmul($0, next())) } ?? sum
    }
    var h = layer(u)
    if residual {
      for index in widths.indices {
        var r = activation.node(&graph, layer(activation.node(&graph, h)))
        if index < masks.count { r = drop(&graph, r, masks[index]) }
        h = graph.add(h, graph.matmul(r, next()))
      }
    } else {
      for _ in widths.indices.dropFirst() {
        let product = graph.matmul(activation.node(&graph, h), next())
        h = graph.add(product, next())
      }
    }
    let out = graph.matmul(activation.node(&graph, h), next())
    return outputs > 1 ? graph.add(out, next()) : out
  }

  /// Keeps each element with probability 1 − p, and scales what it keeps by 1/(1 − p).
  private func drop(_ graph: inout Graph, _ x: Node, _ uniform: Node) -> Node {
    let kept = graph.greater(uniform, graph.constant(dropout))
    return graph.multiply(x, graph.multiply(graph.constant(1 / (1 - dropout)), kept))
  }
}
