// What the data say of the levels to train for.

extension ModelDescription {
  /// Whether rows are those of a table: of one axis, whose columns have each a scale of their own,
  /// or none.
  package var isOfTable: Bool { shape.count == 2 && ownScaling != .common }

  /// The lowest level to train for: a twentieth of the data's resolution, from .002 to .01 of
  /// σ_data.
  ///
  /// The resolution is that of round kernels: a density that is thin in one direction, and in some
  /// places more than in others, is far thinner there.
  package var lowestLevel: Double {
    (resolution > 0 ? min(max(resolution / 20, 0.002), 0.01) : 0.01) * sigmaData
  }

  /// EDM's distribution of levels.
  ///
  /// Where the data are thin it reaches down, so that 95 of 100 levels lie above a twentieth of the
  /// resolution; where they are thinner than EDM's lowest level, ln σ is uniform.
  package var standardDistribution: NoiseDistribution {
    guard case .edm(let mean, let deviation) = NoiseDistribution.standard, resolution > 0 else {
      return .standard
    }
    guard lowestLevel >= 0.01 * sigmaData else { return .varianceExploding }
    let (low, high) = (mean - 2 * deviation, mean + 2 * deviation)
    let lower = min(low, naturalLog(resolution / 20))
    return .edm(mean: (lower + high) / 2, deviation: (high - lower) / 4)
  }
}
