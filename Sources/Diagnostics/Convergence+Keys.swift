package import Core

extension Convergence {
  enum Key {
    static let kind = OptionKey<Kind>(
      "kind", default: .bulk,
      "bulk: of rank-normalised draws; tail: the smaller one of the 5 % and 95 % quantiles; mean: of the draws"
    )

    static let all: [any AnyOptionKey] = [kind]
  }
}

extension OptionTable {
  package static let sampleSize = OptionTable("effective_sample_size", Convergence.Key.all)
}
