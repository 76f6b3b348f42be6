import Glibc
import Graph
import Stein
import TestSupport
import Testing

/// Noise of every law, and what denoising with it learns.
@Suite struct NoiseKernelTests {
  static let kernels: [NoiseKernel] = [.gaussian, .laplace, .logistic, .studentT(7)]

  /// ε and its target for `count` draws.
  private func draws(_ kernel: NoiseKernel, _ count: Int, seed: UInt64 = 21) throws -> (
    noise: [Double], target: [Double]
  ) {
    var numbers = Numbers(seed: seed)
    var graph = Graph()
    let inputs = (0 ..< kernel.draws.count).map { _ in graph.input([count, 1]) }
    let noise = kernel.noise(&graph, inputs)
    let target = kernel.target(&graph, noise)
    let random = inputs.map { _ in
      kernel.draws.normal ? numbers.normals([count, 1]) : numbers.uniforms([count, 1])
    }
    let values = try execute(graph, [noise, target], inputs: random)
    return (values[0].values, values[1].values)
  }

  /// The density of ε, by its formula.
  private func density(_ kernel: NoiseKernel, _ e: Double) -> Double {
    switch kernel {
    case .gaussian, .caller: return exp(-0.5 * e * e) / (2 * Double.pi).squareRoot()
    case .laplace: return exp(-abs(e) * 2.0.squareRoot()) / 2.0.squareRoot()
    case .logistic:
      let s = 3.0.squareRoot() / Double.pi
      return 1 / (4 * s * pow(cosh(e / (2 * s)), 2))
    case .studentT(let nu):
      let s = ((nu - 2) / nu).squareRoot()
      let constant = exp(lgamma((nu + 1) / 2) - lgamma(nu / 2)) / (nu * Double.pi).squareRoot() / s
      return constant * pow(1 + e * e / (nu * s * s), -(nu + 1) / 2)
    }
  }

  /// Mean 0, variance 1, and E|ε| by quadrature of the density: the law itself, not only its second
  /// moment.
  @Test(arguments: kernels)
  func noiseHasItsLaw(kernel: NoiseKernel) throws {
    let (noise, _) = try draws(kernel, 200_000)
    for (name, f) in [
      ("1", { $0 }), ("2", { $0 * $0 }), ("|.|", { abs($0) }), ("cos", { cos($0) }),
    ] as [(String, (Double) -> Double)] {
      let step = 0.002
      let exact = stride(from: -60.0, through: 60, by: step).reduce(0.0) {
        $0 + step * f($1) * density(kernel, $1)
      }
      let (mean, deviation) = meanAndDeviation(noise.map(f))
      #expect(abs(mean - exact) < 5 * deviation + 1e-4, "\(name): \(mean), \(exact)")
    }
  }

  /// The target is the slope of the log density.
  @Test(arguments: kernels)
  func targetIsTheSlope(kernel: NoiseKernel) throws {
    let (noise, target) = try draws(kernel, 200)
    for (e, t) in zip(noise, target) where abs(e) > 1e-3 {
      let h = 1e-4
      let slope = (log(density(kernel, e + h)) - log(density(kernel, e - h))) / (2 * h)
      #expect(abs(slope - t) < 1e-3 * max(1, abs(slope)))
    }
  }

  /// The minimiser of the denoising loss is the score of the convolved density: for data from a
  /// skewed mixture in one dimension and any function φ, E[(σ ∇ln q_σ(x̃) − t) φ(x̃)] = 0, with q_σ
  /// by quadrature.
  @Test(arguments: kernels, [0.3, 1.1])
  func denoisingLearnsTheConvolvedScore(kernel: NoiseKernel, sigma: Double) throws {
    let count = 60_000
    var numbers = Numbers(seed: 77)
    let data = (0 ..< count).map { _ -> Double in
      numbers.next() < 0.7 ? -0.5 + 0.4 * numbers.normal() : 1.6 + 0.8 * numbers.normal()
    }
    func clean(_ x: Double) -> Double {
      func normal(_ z: Double, _ s: Double) -> Double { exp(-0.5 * z * z / (s * s)) / s }
      return 0.7 * normal(x + 0.5, 0.4) + 0.3 * normal(x - 1.6, 0.8)
    }
    // σ ∇ln q_σ on a grid, then by interpolation.
    let (low, high, step) = (-12.0, 12.0, 0.02)
    let places = Array(stride(from: low, through: high, by: step))
    let convolved = places.map { y in
      stride(from: -4.0, through: 6, by: 0.02).reduce(0.0) {
        $0 + clean($1) * density(kernel, (y - $1) / sigma)
      }
    }
    func score(_ y: Double) -> Double {
      let index = min(max(Int((y - low) / step), 1), places.count - 3)
      func slope(_ i: Int) -> Double {
        (log(convolved[i + 1]) - log(convolved[i - 1])) / (2 * step)
      }
      let fraction = (y - places[index]) / step
      return sigma * ((1 - fraction) * slope(index) + fraction * slope(index + 1))
    }
    let (noise, target) = try draws(kernel, count)
    for (name, f) in [
      ("1", { _ in 1 }), ("x", { $0 }), ("sin 2x", { sin(2 * $0) }), ("x²", { $0 * $0 }),
    ] as [(String, (Double) -> Double)] {
      let terms = (0 ..< count).compactMap { i -> Double? in
        let noisy = data[i] + sigma * noise[i]
        guard abs(noisy) < 11 else { return nil }
        return (score(noisy) - target[i]) * f(noisy)
      }
      let (mean, deviation) = meanAndDeviation(terms)
      #expect(abs(mean) < 5 * deviation + 2e-3, "\(name): \(mean) ± \(deviation)")
    }
  }

  /// With the control variate the mean is the same and the variance stays: at σ = 0.01 fifty times
  /// less in deviation.
  @Test func controlVariateKeepsTheMean() throws {
    let (count, sigma) = (20_000, 0.01)
    var graph = Graph()
    let (x, z) = (graph.input([count, 1]), graph.input([count, 1]))
    let noisy = graph.add(x, graph.multiply(graph.constant(sigma), z))
    func scaled(_ u: Node) -> Node {
      graph.multiply(graph.constant(-0.7 * sigma), graph.subtract(u, graph.constant(0.4)))
    }
    let target = graph.negate(z)
    // Per σ², as the loss counts in units of the score.
    let weight = graph.constant(1 / (sigma * sigma))
    let (g, clean) = (scaled(noisy), scaled(x))
    let plain = graph.denoisingLoss(scaledScore: g, target: target, weight: weight)
    let varied = graph.denoisingLoss(
      scaledScore: g, atData: clean, target: target, weight: weight)
    // Without ½‖t‖², which is free of the model.
    let free = graph.multiply(weight, graph.multiply(graph.constant(0.5), graph.square(z)))
    var numbers = Numbers(seed: 4)
    let inputs = [numbers.normals([count, 1]), numbers.normals([count, 1])]
    let (left, right) = (graph.subtract(plain, free), graph.subtract(varied, free))
    let values = evaluate(graph, [left, right], inputs: inputs)
    let (first, firstDeviation) = meanAndDeviation(values[0].values)
    let (second, secondDeviation) = meanAndDeviation(values[1].values)
    // ½ s² − 0.7 for x ~ N(0, 1): ½ · 0.49 · (1 + 0.16) − 0.7.
    #expect(abs(second - (0.5 * 0.49 * 1.16 - 0.7)) < 5 * secondDeviation + 1e-4)
    #expect(abs(first - second) < 5 * firstDeviation)
    #expect(secondDeviation < 0.02 * firstDeviation)
  }
}
