/// What changes a model's field before a sampler follows it.
struct FieldChange: Sendable {
  /// w of (1 − w) s(x) + w s(x | class), and the levels at which it acts.
  ///
  /// Ho & Salimans (2022), "Classifier-Free Diffusion Guidance", with w = 1 for none; an interval of levels as by Kynkäänniemi
  /// et al. (2024).
  var guidance = 1.0
  var guidedLevels = 0.0 ... .infinity
  /// T: p^{1/T} where there is one level.
  var temperature = 1.0
  /// σ_data, by which the temperature goes from level to level; nil for one level alone.
  var sigmaData: Double?

  func weight(_ sigma: Double) -> Double { guidedLevels.contains(sigma) ? guidance : 1 }

  /// By how much the score grows: (σ² + σ_data²)/(σ² + T σ_data²), exact for N(m, σ_data²).
  ///
  /// Ingraham et al. (2023), "Illuminating protein space with a programmable generative model", low-temperature sampling.
  func growth(_ sigma: Double) -> Double {
    guard temperature != 1 else { return 1 }
    guard let sigmaData else { return 1 / temperature }
    let (square, data) = (sigma * sigma, sigmaData * sigmaData)
    return (square + data) / (square + temperature * data)
  }
}

extension FieldChange {
  /// From the options of a sampler.
  init(_ options: Options, _ description: ModelDescription, oneLevel: Bool) throws {
    guidance = options.number("guidance") ?? 1
    temperature = options.number("temperature") ?? 1
    sigmaData = oneLevel ? nil : description.sigmaData
    let (low, high) = (options.number("guidance_min") ?? 0, options.number("guidance_max") ?? 0)
    guidedLevels = low ... max(high > 0 ? high : .infinity, low)
    guard guidance != 1 else {
      for key in ["guidance_min", "guidance_max"] where options.isSet(key) {
        throw Options.bad(key, "wants guidance other than 1")
      }
      return
    }
    guard !description.classes.isEmpty else {
      throw Options.bad("guidance", "is for models with classes; this one has none")
    }
    guard description.unconditional else {
      throw Options.bad(
        "guidance", "wants the score without a class too: train with label_dropout=0.1")
    }
  }
}
