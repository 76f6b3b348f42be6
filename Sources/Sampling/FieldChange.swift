import Core
import Models

/// What changes a model's field before a sampler follows it.
struct FieldChange: Sendable {
  /// w of (1 − w) s(x) + w s(x | class), and the levels at which it acts.
  ///
  /// Ho & Salimans (2022), "Classifier-Free Diffusion Guidance", with w = 1 for none; an interval
  /// of levels as by Kynkäänniemi et al. (2024).
  var guidance = 1.0
  var guidedLevels = 0.0 ... .infinity
  /// T: p^{1/T} where there is one level.
  var temperature = 1.0
  var isOneLevel = false

  func weight(_ sigma: Double) -> Double { guidedLevels.contains(sigma) ? guidance : 1 }

  /// By how much the score grows along an axis of the data's covariance Σ: (Σ + σ²)/(T Σ + σ²),
  /// exact for N(m, Σ); 1/T at one level.
  ///
  /// Ingraham et al. (2023), "Illuminating protein space with a programmable generative model",
  /// low-temperature sampling, there with one variance for all axes: along narrow ones that would
  /// make the field too steep for any number of steps.
  func growth(_ variance: Double, _ sigma: Double) -> Double {
    guard !isOneLevel else { return 1 / temperature }
    return (variance + sigma * sigma) / (temperature * variance + sigma * sigma)
  }
}

extension FieldChange {
  /// From the options of a sampler.
  init(_ options: Options, _ description: ModelDescription, oneLevel: Bool) throws {
    guidance = options[Key.guidance]
    temperature = options[Key.temperature]
    isOneLevel = oneLevel
    let low = options[Key.guidanceMin]
    let high = options[Key.guidanceMax]
    guard high == 0 || low <= high else {
      throw Options.bad("guidance_min", "is above guidance_max")
    }
    guidedLevels = low ... (high > 0 ? high : .infinity)
    guard guidance != 1 else { return }
    guard !description.classes.isEmpty else {
      throw Options.bad("guidance", "is for models with classes; this one has none")
    }
    guard description.unconditional else {
      throw Options.bad(
        "guidance", "wants the score without a class too: train with label_dropout=0.1")
    }
  }
}

extension FieldChange {
  enum Key {
    static let temperature = OptionKey<Double>(
      "temperature", 1e-3 ... 1e3, default: 1,
      "T of p^(1/T): exact for langevin, elsewhere for Gaussians of up to 128 columns (Ingraham et al. 2023)"
    )
    static let guidance = OptionKey<Double>(
      "guidance", -1e3 ... 1e3, default: 1,
      "w of (1 - w) s(x) + w s(x | class): 1 for the class alone, more to stress it (Ho & Salimans 2022)"
    )
    static let guidanceMin = OptionKey<Double>(
      "guidance_min", 0 ... 1e9, default: 0, "Lowest level that is guided", for: isGuided)
    static let guidanceMax = OptionKey<Double>(
      "guidance_max", 0 ... 1e9, default: 0, "Highest level that is guided; 0: all", for: isGuided)

    private static let isGuided = Need("guidance other than 1") {
      $0[guidance] == 1 ? "guidance=1" : nil
    }
  }
}
