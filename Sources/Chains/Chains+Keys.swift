package import Core

extension Chains {
  enum Key {
    static let kernel = OptionKey<Chain.Kernel>(
      "kernel", default: .nuts,
      "langevin: unadjusted; mala; underdamped: BAOAB (Leimkuhler & Matthews 2013); hmc; nuts: multinomial (Betancourt 2017)"
    )
    static let chains = OptionKey<Int>("chains", 1 ... 1_000_000, default: 4, "Chains side by side")
    static let warmup = OptionKey<Int?>(
      "warmup", 0 ... 1_000_000_000,
      "Transitions before the first draw, in which step size and metric adapt; auto: 1000, 0 for langevin and underdamped"
    )
    static let thin = OptionKey<Int>("thin", 1 ... 1_000_000, default: 1, "Transitions a draw")
    static let stepSize = OptionKey<Double?>(
      "step_size", 1e-300 ... 1e300,
      "ε of x' = x + ε s(x) + √(2ε) z for langevin and mala, h of a leapfrog or BAOAB step for the others, in units of the metric; where kernels adapt, the first one. auto: found by doubling, 0.01 without warm-up (hmc, nuts 0.1)"
    )
    static let targetAcceptance = OptionKey<Double?>(
      "target_acceptance", 0.01 ... 0.999,
      "What the step size is adapted to; auto: 0.8, mala 0.574", for: adapts, warms)
    static let metric = OptionKey<Metric.Kind?>(
      "metric", "The covariance that warm-up estimates; auto: diagonal where kernels adapt",
      for: adapts && warms || isGiven.holds)
    static let leapfrogSteps = OptionKey<Int>(
      "leapfrog_steps", 1 ... 1_000_000, default: 20,
      "hmc: at most so many a transition, drawn evenly from 1 on", for: kernel.isOne(of: .hmc))
    static let maxTreeDepth = OptionKey<Int>(
      "max_tree_depth", 1 ... 24, default: 10, "nuts: doublings", for: kernel.isOne(of: .nuts))
    static let friction = OptionKey<Double>(
      "friction", 0 ... 1e6, default: 1, "underdamped: γ, per unit of time",
      for: kernel.isOne(of: .underdamped))
    static let seed = OptionKey<UInt64>("seed", "Of all that is random")

    /// Of the metric, which may still be given until the first run.
    static let isGiven = Fact("a metric that is given", not: "no metric given")

    private static let adapts = Need.choice(
      "kernel", Chain.Kernel.allCases.filter { $0.target != nil }.map(\.rawValue))
    private static let warms = Need("warmup above 0") { $0[warmup] == 0 ? "warmup=0" : nil }
  }
}

extension OptionTable {
  package static let chains: OptionTable = {
    typealias Key = Chains.Key
    return OptionTable(
      "chains",
      [
        Key.kernel, Key.chains, Key.warmup, Key.thin, Key.stepSize, Key.targetAcceptance,
        Key.metric, Key.leapfrogSteps, Key.maxTreeDepth, Key.friction, Key.seed,
      ])
  }()
}
