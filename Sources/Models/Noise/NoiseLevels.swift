/// Which noise levels an objective is taken at, and how much each counts.
package struct NoiseLevels: Sendable {
  let distribution: NoiseDistribution
  package let range: ClosedRange<Double>
  let sigmaData: Double
  package let weighting: Weighting
  /// Whether the loss is in units of the noise already, as denoising is; others are multiplied by
  /// σ².
  let isScaled: Bool

  /// One level alone; every row counts the same.
  package init(one sigma: Double) {
    distribution = .geometric(levels: [sigma])
    range = sigma ... sigma
    sigmaData = 1
    weighting = .sigmaSquared
    isScaled = true
  }

  package init(
    distribution: NoiseDistribution, range: ClosedRange<Double>, sigmaData: Double,
    weighting: Weighting,
    isScaled: Bool
  ) {
    (self.distribution, self.range, self.sigmaData) = (distribution, range, sigmaData)
    (self.weighting, self.isScaled) = (weighting, isScaled)
  }

  /// σ at `u`, uniform in (0, 1), and the weight λ.
  package func draw(_ u: Double) -> (sigma: Double, weight: Double) {
    let sigma = distribution.sigma(at: u, sigmaData: sigmaData, range: range)
    guard range.lowerBound < range.upperBound else { return (sigma, 1) }
    var (growth, span) = (0.0, 0.0)
    if weighting == .likelihood {
      growth = distribution.growth(at: u, sigmaData: sigmaData, range: range)
      span = naturalLog(range.upperBound / range.lowerBound)
    }
    let weight = weighting.weight(
      sigma: sigma, sigmaData: sigmaData, growth: growth, span: span)
    return (sigma, isScaled ? weight : weight * sigma * sigma)
  }

  package func sigma(_ u: Double) -> Double {
    distribution.sigma(at: u, sigmaData: sigmaData, range: range)
  }
}
