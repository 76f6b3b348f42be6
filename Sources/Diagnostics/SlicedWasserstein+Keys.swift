package import Core

extension SlicedWasserstein {
  enum Key {
    static let order = OptionKey<Int>("order", 1 ... 2, default: 2, "p of the distance")
    static let projections = OptionKey<Int>(
      "projections", 1 ... 1_000_000, default: 500, "Directions, uniform on the sphere",
      for: hasDirections.holds)
    static let scale = OptionKey<ColumnScales.Kind>(
      "scale", default: .none,
      "What columns are divided by; none: distances in the data's units, of a and b together. robust: 1.4826 times the median distance from the median; none: 1"
    )
    static let seed = OptionKey<UInt64>("seed", "Of the directions")

    static let hasDirections = Fact("rows of two or more columns", not: "rows of one column")

    static let all: [any AnyOptionKey] = [order, projections, scale, seed]
  }
}

extension OptionTable {
  package static let slicedWasserstein = OptionTable(
    "sliced_wasserstein", SlicedWasserstein.Key.all)
}
