package import Core

extension MeanDiscrepancy {
  enum Key {
    static let kernel = OptionKey<RadialKernel.Kind>(
      "kernel", default: .gaussian, "gaussian: exp(-r²/(2 length²)); imq: (1 + r²/length²)^exponent"
    )
    static let length = OptionKey<Double?>(
      "length", 1e-9 ... 1e9,
      "Of the kernel, in scaled units; auto: the median distance of rows, a and b together")
    static let exponent = OptionKey<Double>(
      "exponent", -0.999 ... -0.001, default: -0.5, "imq: β", for: kernel.isOne(of: .imq))
    static let scale = OptionKey<ColumnScales.Kind>(
      "scale", default: .deviation,
      "What columns are divided by; each column by its standard deviation, of a and b together. robust: 1.4826 times the median distance from the median; none: 1"
    )
    static let permutations = OptionKey<Int>(
      "permutations", 1 ... 100_000, default: 1000, "Of the labels, for the p-value",
      for: SteinDiscrepancy.Key.wantsPValue.holds)
    static let seed = OptionKey<UInt64>("seed", "Of the permutations")

    static let all: [any AnyOptionKey] = [kernel, length, exponent, scale, permutations, seed]
  }
}

extension OptionTable {
  package static let meanDiscrepancy = OptionTable(
    "maximum_mean_discrepancy", MeanDiscrepancy.Key.all)
}
