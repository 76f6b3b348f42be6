import Core
import Glibc
package import Graph

/// A density as a product of conditional ones, each a mixture whose parameters one masked network
/// gives.
///
///     ln p(u) = Σ_i ln Σ_k π_ik(u_<i) q((u_i − m_ik(u_<i))/e^{s_ik(u_<i)}) e^{−s_ik},   q normal or logistic
///
/// The masks let no output see its own column or a later one: Germain, Gregor, Murray & Larochelle
/// (2015), "MADE: Masked Autoencoder for Distribution Estimation"; logistic mixtures after Salimans
/// et al. (2017), "PixelCNN++".
package struct Autoregressive: EnergyFamily {
  let dimension: Int
  let components: Int
  let conditional: FamilyParameters.Conditional
  let widths: [Int]
  let activation: Network.Activation

  init(
    dimension: Int, _ familyParameters: FamilyParameters, _ widths: [Int],
    _ activation: Network.Activation
  ) {
    self.dimension = dimension
    (components, conditional) = (familyParameters.components, familyParameters.conditional)
    (self.widths, self.activation) = (widths, activation)
  }

  package var isNoiseConditional: Bool { false }
  package var work: RowWork { .layers(widest: max(widths.max() ?? 1, 3 * components * dimension)) }

  /// Columns of the last layer: logits, means and log scales, each [D, K].
  private var outputs: Int { 3 * dimension * components }

  package var parameters: [ParameterSpec] {
    var (specs, before) = ([ParameterSpec](), dimension)
    for (index, width) in widths.enumerated() {
      let start = ParameterSpec.Start.normal(deviation: 1 / Double(max(before, 1)).squareRoot())
      specs += [
        ParameterSpec(name: "layer\(index).weight", shape: [before, width], start: start),
        ParameterSpec(name: "layer\(index).bias", shape: [width], start: .zeros),
      ]
      before = width
    }
    specs += [
      ParameterSpec(
        name: "out.weight", shape: [before, outputs],
        start: .normal(deviation: 0.1 / Double(before).squareRoot())),
      // Means of the components spread over the unit range, so that they differ.
      ParameterSpec(
        name: "out.bias", shape: [outputs],
        start: .spread(
          first: dimension * components, count: dimension * components, components: components)),
    ]
    return specs
  }

  /// The degree of each hidden unit: it may see columns below it, and be seen by columns from it
  /// on.
  private func degrees(_ width: Int) -> [Double] {
    (0 ..< width).map { Double($0 % max(dimension - 1, 1) + 1) }
  }

  /// 1 where `to` may read `from`: from ≤ to, by columns numbered from 1.
  private func mask(_ graph: inout Graph, from: [Double], to: [Double]) -> Node {
    let rows = graph.literal(Literal(shape: [from.count, 1], values: from))
    let columns = graph.literal(Literal(shape: [1, to.count], values: to.map { $0 + 0.5 }))
    return graph.greater(columns, rows)
  }

  package func energyNode(_ graph: inout Graph, _ parameters: [Node], _ inputs: ModelInputs) -> Node
  {
    let (rows, d, k) = (graph.shape(of: inputs.x)[0], dimension, components)
    var (h, from) = (inputs.x, (0 ..< d).map { Double($0 + 1) })
    for (index, width) in widths.enumerated() {
      let to = degrees(width)
      let weight = graph.multiply(parameters[2 * index], mask(&graph, from: from, to: to))
      let sum = graph.add(graph.matmul(h, weight), parameters[2 * index + 1])
      h = activation.node(&graph, sum)
      from = to
    }
    // Output (kind, column, component) reads units whose degree is below its column's number.
    let to = (0 ..< 3 * d * k).map { Double($0 / k % d) }
    let weight = graph.multiply(
      parameters[2 * widths.count], mask(&graph, from: from, to: to))
    let out = graph.add(graph.matmul(h, weight), parameters[2 * widths.count + 1])
    func part(_ kind: Int) -> Node {
      let slice = graph.slice(out, starts: [0, kind * d * k], sizes: [rows, d * k])
      return graph.reshape(slice, [rows, d, k])
    }
    return energy(&graph, inputs.x, logits: part(0), means: part(1), logScales: part(2))
  }

  private func energy(
    _ graph: inout Graph, _ x: Node, logits: Node, means: Node, logScales: Node
  ) -> Node {
    let rows = graph.shape(of: x)[0]
    let column = graph.reshape(x, [rows, dimension, 1])
    let z = graph.multiply(
      graph.subtract(column, means), graph.exp(graph.negate(logScales)))
    let shares = graph.subtract(logits, graph.logSumExp(logits, axes: [-1], keepAxes: true))
    let minusLog: Node
    switch conditional {
    case .gaussian:
      minusLog = graph.add(
        graph.multiply(graph.constant(0.5), graph.square(z)),
        graph.constant(0.5 * log(2 * Double.pi)))
    case .logistic: minusLog = graph.add(graph.softplus(z), graph.softplus(graph.negate(z)))
    }
    let logs = graph.subtract(shares, graph.add(minusLog, logScales))
    let each = graph.logSumExp(logs, axes: [-1])
    return graph.negate(graph.sum(each, axes: [-1], keepAxes: true))
  }
}

extension Autoregressive {
  static let definition = FamilyDefinition(
    options: [
      FamilyParameters.Key.conditional, FamilyParameters.Key.components,
      ModelDescription.NetworkOptions.Key.widths, ModelDescription.NetworkOptions.Key.activation,
    ], isNormalized: true, network: .init { rows, _, _ in rows < 5000 ? [64, 64] : [256, 256] },
    complaint: complaint
  ) {
    Autoregressive(
      dimension: $0.dimension, $0.familyParameters, $0.network.widths, $0.network.activation)
  }

  private static func complaint(_ familyParameters: FamilyParameters, dimension: Int) -> SteinError?
  {
    let components = familyParameters.components
    guard components * dimension > 1 << 20 else { return nil }
    return Options.bad(
      FamilyParameters.Key.components, "is \(components), too many for \(dimension) columns")
  }
}
