import Core
import Glibc

/// The distribution from which training draws noise levels, and the range that it covers: σ as a
/// function of u, uniform in (0, 1).
///
/// Every process is written in its variance-exploding form, x̃ = x + σ z with σ the ratio of noise
/// to signal; multiplying by the signal's factor α = 1/√(1 + σ²) gives the state of a
/// variance-preserving one.
package enum NoiseDistribution: Sendable, Equatable {
  /// ln(σ/σ_data) ~ N(mean, deviation²), kept within the range. Karras et al. (2022), "Elucidating
  /// the Design Space of Diffusion-Based Generative Models", table 1, with levels relative to
  /// σ_data.
  case edm(mean: Double, deviation: Double)
  /// Each level of a geometric ladder is as likely as another. Song & Ermon (2019).
  case geometric(levels: [Double])
  /// σ = σ_min (σ_max/σ_min)ᵗ with t uniform. Song et al. (2021), "Score-Based Generative Modeling
  /// through SDEs", equation 30.
  case varianceExploding
  /// α² = exp(−∫β), β = 0.1 + 19.9 t, noise √(1 − α²). The same, equation 32.
  case variancePreserving
  /// As before with noise 1 − α². The same, equation 29.
  case subVariancePreserving
  /// α = cos(πt/2), noise sin(πt/2). Nichol & Dhariwal (2021), "Improved Denoising Diffusion
  /// Probabilistic Models", without offset.
  case cosine

  /// The level at which the distribution function is `u`, 0 < u < 1.
  package func sigma(at u: Double, sigmaData: Double, range: ClosedRange<Double>) -> Double {
    let (low, high) = (range.lowerBound, range.upperBound)
    switch self {
    case .edm(let mean, let deviation):
      let sigma = sigmaData * exp(mean + deviation * normalQuantile(u))
      return min(max(sigma, low), high)
    case .geometric(let levels):
      return levels[min(Int(u * Double(levels.count)), levels.count - 1)]
    case .varianceExploding:
      return low * pow(high / low, u)
    case .variancePreserving, .subVariancePreserving, .cosine:
      let (first, last) = (time(of: low / sigmaData), time(of: high / sigmaData))
      return min(max(sigmaData * ratio(at: first + u * (last - first)), low), high)
    }
  }

  /// d ln σ/du, the density of the likelihood weighting: half the growth of ln σ² along the
  /// distribution.
  package func growth(at u: Double, sigmaData: Double, range: ClosedRange<Double>) -> Double {
    if case .geometric(let levels) = self { return log(levels[0] / levels[levels.count - 1]) }
    let h = min(1e-5, u / 2, (1 - u) / 2)
    let (below, above) = (
      sigma(at: u - h, sigmaData: sigmaData, range: range),
      sigma(at: u + h, sigmaData: sigmaData, range: range)
    )
    return log(above / below) / (2 * h)
  }

  /// Noise over signal at time t in (0, 1).
  private func ratio(at t: Double) -> Double {
    let integral = 0.1 * t + 9.95 * t * t
    switch self {
    case .cosine: return tan(0.5 * .pi * t)
    case .subVariancePreserving: return 2 * sinh(0.5 * integral)  // (1 − α²)/α
    default: return expm1(integral).squareRoot()  // √(1 − α²)/α
    }
  }

  /// The inverse of `ratio`.
  private func time(of ratio: Double) -> Double {
    func solve(_ integral: Double) -> Double {
      // 9.95 t² + 0.1 t = ∫β
      2 * integral / (0.1 + (0.01 + 4 * 9.95 * integral).squareRoot())
    }
    switch self {
    case .cosine: return 2 / .pi * atan(ratio)
    case .subVariancePreserving: return solve(2 * asinh(0.5 * ratio))
    default: return solve(log1p(ratio * ratio))
    }
  }

  /// Where the process itself ends, relative to σ_data; nil where the data decide.
  package var ownMaximum: Double? {
    switch self {
    case .variancePreserving, .subVariancePreserving: ratio(at: 1)
    case .edm, .geometric, .varianceExploding, .cosine: nil
    }
  }
}

/// How much each noise level counts: λ of ½ λ ‖σ s + z‖².
package enum Weighting: String, CaseIterable, Sendable {
  /// σ²/σ_data² + 1: the weight 1/c_out² of Karras et al. (2022) on ‖D − x‖², under which every
  /// level begins near D/2.
  case edm
  /// 1: σ² on ‖s − ∇ log q‖². Song & Ermon (2019).
  case sigmaSquared = "sigma2"
  /// g², under which the sum over levels bounds the likelihood. Song, Durkan, Murray & Ermon
  /// (2021), theorem 1.
  case likelihood
  /// min(1, γ σ²/σ_data²): min(SNR, γ) on ‖D − x‖², SNR = σ_data²/σ². Hang et al. (2023), γ = 5.
  case minimumSNR = "min_snr"

  /// `growth`: d ln σ/du of the noise distribution; `span`: its mean, ln(σ_max/σ_min).
  package func weight(sigma: Double, sigmaData: Double, growth: Double, span: Double) -> Double {
    let square = sigma * sigma / (sigmaData * sigmaData)
    switch self {
    case .edm: return square + 1
    case .sigmaSquared: return 1
    case .likelihood: return span > 0 ? growth / span : 1
    case .minimumSNR: return min(1, 5 * square)
    }
  }
}

/// Noise levels for annealing, from the largest to the smallest, each `ratio` times the next.
///
/// Song & Ermon (2020), "Improved Techniques for Training Score-Based Generative Models",
/// techniques 1, 2 and 4.
package struct GeometricLadder: Sendable, Equatable {
  package let levels: [Double]
  package let ratio: Double

  /// - Parameters:
  ///   - sigmaMax: the largest distance between two points of the data (technique 1).
  ///   - sigmaMin: σ_L > 0.
  ///   - dimension: of the data; decides how far apart two levels may stand (technique 2).
  package init(sigmaMax: Double, sigmaMin: Double, dimension: Int) {
    let widest = GeometricLadder.ratio(dimension: dimension)
    let span = log(max(sigmaMax / sigmaMin, 1))
    let steps = max(1, Int((span / log(widest)).rounded(.up)))
    ratio = exp(span / Double(steps))
    levels = (0 ... steps).map { sigmaMax * exp(-span * Double($0) / Double(steps)) }
  }

  /// Technique 2: γ with Φ(√(2D)(γ−1) + 3γ) − Φ(√(2D)(γ−1) − 3γ) = ½, but at most 1.3.
  ///
  /// For D ≤ 4 the equation has no solution, and up to D of about 20 its solution leaves levels too
  /// far apart.
  package static func ratio(dimension: Int) -> Double {
    let most = 1.3
    let root = (2 * Double(dimension)).squareRoot()
    func overlap(_ gamma: Double) -> Double {
      normalCDF(root * (gamma - 1) + 3 * gamma) - normalCDF(root * (gamma - 1) - 3 * gamma) - 0.5
    }
    guard overlap(most) < 0 else { return most }
    var (low, high) = (1.0, most)
    for _ in 0 ..< 60 {
      let middle = (low + high) / 2
      if overlap(middle) > 0 { low = middle } else { high = middle }
    }
    return low
  }

  /// Technique 4: the step ε at the smallest level, with ε_i = ε σ_i²/σ_L² at the others.
  ///
  /// After T steps of x′ = x + ε s(x) + √(2ε) z at one level, a cloud of variance γ²σ² has variance
  /// as close to σ² as can be: with δ = ε/σ² and q = 1/(1 − δ/2) its ratio to σ² is (1−δ)^{2T}(γ² −
  /// q) + q.
  package func stepSize(stepsPerLevel: Int) -> Double {
    let smallest = levels[levels.count - 1]
    let delta = GeometricLadder.relativeStep(ratio: ratio, stepsPerLevel: stepsPerLevel)
    return delta * smallest * smallest
  }

  /// δ = ε/σ_L²: the best of 2000 between 1e-5 and 0.9.
  package static func relativeStep(ratio: Double, stepsPerLevel: Int) -> Double {
    let square = ratio * ratio
    func error(_ delta: Double) -> Double {
      let q = 1 / (1 - delta / 2)
      return abs(pow(1 - delta, 2 * Double(stepsPerLevel)) * (square - q) + q - 1)
    }
    let candidates = (0 ..< 2000).map { exp(log(1e-5) + Double($0) / 1999 * log(0.9 / 1e-5)) }
    return candidates.min { error($0) < error($1) } ?? 1e-4
  }
}

func naturalLog(_ x: Double) -> Double { log(x) }

extension NoiseDistribution {
  /// ln(σ/σ_data) ~ N(−0.5, 1.2²): a little higher than EDM's −1.2, which suits tables and small
  /// pictures.
  package static let standard = NoiseDistribution.edm(mean: -0.5, deviation: 1.2)
}
