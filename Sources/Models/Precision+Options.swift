package import Core
package import Execution

extension Precision {
  package static let key = OptionKey<Precision>(
    "precision", default: .float32,
    "Of the factors of matrix products: bf16 takes half of their time or less with AMX (Intel from Sapphire Rapids on) or a fast AVX-512 BF16 (AMD Zen 5); sums, weights and all else stay float32"
  )

  /// That of matrix products, which this machine must have.
  package init(_ options: Options) throws {
    let asked = options[Precision.key]
    guard asked.isAvailable else {
      throw SteinError(
        .unsupported, "option 'precision' is bf16; this processor has no AVX-512 BF16",
        argument: "options", option: "precision")
    }
    self = asked
  }
}

extension Model {
  /// That option for who knows models and no programs.
  package static let precisionKey = Precision.key
}
