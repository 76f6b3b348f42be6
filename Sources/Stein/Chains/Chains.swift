package import Execution
import Glibc

/// Markov chains side by side on one density.
///
/// Transition t of chain c depends on the seed, c and t alone, so a run may be cut into pieces. One call at a time: the boundary sees to
/// that.
package final class Chains: @unchecked Sendable {
  private let density: any LogDensity
  private let memory: Memory
  private let options: Options
  private let kernel: Chain.Kernel
  private let chains: [Chain]
  private let seed: UInt64
  private let thin: Int
  private let plan: WarmupPlan
  private let adapts: Bool
  /// Transitions done by every chain, warm-up included.
  private var transitions = 0
  private var isSettled = false
  /// After a new metric the step is looked for anew.
  private var awaitsSearch = false
  private var counts: [Counts]
  private var stuck = 0
  // What the density is asked and answers, for all chains.
  private let x: View<Double>
  private let logDensity: View<Double>
  private let score: View<Double>

  private struct Counts {
    var acceptance = 0.0
    var draws = 0
    var divergences = 0
    var notFinite = 0
    var deepest = 0
  }

  /// Transitions without a move of any chain after which the run gives up.
  private static let patience = 200

  package static let statistics = [
    "log_density", "acceptance", "step_size", "divergent", "tree_depth",
  ]

  package init(
    _ density: any LogDensity, context: Context, start: TensorView?, options text: String
  ) throws {
    options = try Options(text, .chains)
    self.density = density
    memory = context.memory
    kernel = options.value("kernel")
    let count: Int = options.value("chains")
    let d = density.dimension
    if let start {
      guard start.shape == [count, d] else {
        throw SteinError(
          .badShape, "start has shape \(start.shape); it needs [\(count), \(d)]", argument: "start")
      }
    }
    seed = options.value("seed")
    thin = options.value("thin")
    adapts = kernel.target != nil
    plan = WarmupPlan(options.integer("warmup") ?? (adapts ? 1000 : 0))
    let metricKind =
      options.choice("metric").flatMap(Metric.Kind.init) ?? (adapts ? .diagonal : .identity)
    let step = options.number("step_size") ?? (kernel == .nuts || kernel == .hmc ? 0.1 : 0.01)
    if options.number("target_acceptance") != nil, !adapts {
      throw Options.bad("target_acceptance", "is for kernels that accept or reject")
    }
    let memory = context.memory
    let target = options.number("target_acceptance")
    let leapfrogs: Int = options.value("leapfrog_steps")
    let friction: Double = options.value("friction")
    let depth: Int = options.value("max_tree_depth")
    let kernel = kernel
    chains = try (0 ..< count).map { _ in
      try Chain(
        kernel, dimension: d, metric: Metric(metricKind, dimension: d, memory: memory), step: step,
        target: target, leapfrogs: leapfrogs, friction: friction, depth: depth, memory: memory)
    }
    counts = [Counts](repeating: Counts(), count: count)
    x = try Storage<Double>(memory, count: count * d).view
    logDensity = try Storage<Double>(memory, count: count).view
    score = try Storage<Double>(memory, count: count * d).view
    try place(start)
  }

  private func place(_ start: TensorView?) throws {
    let d = density.dimension
    for (number, chain) in chains.enumerated() {
      if let start {
        start.readRow(number, into: chain.place)
        for j in 0 ..< d where !chain.place[j].isFinite {
          throw SteinError(
            .notFinite, "row \(number), column \(j) of start is \(chain.place[j])",
            argument: "start")
        }
      } else {
        var random = ChainRandom(seed: seed ^ 0x9E37_79B9_7F4A_7C15, chain: number, transition: 0)
        for j in 0 ..< d { chain.place[j] = random.normal() }
      }
    }
  }

  /// Draws [chains, n, d], and statistics [chains, n, 5].
  ///
  /// The first run warms up.
  package func run(draws: TensorView, statistics: TensorView?, monitor: any Monitor) throws {
    let (count, d) = (chains.count, density.dimension)
    guard draws.shape.count == 3, draws.shape[0] == count, draws.shape[2] == d else {
      throw SteinError(
        .badShape, "draws has shape \(draws.shape); it needs [\(count), n, \(d)]", argument: "draws"
      )
    }
    let n = draws.shape[1]
    if let statistics, statistics.shape != [count, n, Chains.statistics.count] {
      throw SteinError(
        .badShape,
        "statistics has shape \(statistics.shape); it needs [\(count), \(n), \(Chains.statistics.count)]",
        argument: "statistics")
    }
    monitor.begin(steps: n)
    try monitor.poll()
    if !isSettled { try settle(monitor) }
    while transitions < plan.count { try warm(monitor) }
    let lines = try Lines(draws, statistics, memory)
    for draw in 0 ..< n {
      for _ in 0 ..< thin { try transition(monitor) }
      for (number, chain) in chains.enumerated() {
        let report = chain.report
        counts[number].acceptance += report.acceptance
        counts[number].draws += 1
        counts[number].divergences += report.isDivergent ? 1 : 0
        counts[number].deepest = max(counts[number].deepest, report.depth)
        lines.write(
          number, draw, chain.place,
          [
            chain.logDensity, report.acceptance, chain.adaptation.step,
            report.isDivergent ? 1 : 0, Double(report.depth),
          ])
      }
      monitor.report(step: draw + 1)
    }
  }

  private func ask(_ monitor: any Monitor, _ count: Int) throws {
    try monitor.poll()
    let d = density.dimension
    try density.evaluate(
      count: count, x: x.slice(0, count * d), logDensity: logDensity.slice(0, count),
      score: score.slice(0, count * d))
  }

  /// Density and step size where the chains begin.
  private func settle(_ monitor: any Monitor) throws {
    let d = density.dimension
    for (number, chain) in chains.enumerated() { x.slice(number * d, d).copy(chain.place) }
    try ask(monitor, chains.count)
    for (number, chain) in chains.enumerated() {
      let slope = score.slice(number * d, d)
      guard logDensity[number].isFinite, (0 ..< d).allSatisfy({ slope[$0].isFinite }) else {
        throw SteinError(
          .badValue,
          "the density is not finite where chain \(number) starts: \(position(chain.place))",
          argument: "start")
      }
      chain.settle(logDensity[number], slope)
    }
    if plan.count > 0, adapts, options.number("step_size") == nil { try findSteps(monitor) }
    isSettled = true
  }

  private func position(_ place: View<Double>) -> String {
    let shown = (0 ..< min(place.count, 6)).map { "\(Float(place[$0]))" }.joined(separator: ", ")
    return "[\(shown)\(place.count > 6 ? ", …" : "")]"
  }

  /// Doubles or halves each chain's step until the acceptance of one transition crosses one half.
  ///
  /// Hoffman & Gelman (2014), algorithm 4,
  /// by whole transitions that are then taken back.
  private func findSteps(_ monitor: any Monitor) throws {
    let before = chains.map(\.adaptation)
    do { try searchSteps(monitor) } catch {
      for (chain, adaptation) in zip(chains, before) { chain.adaptation = adaptation }
      throw error
    }
  }

  private func searchSteps(_ monitor: any Monitor) throws {
    var direction = [Int](repeating: 0, count: chains.count)
    for round in 0 ..< 60 {
      let acceptance = try trial(monitor, number: -1 - round)
      var going = false
      for (number, chain) in chains.enumerated() {
        let up = acceptance[number] > 0.5
        if direction[number] == 0 { direction[number] = up ? 1 : -1 }
        guard up == (direction[number] > 0) else { continue }
        going = true
        chain.adaptation.restart(at: chain.adaptation.step * (direction[number] > 0 ? 2 : 0.5))
      }
      if !going { break }
    }
    for chain in chains { chain.adaptation.restart(at: chain.adaptation.step) }
  }

  /// The acceptance of one leapfrog step from where each chain is.
  private func trial(_ monitor: any Monitor, number: Int) throws -> [Double] {
    let d = density.dimension
    for (index, chain) in chains.enumerated() {
      chain.beginTrial(seed: seed, chain: index, number: number)
      x.slice(index * d, d).copy(chain.query)
    }
    try ask(monitor, chains.count)
    return chains.enumerated().map { index, chain in
      chain.trialAcceptance(logDensity[index], score.slice(index * d, d))
    }
  }

  private func warm(_ monitor: any Monitor) throws {
    if awaitsSearch {
      try findSteps(monitor)
      awaitsSearch = false
    }
    let number = transitions
    try transition(monitor)
    for chain in chains where adapts {
      chain.adaptation.add(acceptance: chain.report.acceptance)
      if plan.collects(number) { chain.metric.add(chain.place) }
    }
    if plan.endsWindow(number) {
      for chain in chains {
        chain.metric.update()
        chain.adaptation.restart(at: chain.adaptation.step)
      }
      awaitsSearch = adapts && number + 1 < plan.count
    }
    if number + 1 == plan.count { for chain in chains { chain.adaptation.finish() } }
  }

  /// One transition of every chain: they are asked together until each is at its end.
  ///
  /// A stop in between leaves all at its beginning.
  private func transition(_ monitor: any Monitor) throws {
    let d = density.dimension
    var active = Array(chains.indices)
    let saved = kernel == .underdamped ? chains.map { $0.saveMomentum() } : []
    for index in active { chains[index].begin(seed: seed, chain: index, number: transitions) }
    do {
      while !active.isEmpty {
        for (place, index) in active.enumerated() {
          x.slice(place * d, d).copy(chains[index].query)
        }
        try ask(monitor, active.count)
        var going = 0
        for place in active.indices {
          let index = active[place]
          if chains[index].absorb(logDensity[place], score.slice(place * d, d)) { continue }
          active[going] = index
          going += 1
        }
        active.removeLast(active.count - going)
      }
    } catch {
      for (chain, momentum) in zip(chains, saved) { chain.restoreMomentum(momentum) }
      throw error
    }
    var moved = false
    for (index, chain) in chains.enumerated() {
      chain.commit()
      counts[index].notFinite += chain.report.notFinite
      moved = moved || chain.report.moved
    }
    transitions += 1
    stuck = moved ? 0 : stuck + 1
    if stuck >= Chains.patience {
      stuck = 0
      throw SteinError(
        .diverged,
        "no chain moved in \(Chains.patience) transitions; chain 0 is at \(position(chains[0].place)): lower step_size, or warm up"
      )
    }
  }

  package func describe() -> String {
    func list(_ value: (Int) -> JSON) -> JSON { .array(chains.indices.map(value)) }
    return JSON.object([
      ("options", options.json), ("kernel", .string(kernel.rawValue)),
      ("dimension", .integer(density.dimension)), ("transitions", .integer(transitions)),
      ("warmup", .integer(plan.count)),
      ("warmed_up", .bool(isSettled && transitions >= plan.count)),
      (
        "acceptance",
        list {
          .number(counts[$0].draws > 0 ? counts[$0].acceptance / Double(counts[$0].draws) : .nan)
        }
      ),
      ("step_size", list { .number(chains[$0].adaptation.step) }),
      ("divergences", list { .integer(counts[$0].divergences) }),
      ("not_finite", list { .integer(counts[$0].notFinite) }),
      ("deepest_tree", list { .integer(counts[$0].deepest) }),
      ("draws", list { .integer(counts[$0].draws) }),
      ("statistics", .array(Chains.statistics.map(JSON.string))),
    ]).text
  }
}

/// Rows of draws and statistics, which are [chains, n, …] in any strides.
private struct Lines {
  private let draws: TensorView
  private let statistics: TensorView?
  private let row: View<Double>

  init(_ draws: TensorView, _ statistics: TensorView?, _ memory: Memory) throws {
    (self.draws, self.statistics) = (draws, statistics)
    row = try Storage<Double>(memory, count: Chains.statistics.count).view
  }

  func write(_ chain: Int, _ draw: Int, _ place: View<Double>, _ numbers: [Double]) {
    draws.line(chain, draw).writeRow(0, from: place)
    guard let statistics else { return }
    for (index, number) in numbers.enumerated() { row[index] = number }
    statistics.line(chain, draw).writeRow(0, from: row)
  }
}
