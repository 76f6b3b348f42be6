package import Core

extension SteinDiscrepancy {
  enum Key {
    static let kernel = OptionKey<RadialKernel.Kind>(
      "kernel", default: .imq,
      "imq: (1 + r²/length²)^exponent, which sees that draws do not converge (Gorham & Mackey 2017); gaussian: exp(-r²/(2 length²))"
    )
    static let length = OptionKey<Double?>(
      "length", 1e-9 ... 1e9,
      "Of the kernel, in scaled units; auto: 1 for imq, the median distance of rows for gaussian")
    static let exponent = OptionKey<Double>(
      "exponent", -0.999 ... -0.001, default: -0.5, "imq: β", for: kernel.isOne(of: .imq))
    static let scale = OptionKey<ColumnScales.Kind>(
      "scale", default: .deviation,
      "What columns are divided by; each column by its standard deviation, scores are multiplied by it. robust: 1.4826 times the median distance from the median; none: 1"
    )
    static let statistic = OptionKey<Statistic>(
      "statistic", default: .u,
      "u: the mean over pairs i ≠ j, unbiased for independent rows; v: over all pairs, the square of a distance. They have the same p-value"
    )
    static let bootstraps = OptionKey<Int>(
      "bootstraps", 1 ... 100_000, default: 1000, "Paths of signs for the p-value",
      for: wantsPValue.holds)
    static let changeProbability = OptionKey<Double?>(
      "change_probability", 1e-6 ... 0.5,
      "Of a sign from one row to the next (Chwialkowski et al. 2016): 0.5 for independent rows in any order, less for draws of a chain. auto: 0.5 / (1 + 5 (τ - 1)), τ the longest autocorrelation time of x, s and x s in any column, 1 or more",
      for: wantsPValue.holds)
    static let seed = OptionKey<UInt64>("seed", "Of the signs")

    static let wantsPValue = Fact("calls with a p-value", not: "a call without a p-value")

    static let all: [any AnyOptionKey] = [
      kernel, length, exponent, scale, statistic, bootstraps, changeProbability, seed,
    ]
  }
}

extension OptionTable {
  package static let steinDiscrepancy = OptionTable(
    "kernel_stein_discrepancy", SteinDiscrepancy.Key.all)
}
