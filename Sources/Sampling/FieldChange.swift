import Core
import Models

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
  var isOneLevel = false

  func weight(_ sigma: Double) -> Double { guidedLevels.contains(sigma) ? guidance : 1 }

  /// By how much the score grows along an axis of the data's covariance Σ: (Σ + σ²)/(T Σ + σ²), exact for N(m, Σ); 1/T at one level.
  ///
  /// Ingraham et al. (2023), "Illuminating protein space with a programmable generative model", low-temperature sampling, there with
  /// one variance for all axes: along narrow ones that would make the field too steep for any number of steps.
  func growth(_ variance: Double, _ sigma: Double) -> Double {
    guard !isOneLevel else { return 1 / temperature }
    return (variance + sigma * sigma) / (temperature * variance + sigma * sigma)
  }
}

extension FieldChange {
  /// From the options of a sampler.
  init(_ options: Options, _ description: ModelDescription, oneLevel: Bool) throws {
    guidance = options.value("guidance")
    temperature = options.value("temperature")
    isOneLevel = oneLevel
    let low: Double = options.value("guidance_min")
    let high: Double = options.value("guidance_max")
    guard high == 0 || low <= high else {
      throw Options.bad("guidance_min", "is above guidance_max")
    }
    guidedLevels = low ... (high > 0 ? high : .infinity)
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
