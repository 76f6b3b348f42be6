import Core
package import Execution

extension Options {
  /// That of matrix products, which this machine must have.
  package func precision() throws -> Precision {
    let asked: Precision = value("precision")
    guard asked.isAvailable else {
      throw SteinError(
        .unsupported, "option 'precision' is bf16; this processor has no AVX-512 BF16",
        argument: "options", option: "precision")
    }
    return asked
  }
}
