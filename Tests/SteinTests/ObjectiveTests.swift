import Graph
import Stein
import TestSupport
import Testing

/// Objectives on a Gaussian energy E(u) = ½ (u − μ)ᵀ P (u − μ), whose loss and gradient are known.
///
///     s = −P (u − μ),   tr ∇s = −tr P,   J(u) = ½ ‖P (u − μ)‖² − tr P
@Suite struct ObjectiveTests {
  private let dimension = 3
  private let precision = [1.5, 0.4, -0.2, 0.4, 0.8, 0.3, -0.2, 0.3, 2.0]
  private let mean = [0.3, -1.0, 0.5]

  private struct Setting {
    var graph = Graph()
    var x = Node(index: 0)
    var p = Node(index: 0)
    var mu = Node(index: 0)
    var score = Node(index: 0)
  }

  private func gaussian(rows: Int) -> Setting {
    var s = Setting()
    s.x = s.graph.input([rows, dimension])
    s.p = s.graph.parameter([dimension, dimension])
    s.mu = s.graph.parameter([dimension])
    let centred = s.graph.subtract(s.x, s.mu)
    let product = s.graph.matmul(centred, s.p)
    let energy = s.graph.multiply(s.graph.constant(0.5), s.graph.dot(product, centred))
    s.score = s.graph.negate(s.graph.gradient(of: energy, withRespectTo: [s.x])[0])
    return s
  }

  private func points(_ rows: Int) -> Tensor {
    var numbers = Numbers(seed: 3)
    return numbers.tensor([rows, dimension], -2 ... 3)
  }

  private func residual(_ x: ArraySlice<Double>) -> [Double] {
    let centred = zip(x, mean).map { $0 - $1 }
    return (0 ..< dimension).map { i in
      (0 ..< dimension).reduce(0) { $0 + precision[i * dimension + $1] * centred[$1] }
    }
  }

  private var parameters: [Tensor] {
    [Tensor([dimension, dimension], precision), Tensor([dimension], mean)]
  }

  @Test func exactLossAndGradient() {
    let rows = 5
    var s = gaussian(rows: rows)
    let loss = s.graph.exactScoreMatchingLoss(score: s.score, x: s.x)
    let gradients = s.graph.gradient(of: loss, withRespectTo: [s.p, s.mu])
    #expect(s.graph.error == nil)
    let x = points(rows)
    let values = evaluate(s.graph, [loss] + gradients, inputs: [x], parameters: parameters)
    let trace = precision[0] + precision[4] + precision[8]
    var byMean = [0.0, 0.0, 0.0]
    for row in 0 ..< rows {
      let r = residual(x.values[row * dimension ..< (row + 1) * dimension])
      let expected = 0.5 * r.reduce(0) { $0 + $1 * $1 } - trace
      #expect(abs(values[0].values[row] - expected) < 1e-12 * abs(expected) + 1e-12)
      // ∂J/∂μ = −P P (u − μ)
      for i in 0 ..< dimension {
        for j in 0 ..< dimension { byMean[i] -= precision[i * dimension + j] * r[j] }
      }
    }
    for i in 0 ..< dimension { #expect(abs(values[2].values[i] - byMean[i]) < 1e-11) }
  }

  /// Over all 2^D sign vectors the sliced loss has the mean of the exact one: E[v vᵀ] = I.
  @Test func slicedIsExactInExpectation() {
    let rows = 2
    var s = gaussian(rows: rows)
    let exact = s.graph.exactScoreMatchingLoss(score: s.score, x: s.x)
    func signs(_ patterns: Range<Int>) -> Node {
      let values = patterns.flatMap { pattern in
        (0 ..< rows * dimension).map { pattern >> ($0 % dimension) & 1 == 1 ? 1.0 : -1.0 }
      }
      return s.graph.literal(Literal(shape: [patterns.count, rows, dimension], values: values))
    }
    let (all, second) = (signs(0 ..< 8), signs(1 ..< 2))
    let sliced = s.graph.slicedScoreMatchingLoss(score: s.score, x: s.x, projections: all)
    let one = s.graph.slicedScoreMatchingLoss(score: s.score, x: s.x, projections: second)
    let values = evaluate(
      s.graph, [exact, sliced, one], inputs: [points(rows)], parameters: parameters)
    for row in 0 ..< rows {
      #expect(abs(values[0].values[row] - values[1].values[row]) < 1e-12)
      // One projection alone is off by what is not on the diagonal.
      #expect(abs(values[0].values[row] - values[2].values[row]) > 0.1)
    }
  }

  /// At every σ the denoising loss is the exact one on q_σ up to a constant: E½‖s(x̃) + z/σ‖² =
  /// E[½‖s‖² + tr∇s] + D/(2σ²).
  ///
  /// For s = −a (x̃ − m) and data N(m, v) in one dimension both sides are known; the graph is
  /// evaluated at the nodes of a Gauss–Hermite rule that is exact for the polynomials in question.
  @Test(arguments: [0.05, 0.5, 1.0, 7.0])
  func denoisingIdentity(sigma: Double) {
    // Nodes and weights of the three-point rule for N(0, 1), exact to degree 5.
    let nodes = [-3.0.squareRoot(), 0, 3.0.squareRoot()]
    let weights = [1 / 6.0, 2 / 3.0, 1 / 6.0]
    let (a, m, deviation) = (0.7, 0.4, 1.3)
    var graph = Graph()
    let (x, z) = (graph.input([9, 1]), graph.input([9, 1]))
    let level = graph.constant(sigma)
    let noisy = graph.add(x, graph.multiply(level, z))
    let centred = graph.subtract(noisy, graph.constant(m))
    let score = graph.multiply(graph.constant(-a), centred)
    let scaled = graph.multiply(level, score)
    let denoising = graph.denoisingLoss(
      scaledScore: scaled, target: graph.negate(z), weight: graph.constant(1))
    let exact = graph.exactScoreMatchingLoss(score: score, x: noisy)
    var (xs, zs, ws) = ([Double](), [Double](), [Double]())
    for i in 0 ..< 3 {
      for j in 0 ..< 3 {
        xs.append(m + deviation * nodes[i])
        zs.append(nodes[j])
        ws.append(weights[i] * weights[j])
      }
    }
    let values = evaluate(
      graph, [denoising, exact], inputs: [Tensor([9, 1], xs), Tensor([9, 1], zs)])
    func mean(_ t: Tensor) -> Double { zip(t.values, ws).reduce(0) { $0 + $1.0 * $1.1 } }
    // ½‖σs + z‖² is σ² times ½‖s + z/σ‖².
    let left = mean(values[0]) / (sigma * sigma)
    let right = mean(values[1]) + 1 / (2 * sigma * sigma)
    #expect(abs(left - right) < 1e-9 * max(1, right))
    // And both are the closed form: ½ a² (v + σ²) − a.
    let closed = 0.5 * a * a * (deviation * deviation + sigma * sigma) - a
    #expect(abs(mean(values[1]) - closed) < 1e-9 * max(1, abs(closed)))
  }
}
