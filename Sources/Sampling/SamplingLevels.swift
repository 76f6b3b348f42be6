import Core
import Models

extension Model.Snapshot {
  /// A level from the options; 0 stands for `usual`.
  func level(_ options: Options, _ key: OptionKey<Double>, usual: Double) throws -> Double {
    let value = options[key]
    guard value != 0 else { return usual }
    try check(value, key.name)
    return value
  }

  private func check(_ value: Double, _ key: String) throws {
    let (low, high) = (description.sigmaMin, description.sigmaMax)
    guard value >= low * (1 - 1e-6), value <= high * (1 + 1e-6) else {
      throw Options.bad(key, "is \(value); the model was trained from \(low) to \(high)")
    }
  }

  /// The range from sigma_max down to sigma_min, or another option for the lowest level.
  func range(_ options: Options, lowest: OptionKey<Double> = SamplerKey.sigmaMin) throws
    -> ClosedRange<Double>
  {
    let low = try level(options, lowest, usual: description.sigmaMin)
    let high = try level(options, SamplerKey.sigmaMax, usual: description.sigmaMax)
    guard low < high else { throw Options.bad(lowest, "is not below sigma_max") }
    return low ... high
  }

  /// The levels that options describe, then 0 where a last denoising step is wanted.
  func grid(_ options: Options, _ kind: SamplerKind) throws -> [Double] {
    let last = options[SamplerKey.denoise] ?? true ? [0.0] : []
    if let given = options[SamplerKey.levels] {
      guard given.count >= 2, zip(given, given.dropFirst()).allSatisfy(>) else {
        throw Options.bad("levels", "are two or more, each below the one before")
      }
      for level in given { try check(level, "levels") }
      return given + last
    }
    let range = try range(options)
    let steps = options[SamplerKey.steps] ?? kind.steps(over: range)
    guard steps >= 2, steps <= 1_000_000 else {
      throw Options.bad("steps", "is \(steps); \(kind.rawValue) takes 2 to 1000000 levels")
    }
    let grid = options[SamplerKey.grid] ?? kind.grid
    return grid.levels(
      steps, from: range.upperBound, to: range.lowerBound, rho: options[SamplerKey.rho]) + last
  }
}
