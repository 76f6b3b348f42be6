import Graph
import Stein
import TestSupport
import Testing

/// Random directions: their laws, and sliced score matching with each of them.
@Suite struct ProjectionTests {
  private static let count = 40_000
  private static let dimension = 5

  private func directions(_ law: ProjectionDistribution) throws -> Tensor {
    var numbers = Numbers(seed: 5)
    let shape = [Self.count, Self.dimension]
    let draws = law == .rademacher ? numbers.uniforms(shape) : numbers.normals(shape)
    var graph = Graph()
    let v = law.direction(&graph, graph.input(Shape(shape)))
    return try execute(graph, [v], inputs: [draws])[0]
  }

  /// A matrix that is neither symmetric nor diagonal.
  private static func entry(_ i: Int, _ j: Int) -> Double {
    let (row, column) = (Double(i), Double(j))
    return i == j ? 1 + row : 0.3 * row - 0.2 * column + 0.1
  }

  private static let matrix: [[Double]] = (0 ..< dimension).map { i in
    (0 ..< dimension).map { entry(i, $0) }
  }

  /// Var vᵀAv with S = sym A: Rademacher 2(‖S‖² − Σ S_ii²), Gaussian 2‖S‖², sphere 2D/(D+2)(‖S‖² −
  /// tr²S/D).
  private static func variance(_ law: ProjectionDistribution) -> Double {
    let d = Double(dimension)
    var (square, diagonal, trace) = (0.0, 0.0, 0.0)
    for i in 0 ..< dimension {
      for j in 0 ..< dimension {
        let s = 0.5 * (matrix[i][j] + matrix[j][i])
        square += s * s
        if i == j {
          diagonal += s * s
          trace += s
        }
      }
    }
    return switch law {
    case .rademacher: 2 * (square - diagonal)
    case .gaussian: 2 * square
    case .sphere: 2 * d / (d + 2) * (square - trace * trace / d)
    }
  }

  @Test(arguments: ProjectionDistribution.allCases)
  func quadraticFormsHaveTheirMeanAndVariance(law: ProjectionDistribution) throws {
    let v = try directions(law)
    let d = Self.dimension
    let forms = (0 ..< Self.count).map { row -> Double in
      var sum = 0.0
      for i in 0 ..< d {
        for j in 0 ..< d {
          sum += v.values[row * d + i] * Self.matrix[i][j] * v.values[row * d + j]
        }
      }
      return sum
    }
    let trace = (0 ..< d).reduce(0.0) { $0 + Self.matrix[$1][$1] }
    let (mean, deviation) = meanAndDeviation(forms)
    #expect(abs(mean - trace) < 5 * deviation)
    let squares = forms.map { ($0 - trace) * ($0 - trace) }
    let (variance, uncertainty) = meanAndDeviation(squares)
    #expect(abs(variance - Self.variance(law)) < 5 * uncertainty)
  }

  /// The sphere has radius √D for every draw: unit vectors would divide the loss by D.
  @Test func sphereHasItsRadius() throws {
    let v = try directions(.sphere)
    for row in 0 ..< 1000 {
      let square = v.values[row * 5 ..< row * 5 + 5].reduce(0) { $0 + $1 * $1 }
      #expect(abs(square - 5) < 1e-5)
    }
  }

  /// A score that is no gradient and not linear: s(u) = tanh(u A) − u.
  @Test(arguments: ProjectionDistribution.allCases, [true, false])
  func slicedIsExactInExpectation(law: ProjectionDistribution, reduced: Bool) throws {
    let (rows, d) = (Self.count, Self.dimension)
    var graph = Graph()
    let (x, draws) = (graph.input([rows, d]), graph.input([rows, d]))
    let a = graph.literal(
      Literal(shape: [d, d], values: Self.matrix.flatMap { $0 }.map { 0.2 * $0 }))
    let score = graph.subtract(graph.tanh(graph.matmul(x, a)), x)
    let v = law.direction(&graph, draws)
    let sliced = graph.slicedScoreMatchingLoss(
      score: score, x: x, projections: graph.reshape(v, [1, rows, d]), reduced: reduced)
    let one = graph.slice(x, starts: [0, 0], sizes: [1, d])
    let same = graph.subtract(graph.tanh(graph.matmul(one, a)), one)
    let exact = graph.exactScoreMatchingLoss(score: same, x: one)
    var numbers = Numbers(seed: 9)
    let place = numbers.tensor([1, d], -1 ... 1.5)
    let at = Tensor([rows, d]) { place.values[$0 % d] }
    let random = law == .rademacher ? numbers.uniforms([rows, d]) : numbers.normals([rows, d])
    let values = try execute(graph, [sliced, exact], inputs: [at, random])
    let (mean, deviation) = meanAndDeviation(values[0].values)
    #expect(abs(mean - values[1].values[0]) < 5 * deviation + 1e-5)
  }
}
