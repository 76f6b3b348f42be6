// The options of what compares samples.

package import Core

extension OptionTable {
  package static let steinDiscrepancy = OptionTable(
    kind: "kernel_stein_discrepancy",
    specs: [
      .init(
        "kernel", .choice(RadialKernel.Kind.allCases.map(\.rawValue)), "imq",
        "imq: (1 + r²/length²)^exponent, which sees that draws do not converge (Gorham & Mackey 2017); gaussian: exp(-r²/(2 length²))"
      ),
      .init(
        "length", .number(1e-9 ... 1e9), "auto",
        "Of the kernel, in scaled units; auto: 1 for imq, the median distance of rows for gaussian"),
      .init("exponent", .number(-0.999 ... -0.001), "-0.5", "imq: β"),
      scale("deviation", "each column by its standard deviation", "scores are multiplied by it"),
      .init(
        "statistic", .choice(SteinDiscrepancy.Statistic.allCases.map(\.rawValue)), "u",
        "u: the mean over pairs i ≠ j, unbiased for independent rows; v: over all pairs, the square of a distance. They have the same p-value"
      ),
      .init("bootstraps", .integer(1 ... 100_000), "1000", "Paths of signs for the p-value"),
      .init(
        "change_probability", .number(1e-6 ... 0.5), "auto",
        "Of a sign from one row to the next (Chwialkowski et al. 2016): 0.5 for independent rows in any order, less for draws of a chain. auto: 0.5 / (1 + 5 (τ - 1)), τ the longest autocorrelation time of x, s and x s in any column, 1 or more"
      ),
      .init("seed", .integer(0 ... .max), "0", "Of the signs"),
    ])

  package static let slicedWasserstein = OptionTable(
    kind: "sliced_wasserstein",
    specs: [
      .init("order", .integer(1 ... 2), "2", "p of the distance"),
      .init("projections", .integer(1 ... 1_000_000), "500", "Directions, uniform on the sphere"),
      scale("none", "none: distances in the data's units", "of a and b together"),
      .init("seed", .integer(0 ... .max), "0", "Of the directions"),
    ])

  package static let meanDiscrepancy = OptionTable(
    kind: "maximum_mean_discrepancy",
    specs: [
      .init(
        "kernel", .choice(RadialKernel.Kind.allCases.map(\.rawValue)), "gaussian",
        "gaussian: exp(-r²/(2 length²)); imq: (1 + r²/length²)^exponent"),
      .init(
        "length", .number(1e-9 ... 1e9), "auto",
        "Of the kernel, in scaled units; auto: the median distance of rows, a and b together"),
      .init("exponent", .number(-0.999 ... -0.001), "-0.5", "imq: β"),
      scale("deviation", "each column by its standard deviation", "of a and b together"),
      .init("permutations", .integer(1 ... 100_000), "1000", "Of the labels, for the p-value"),
      .init("seed", .integer(0 ... .max), "0", "Of the permutations"),
    ])

  private static func scale(_ value: String, _ meaning: String, _ more: String) -> OptionSpec {
    .init(
      "scale", .choice(ColumnScales.Kind.allCases.map(\.rawValue)), value,
      "What columns are divided by; \(meaning), \(more). robust: 1.4826 times the median distance from the median; none: 1"
    )
  }
}
