import Glibc
import Stein
import Testing

/// Schedules against their processes' own formulas, and weightings.
@Suite struct NoiseLevelTests {
  private let range = 0.02 ... 30.0

  /// The levels of a process are √(1 − α²)/α at uniform times: checked through α² = 1/(1 + σ²).
  @Test func variancePreserving() {
    let law = NoiseDistribution.variancePreserving
    func integral(_ t: Double) -> Double { 0.1 * t + 9.95 * t * t }
    func sigma(_ t: Double) -> Double {
      let alpha = exp(-0.5 * integral(t))
      return (1 - alpha * alpha).squareRoot() / alpha
    }
    let (first, last) = (0.04, 0.9)
    let own = sigma(first) ... sigma(last)
    for u in [0.1, 0.37, 0.5, 0.93] {
      let t = first + u * (last - first)
      #expect(abs(law.sigma(at: u, sigmaData: 1, range: own) / sigma(t) - 1) < 1e-9)
      #expect(
        abs(
          law.sigma(at: u, sigmaData: 3, range: 3 * own.lowerBound ... 3 * own.upperBound)
            / (3 * sigma(t)) - 1) < 1e-9)
    }
  }

  @Test func subVariancePreserving() {
    func sigma(_ t: Double) -> Double {
      let integral = 0.1 * t + 9.95 * t * t
      // Deviation 1 − e^{−∫β}, signal e^{−∫β/2}.
      return (1 - exp(-integral)) / exp(-0.5 * integral)
    }
    let own = sigma(0.1) ... sigma(0.8)
    let law = NoiseDistribution.subVariancePreserving
    #expect(abs(law.sigma(at: 0.25, sigmaData: 1, range: own) / sigma(0.275) - 1) < 1e-9)
  }

  @Test func cosine() {
    let own = tan(0.5 * Double.pi * 0.1) ... tan(0.5 * Double.pi * 0.9)
    let law = NoiseDistribution.cosine
    #expect(
      abs(law.sigma(at: 0.75, sigmaData: 1, range: own) / tan(0.5 * Double.pi * 0.7) - 1) < 1e-9)
  }

  @Test func varianceExploding() {
    let law = NoiseDistribution.varianceExploding
    #expect(abs(law.sigma(at: 0.5, sigmaData: 1, range: range) - (0.02 * 30).squareRoot()) < 1e-12)
  }

  /// d ln σ/du against differences over a wide step, and its mean is ln(σ_max/σ_min).
  @Test(arguments: [
    NoiseDistribution.varianceExploding, .variancePreserving, .subVariancePreserving, .cosine,
  ])
  func growth(law: NoiseDistribution) {
    let count = 4000
    let sum = (0 ..< count).reduce(0.0) {
      $0 + law.growth(at: (Double($1) + 0.5) / Double(count), sigmaData: 1, range: range)
        / Double(count)
    }
    #expect(abs(sum / log(30 / 0.02) - 1) < 2e-3)
  }

  /// On VE, g² is σ² up to a constant, so the likelihood's weight of ‖σs + z‖² is the same at every
  /// level.
  @Test func likelihoodOnVE() {
    let law = NoiseDistribution.varianceExploding
    for u in [0.1, 0.5, 0.9] {
      let growth = law.growth(at: u, sigmaData: 1, range: range)
      let weight = Weighting.likelihood.weight(
        sigma: law.sigma(at: u, sigmaData: 1, range: range), sigmaData: 1, growth: growth,
        span: log(30 / 0.02))
      #expect(abs(weight - 1) < 1e-6)
    }
  }

  /// As weights on ‖D − x‖²: 1/c_out², and min(SNR, 5).
  @Test func weightsOnTheDenoiser() {
    for sigma in [0.03, 0.4, 1, 6.0] {
      let data = 0.5
      func weight(_ kind: Weighting) -> Double {
        kind.weight(sigma: sigma, sigmaData: data, growth: 0, span: 1) / (sigma * sigma)
      }
      let out = sigma * data / (sigma * sigma + data * data).squareRoot()
      #expect(abs(weight(.edm) * out * out - 1) < 1e-12)
      let snr = data * data / (sigma * sigma)
      #expect(abs(weight(.minimumSNR) * data * data - min(snr, 5)) < 1e-9)
    }
  }
}
