import Core

extension FamilyParameters {
  enum Key {
    static let components = OptionKey<Int?>(
      "components", 1 ... 4096,
      "mixture: Gaussians, 5; autoregressive: of each conditional density, 1")
    static let covariance = OptionKey<Covariance>(
      "covariance", default: .full,
      "gaussian, mixture: full, diagonal, or low_rank: of `rank` and a diagonal (gaussian: a multiple of the identity)"
    )
    static let rank = OptionKey<Int>(
      "rank", 1 ... 4096, default: 2, "Of covariance=low_rank", for: covariance.isOne(of: .lowRank))
    static let statistics = OptionKey<Statistics>(
      "statistics", default: .polynomial,
      "exponential: every monomial up to `degree`, or pairwise: powers of each column and products of each pair, a graphical model"
    )
    static let degree = OptionKey<Int>(
      "degree", 1 ... 16, default: 2, "exponential: highest power",
      for: statistics.isOne(of: .polynomial) || isHalfLine.fails)
    static let exponents = OptionKey<[Double]>(
      "exponents", default: [1, 1],
      "exponential, statistics=pairwise domain=positive: a,b of u^a u^a and u^b; b = 0 is the logarithm (Yu, Drton & Shojaie 2019)",
      for: statistics.isOne(of: .pairwise), isHalfLine.holds)
    static let points = OptionKey<Int>(
      "points", 1 ... 20_000, default: 200,
      "Kernel families: points at which kernels stand; at most as many as rows")
    static let kernels = OptionKey<Int?>(
      "kernels", 1 ... 64,
      "deep_kernel_exponential: kernels in the sum; auto: 3. kernel_exponential has one")
    static let couplings = OptionKey<Int>(
      "couplings", 1 ... 64, default: 4, "nice: additive couplings")
    static let conditional = OptionKey<Conditional>(
      "conditional", default: .gaussian, "autoregressive: law of the components")

    static let isHalfLine = Fact("domain=positive", not: "another domain")

    static let all: [any AnyOptionKey] = [
      components, covariance, rank, statistics, degree, exponents, points, kernels, couplings,
      conditional,
    ]
  }
}
