import Core
package import Graph

/// The law of the noise that denoising score matching adds: x̃ = x + σ ε with a product density of
/// unit variance.
///
/// The target of a point is σ ∇ log q(x̃ | x), a function of ε alone. Vincent (2011), "A Connection
/// Between Score Matching and Denoising Autoencoders", equation 9, holds for any weakly
/// differentiable density with finite Fisher information; a uniform density has none, since its
/// gradient is 0 inside.
package enum NoiseKernel: Sendable, Equatable {
  case gaussian
  case laplace
  case logistic
  /// ν > 2 degrees of freedom.
  case studentT(Double)
  /// Noise and score come from a function of the caller's.
  case caller

  /// Every kernel, with five degrees of freedom where nothing else is said.
  static let all: [NoiseKernel] = [.gaussian, .laplace, .logistic, .studentT(5), .caller]

  package static var names: [String] { all.map(\.name) }

  /// How many [R, D] tensors of random numbers ε is made of, and whether they are normal or
  /// uniform.
  package var draws: (count: Int, normal: Bool) {
    switch self {
    case .gaussian: (1, true)
    case .laplace, .logistic: (1, false)
    case .studentT: (2, false)
    case .caller: (0, false)
    }
  }

  /// ε from uniforms in (0, 1), or from normals for `gaussian`.
  ///
  /// Laplace and logistic by their quantile functions; Student's t by Bailey's polar method, exact
  /// for every ν: t = √(ν (U^{−2/ν} − 1)) cos 2πV. Bailey (1994), "Polar Generation of Random
  /// Variates with the t-Distribution".
  package func noise(_ graph: inout Graph, _ draws: [Node]) -> Node {
    let u = draws.first ?? graph.constant(0)
    switch self {
    case .gaussian, .caller: return u
    case .laplace:
      let p = graph.subtract(u, graph.constant(0.5))
      let rest = graph.subtract(graph.constant(1), graph.multiply(graph.constant(2), graph.abs(p)))
      let size = graph.multiply(graph.constant(-0.5.squareRoot()), graph.log(rest))
      return graph.multiply(graph.sign(p), size)
    case .logistic:
      let logit = graph.subtract(graph.log(u), graph.log(graph.subtract(graph.constant(1), u)))
      return graph.multiply(graph.constant(NoiseKernel.logisticScale), logit)
    case .studentT(let nu):
      let power = graph.exp(graph.multiply(graph.constant(-2 / nu), graph.log(u)))
      let square = graph.multiply(graph.constant(nu), graph.subtract(power, graph.constant(1)))
      let radius = graph.sqrt(graph.maximum(square, graph.constant(0)))
      let turn = graph.multiply(graph.constant(2 * Double.pi), draws.last ?? u)
      let t = graph.multiply(radius, graph.cos(turn))
      return graph.multiply(graph.constant(NoiseKernel.studentScale(nu)), t)
    }
  }

  /// σ ∇ log q(x̃ | x) at ε = (x̃ − x)/σ.
  ///
  ///     Gaussian −ε;   Laplace −√2 sign ε;   logistic −tanh(ε/2s)/s, s = √3/π;   t −(ν+1) ε/(ν s² + ε²), s = √((ν−2)/ν)
  package func target(_ graph: inout Graph, _ noise: Node) -> Node {
    switch self {
    case .gaussian, .caller: return graph.negate(noise)
    case .laplace: return graph.multiply(graph.constant(-2.0.squareRoot()), graph.sign(noise))
    case .logistic:
      let s = NoiseKernel.logisticScale
      let slope = graph.tanh(graph.multiply(graph.constant(0.5 / s), noise))
      return graph.multiply(graph.constant(-1 / s), slope)
    case .studentT(let nu):
      let s = NoiseKernel.studentScale(nu)
      let spread = graph.add(graph.constant(nu * s * s), graph.square(noise))
      return graph.divide(graph.multiply(graph.constant(-(nu + 1)), noise), spread)
    }
  }

  /// Scale of a logistic density of unit variance.
  private static let logisticScale = 3.0.squareRoot() / Double.pi

  /// Scale of Student's t of unit variance.
  private static func studentScale(_ nu: Double) -> Double { ((nu - 2) / nu).squareRoot() }

  /// As options and descriptions name it.
  var name: String {
    switch self {
    case .gaussian: "gaussian"
    case .laplace: "laplace"
    case .logistic: "logistic"
    case .studentT: "student_t"
    case .caller: "caller"
    }
  }
}
