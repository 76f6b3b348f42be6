import Glibc
package import Graph

/// An exponential family with kernels at M points for statistics, over a Gaussian base.
///
///     ln p(u) = Σ_m α_m Σ_r w_r exp(−‖φ_r(u) − φ_r(z_m)‖²/(2ℓ_r²)) + ln N(u; b, diag τ²) + constant
///
/// With φ(u) = u: Sutherland, Strathmann, Arbel & Gretton (2018), "Efficient and Principled Score
/// Estimation with Nyström Kernel Exponential Families". With φ_r networks of softplus layers and a
/// skip from the input to the last: Wenliang, Sutherland, Strathmann & Gretton (2019), "Learning
/// Deep Kernels for Exponential Family Densities". α solves the quadratic problem of score matching
/// with α's ridge λ; everything else is trained through that solution.
package struct KernelExponential: LinearFamily {
  let dimension: Int
  let points: Int
  let kernels: Int
  /// Widths of φ; nil for the identity.
  let features: [Int]?

  init(dimension: Int, _ familyParameters: FamilyParameters, features: [Int]?) {
    self.dimension = dimension
    points = familyParameters.points
    kernels = familyParameters.kernels
    self.features = features
  }

  package var linearParameter: Int { 0 }
  package var work: RowWork { .layers(widest: max(points, features?.max() ?? 0)) }

  /// Places of ln λ and of the first kernel's ln ℓ.
  package static let (ridge, length) = (2, 5)

  /// Places of the parameters after α, z, ln λ, b and ln τ.
  private static let own = 5

  package var parameters: [ParameterSpec] {
    let d = dimension
    var specs = [
      ParameterSpec(name: "alpha", shape: [points], start: .zeros),
      ParameterSpec(name: "points", shape: [points, d], start: .centres),
      ParameterSpec(name: "log_ridge", shape: [1], start: .constant(-5)),
      ParameterSpec(name: "base.mean", shape: [d], start: .zeros),
      ParameterSpec(name: "base.log_scale", shape: [d], start: .constant(0.4)),
    ]
    for r in 0 ..< kernels {
      let width = Double(features?.last ?? d).squareRoot()
      // Lengths from narrow to wide about the distance that random points have.
      let length = 0.5 * width * (1 + Double(r))
      specs += [
        ParameterSpec(name: "kernel\(r).log_length", shape: [1], start: .constant(log(length))),
        ParameterSpec(name: "kernel\(r).weight", shape: [1], start: .constant(1 / Double(kernels))),
      ]
      specs += featureSpecs(r)
    }
    return specs
  }

  private func featureSpecs(_ r: Int) -> [ParameterSpec] {
    guard let widths = features else { return [] }
    var (specs, before) = ([ParameterSpec](), dimension)
    for (index, width) in widths.enumerated() {
      let deviation = 1 / Double(before).squareRoot()
      specs += [
        ParameterSpec(
          name: "kernel\(r).layer\(index).weight", shape: [before, width],
          start: .normal(deviation: deviation)),
        ParameterSpec(name: "kernel\(r).layer\(index).bias", shape: [width], start: .zeros),
      ]
      before = width
    }
    specs.append(
      ParameterSpec(
        name: "kernel\(r).skip", shape: [dimension, before],
        start: .normal(deviation: 1 / Double(dimension).squareRoot())))
    return specs
  }

  package func base(_ graph: inout Graph, _ parameters: [Node], _ x: Node) -> Node? {
    let scaled = graph.divide(graph.subtract(x, parameters[3]), graph.exp(parameters[4]))
    return graph.multiply(graph.constant(-0.5), graph.squaredNorm(scaled, keepAxes: true))
  }

  package func statistics(_ graph: inout Graph, _ parameters: [Node], _ x: Node) -> Node {
    var rest = parameters[KernelExponential.own...]
    var sum = graph.constant(0)
    for _ in 0 ..< kernels {
      let (length, weight) = (rest.removeFirst(), rest.removeFirst())
      let own = Array(rest.prefix(featureCount))
      rest = rest.dropFirst(featureCount)
      let (a, b) = (
        feature(&graph, own, x), feature(&graph, own, parameters[1])
      )
      let kernel = gaussianKernel(&graph, a, b, logLength: length)
      sum = graph.add(sum, graph.multiply(weight, kernel))
    }
    return sum
  }

  private var featureCount: Int { features.map { 2 * $0.count + 1 } ?? 0 }

  /// φ(u): softplus layers, and a skip to the last of them.
  private func feature(_ graph: inout Graph, _ parameters: [Node], _ u: Node) -> Node {
    guard let skip = parameters.last else { return u }
    var h = u
    for index in 0 ..< parameters.count / 2 {
      h = graph.add(graph.matmul(h, parameters[2 * index]), parameters[2 * index + 1])
      if index == parameters.count / 2 - 1 { h = graph.add(h, graph.matmul(u, skip)) }
      h = graph.softplus(h)
    }
    return h
  }

  /// exp(−‖a_i − b_j‖²/(2ℓ²)), [R, M].
  private func gaussianKernel(_ graph: inout Graph, _ a: Node, _ b: Node, logLength: Node) -> Node {
    let cross = graph.matmul(a, b, transposeB: true)
    let own = graph.squaredNorm(a, keepAxes: true)
    let theirs = graph.reshape(graph.squaredNorm(b), [1, points])
    let distance = graph.subtract(
      graph.add(own, theirs), graph.multiply(graph.constant(2), cross))
    let precision = graph.exp(graph.multiply(graph.constant(-2), logLength))
    return graph.exp(graph.multiply(graph.constant(-0.5), graph.multiply(precision, distance)))
  }
}

extension KernelExponential {
  static let definition = FamilyDefinition(
    options: [FamilyParameters.Key.points], fit: .linear, needsScale: true,
    closedFormHoldsOut: true,
    isBoundedOnData: true
  ) { KernelExponential(dimension: $0.dimension, $0.familyParameters, features: nil) }

  static let deep = FamilyDefinition(
    options: [
      FamilyParameters.Key.points, FamilyParameters.Key.kernels,
      ModelDescription.NetworkOptions.Key.widths,
    ],
    fit: .innerSolve, needsScale: true,
    network: .init(activation: .softplus) { _, _, _ in [30, 30, 30] }, usualKernels: 3
  ) { KernelExponential(dimension: $0.dimension, $0.familyParameters, features: $0.network.widths) }
}
