package import Core

extension OptionTable {
  package static let sampleSize = OptionTable(
    kind: "effective_sample_size",
    specs: [
      .init(
        "kind", .choice(Convergence.Kind.allCases.map(\.rawValue)), "bulk",
        "bulk: of rank-normalised draws; tail: the smaller one of the 5 % and 95 % quantiles; mean: of the draws"
      )
    ])
}
