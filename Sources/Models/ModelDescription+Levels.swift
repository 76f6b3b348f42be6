// What the data say of the levels to train for.

extension ModelDescription {
  /// Whether rows are those of a table: of one axis, whose columns have each a scale of their own, or none.
  package var isOfTable: Bool { shape.count == 2 && ownScaling != .common }

  /// The lowest level to train for: a quarter of the data's resolution, from .001 to .01 of σ_data.
  package var lowestLevel: Double {
    (resolution > 0 ? min(max(resolution / 4, 0.001), 0.01) : 0.01) * sigmaData
  }

  /// EDM's law of levels, carried down where the data are thin: 95 of 100 levels lie from half the resolution up.
  package var standardLaw: NoiseLaw {
    guard case .edm(let mean, let deviation) = NoiseLaw.standard, resolution > 0 else {
      return .standard
    }
    let (low, high) = (mean - 2 * deviation, mean + 2 * deviation)
    let lower = min(low, naturalLog(resolution / 2))
    return .edm(mean: (lower + high) / 2, deviation: (high - lower) / 4)
  }
}
