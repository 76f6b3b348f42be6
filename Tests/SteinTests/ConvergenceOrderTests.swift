import Glibc
import Platform
import Stein
import TestSupport
import Testing

/// N(0, C) in the plane, whose score, flow and marginals are known at every level.
struct PlanarGaussian: Sendable {
  let xx: Double
  let xy: Double
  let yy: Double

  static let targets = [
    PlanarGaussian(xx: 1.3, xy: 0.7, yy: 0.5), PlanarGaussian(xx: 0.09, xy: -0.2, yy: 2.6),
    PlanarGaussian(xx: 0.4, xy: 0.1, yy: 0.06),
  ]

  /// σ s = −σ (C + σ²)⁻¹ x.
  func scaledScore(_ x: Double, _ y: Double, _ sigma: Double) -> (Double, Double) {
    let (a, c) = (xx + sigma * sigma, yy + sigma * sigma)
    let determinant = a * c - xy * xy
    return (-sigma * (c * x - xy * y) / determinant, -sigma * (a * y - xy * x) / determinant)
  }

  /// √((C + low²)/(C + high²)) x, along each axis of C.
  func flow(_ x: Double, _ y: Double, from high: Double, to low: Double) -> (Double, Double) {
    let angle = 0.5 * atan2(2 * xy, xx - yy)
    let (c, s) = (cos(angle), sin(angle))
    let middle = 0.5 * (xx + yy)
    let half = 0.5 * (xx - yy) * cos(2 * angle) + xy * sin(2 * angle)
    func shrink(_ variance: Double) -> Double {
      ((variance + low * low) / (variance + high * high)).squareRoot()
    }
    let (u, v) = ((c * x + s * y) * shrink(middle + half), (c * y - s * x) * shrink(middle - half))
    return (c * u - s * v, s * u + c * v)
  }
}

/// 0.3 N(−0.7, 0.1) + 0.7 N(0.9, 0.4) on the line, whose flow is F⁻¹ ∘ F.
struct LineMixture: Sendable {
  private let parts = [
    (weight: 0.3, mean: -0.7, variance: 0.1), (weight: 0.7, mean: 0.9, variance: 0.4),
  ]

  func scaledScore(_ x: Double, _ sigma: Double) -> Double {
    var (total, slope) = (0.0, 0.0)
    for part in parts {
      let variance = part.variance + sigma * sigma
      let off = x - part.mean
      let density = part.weight * exp(-0.5 * off * off / variance) / variance.squareRoot()
      total += density
      slope -= density * off / variance
    }
    return sigma * slope / total
  }

  private func share(_ x: Double, _ sigma: Double) -> Double {
    parts.reduce(0) { sum, part in
      sum + part.weight
        * normalCDF((x - part.mean) / (part.variance + sigma * sigma).squareRoot())
    }
  }

  func flow(_ x: Double, from high: Double, to low: Double) -> Double {
    let share = share(x, high)
    var (left, right) = (-20.0, 20.0)
    for _ in 0 ..< 80 {
      let middle = 0.5 * (left + right)
      if self.share(middle, low) < share { left = middle } else { right = middle }
    }
    return 0.5 * (left + right)
  }
}

/// Moves rows of `dimension` numbers along a field in Double, with noise of the test's own.
func sample(
  _ sampler: any Sampler, from start: [[Double]],
  noise: ((_ normals: View<Float>, _ step: Int) -> Void)? = nil,
  _ scaledScore: @escaping (_ x: [Double], _ sigma: Double) -> [Double]
) throws -> [[Double]] {
  let memory = Memory()
  let (rows, d) = (start.count, start[0].count)
  let state = try Storage<Double>(memory, count: rows * d).view
  let g = try Storage<Double>(memory, count: rows * d).view
  var batch = SampleBatch(
    state: state, spares: try Storage<Double>(memory, count: sampler.spares * rows * d).view,
    normals: try Storage<Float>(memory, count: rows * d).view, rows: rows, dimension: d,
    firstIndex: 0, seed: 3)
  batch.noise = noise
  for (index, value) in start.flatMap({ $0 }).enumerated() { state[index] = value }
  let field = ScaledScore { x, level in
    for r in 0 ..< rows {
      let s = scaledScore((0 ..< d).map { x[r * d + $0] }, level[r])
      for j in 0 ..< d { g[r * d + j] = s[j] }
    }
    return g
  }
  try sampler.sample(batch, field)
  return (0 ..< rows).map { r in (0 ..< d).map { state[r * d + $0] } }
}

@Suite struct ConvergenceOrderTests {
  static let high = 8.0
  static let low = 0.08

  /// A method by its number of levels.
  struct Method: Sendable, CustomTestStringConvertible {
    let name: String
    let order: Double
    var levels = (64, 128)
    let make: @Sendable (_ grid: [Double]) -> any Sampler

    var testDescription: String { name }
  }

  static let flows: [Method] = [
    Method(name: "euler", order: 1) { ProbabilityFlow(grid: $0, isSecondOrder: false) },
    Method(name: "heun", order: 2) { ProbabilityFlow(grid: $0, isSecondOrder: true) },
    Method(name: "ddim", order: 1) { ImplicitDiffusion(grid: $0, eta: 0) },
    Method(name: "dpmpp_2m", order: 2) { Multistep(grid: $0, order: 2, eta: 0) },
    Method(name: "dpmpp_3m, eta 0", order: 2) { Multistep(grid: $0, order: 3, eta: 0) },
    // By an angle that does not fit the targets: with one that does, 40 steps are at the limit of
    // rounding.
    Method(name: "rk45", order: 5, levels: (20, 160)) { grid in
      AdaptiveFlow(
        levels: [grid[0], grid[grid.count - 1]], denoise: false, control: .steps(grid.count - 1),
        tolerance: 1, sigmaData: 0.1)
    },
  ]

  static func corrector(
    _ predictor: PredictorCorrector.Predictor, _ process: PredictorCorrector.Process
  ) -> Method {
    Method(name: "\(predictor.rawValue), \(process.rawValue)", order: 1, levels: (200, 400)) {
      PredictorCorrector(
        grid: $0, predictor: predictor, process: process, correctorSteps: 0, ratio: 0,
        sigmaData: 0.7)
    }
  }

  static let equations: [Method] = [
    corrector(.reverseDiffusion, .varianceExploding),
    corrector(.reverseDiffusion, .variancePreserving),
    corrector(.eulerMaruyama, .varianceExploding), corrector(.eulerMaruyama, .variancePreserving),
    corrector(.ancestral, .varianceExploding),
    Method(name: "ddim, eta 1", order: 1, levels: (200, 400)) {
      ImplicitDiffusion(grid: $0, eta: 1)
    },
    Method(name: "dpmpp_2m, eta 1", order: 2) { Multistep(grid: $0, order: 2, eta: 1) },
    Method(name: "dpmpp_3m_sde", order: 2, levels: (128, 256)) {
      Multistep(grid: $0, order: 3, eta: 1)
    },
    Method(name: "heun with churn", order: 2) {
      ProbabilityFlow(
        grid: $0, isSecondOrder: true, churn: .init(amount: 20, range: 0.2 ... 5))
    },
  ]

  private func grid(_ count: Int) -> [Double] {
    NoiseGrid.edm.levels(count + 1, from: Self.high, to: Self.low)
  }

  private func slope(_ method: Method, _ error: (any Sampler) throws -> Double) rethrows -> Double {
    let (coarse, fine) = method.levels
    let ratio = try error(method.make(grid(coarse))) / error(method.make(grid(fine)))
    return log(ratio) / log(Double(fine) / Double(coarse))
  }

  /// Where rows of the start end, against the exact map.
  @Test(arguments: flows) func flowsOfGaussians(_ method: Method) throws {
    for target in PlanarGaussian.targets {
      let start = (0 ..< 12).map { k in
        [9 * cos(Double(k) * 0.7), 7 * sin(Double(k) * 0.7) + 1]
      }
      let slope = try slope(method) { sampler in
        let ends = try sample(sampler, from: start) { x, sigma in
          let s = target.scaledScore(x[0], x[1], sigma)
          return [s.0, s.1]
        }
        return zip(start, ends).reduce(0) { sum, pair in
          let exact = target.flow(pair.0[0], pair.0[1], from: Self.high, to: Self.low)
          return sum + hypot(pair.1[0] - exact.0, pair.1[1] - exact.1)
        }
      }
      #expect(slope > method.order - 0.15, "\(method.name): slope \(slope)")
    }
  }

  @Test(arguments: flows) func flowsOfAMixture(_ method: Method) throws {
    let target = LineMixture()
    let start = (0 ..< 15).map { [-14 + 2.1 * Double($0)] }
    let slope = try slope(method) { sampler in
      let ends = try sample(sampler, from: start) { x, sigma in [target.scaledScore(x[0], sigma)] }
      return zip(start, ends).reduce(0) { sum, pair in
        sum + abs(pair.1[0] - target.flow(pair.0[0], from: Self.high, to: Self.low))
      }
    }
    #expect(slope > method.order - 0.15, "\(method.name): slope \(slope)")
  }

  /// The covariance that a method ends with, from its responses to each number that it draws: no
  /// chance is involved.
  @Test(arguments: equations) func equationsOfGaussians(_ method: Method) throws {
    for target in PlanarGaussian.targets {
      let slope = try slope(method) { sampler in
        let occasions = method.levels.1 + 1
        // Rows 0 and 1 begin at a unit vector and meet no noise; two more for each occasion.
        var start = [[Double]](repeating: [0, 0], count: 2 + 2 * occasions)
        (start[0][0], start[1][1]) = (1, 1)
        let ends = try sample(sampler, from: start) { normals, step in
          for index in 0 ..< normals.count { normals[index] = 0 }
          for j in 0 ..< 2 { normals[(2 + 2 * step + j) * 2 + j] = 1 }
        } _: { x, sigma in
          let s = target.scaledScore(x[0], x[1], sigma)
          return [s.0, s.1]
        }
        let square = Self.high * Self.high
        let first = [[target.xx + square, target.xy], [target.xy, target.yy + square]]
        var found = [[0.0, 0.0], [0.0, 0.0]]
        for i in 0 ..< 2 {
          for j in 0 ..< 2 {
            for (k, row) in ends.enumerated() where k >= 2 { found[i][j] += row[i] * row[j] }
            for k in 0 ..< 2 {
              for l in 0 ..< 2 { found[i][j] += ends[k][i] * first[k][l] * ends[l][j] }
            }
          }
        }
        let last = Self.low * Self.low
        return hypot(
          hypot(found[0][0] - target.xx - last, found[1][1] - target.yy - last),
          2.0.squareRoot() * (found[0][1] - target.xy))
      }
      #expect(slope > method.order - 0.15, "\(method.name): slope \(slope)")
    }
  }

  /// Langevin steps of ε = 2 r² σ² leave 1/(1 − r²) of the noise's variance where there is nothing
  /// else.
  @Test func correctorWidensByItsRatio() throws {
    let (sigma, ratio, count) = (0.7, 0.4, 60)
    let sampler = PredictorCorrector(
      grid: [sigma * 1.0001, sigma], predictor: .none, process: .varianceExploding,
      correctorSteps: count, ratio: ratio, sigmaData: 1)
    // Responses to each step's noise; what began is forgotten.
    let start = [[Double]](repeating: [0], count: count + 2)
    let ends = try sample(sampler, from: start) { normals, step in
      for index in 0 ..< normals.count { normals[index] = index == step ? 1 : 0 }
    } _: { x, sigma in
      [-x[0] / sigma]
    }
    let variance = ends.reduce(0) { $0 + $1[0] * $1[0] }
    #expect(abs(variance / (sigma * sigma) - 1 / (1 - ratio * ratio)) < 1e-6)
  }
}
