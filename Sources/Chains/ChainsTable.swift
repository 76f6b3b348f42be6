package import Core

extension OptionTable {
  package static let chains = OptionTable(
    kind: "chains",
    specs: [
      .init(
        "kernel", .choice(Chain.Kernel.allCases.map(\.rawValue)), "nuts",
        "langevin: unadjusted; mala; underdamped: BAOAB (Leimkuhler & Matthews 2013); hmc; nuts: multinomial (Betancourt 2017)"
      ),
      .init("chains", .integer(1 ... 1_000_000), "4", "Chains side by side"),
      .init(
        "warmup", .integer(0 ... 1_000_000_000), "auto",
        "Transitions before the first draw, in which step size and metric adapt; auto: 1000, 0 for langevin and underdamped"
      ),
      .init("thin", .integer(1 ... 1_000_000), "1", "Transitions a draw"),
      .init(
        "step_size", .number(1e-300 ... 1e300), "auto",
        "ε of x' = x + ε s(x) + √(2ε) z for langevin and mala, h of a leapfrog or BAOAB step for the others, in units of the metric; where kernels adapt, the first one. auto: found by doubling, 0.01 without warm-up (hmc, nuts 0.1)"
      ),
      .init(
        "target_acceptance", .number(0.01 ... 0.999), "auto",
        "What the step size is adapted to; auto: 0.8, mala 0.574"),
      .init(
        "metric", .choice(["auto"] + Metric.Kind.allCases.map(\.rawValue)), "auto",
        "The covariance that warm-up estimates; auto: diagonal where kernels adapt"),
      .init(
        "leapfrog_steps", .integer(1 ... 1_000_000), "20",
        "hmc: at most so many a transition, drawn evenly from 1 on"),
      .init("max_tree_depth", .integer(1 ... 24), "10", "nuts: doublings"),
      .init("friction", .number(0 ... 1e6), "1", "underdamped: γ, per unit of time"),
      .init("seed", .integer(0 ... .max), "0", "Of all that is random"),
    ])
}
