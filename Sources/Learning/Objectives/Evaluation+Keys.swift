package import Core

extension Evaluation {
  enum Key {
    static let objective = OptionKey<Objective.Form?>(
      "objective",
      "auto: denoising for models of many noise levels, else exact. denoising: ½ (σ²/σ_data² + 1) ‖σ s - σ ∇ log q‖² over EDM's noise levels, or at `sigma` ½ ‖σ s - σ ∇ log q‖²; the others at `sigma`"
    )
    static let draws = OptionKey<Int>(
      "draws", 1 ... 100_000, default: 64, "Noise draws a row", for: isRandom.holds)
    static let sigma = OptionKey<Double?>(
      "sigma", 0 ... 1e9, "The level; 0, auto: the lowest trained")
    static let seed = OptionKey<UInt64>("seed", "Of the draws")

    static let isRandom = Fact(
      "losses with noise or random directions", not: "a loss without chance")
  }
}

extension OptionTable {
  package static let loss = OptionTable(
    "loss",
    [Evaluation.Key.objective, Evaluation.Key.draws, Evaluation.Key.sigma, Evaluation.Key.seed]
      + Objective.Key.all)
}
