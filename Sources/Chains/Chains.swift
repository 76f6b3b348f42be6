package import Core
import Diagnostics
import Glibc
package import Platform

/// Markov chains side by side on one density.
///
/// Transition t of chain c depends on the seed, c, t and where the chains began alone, so a run may
/// be cut into pieces. One call at a time: the boundary sees to that.
package final class Chains: Described, @unchecked Sendable {
  let density: any LogDensity
  let memory: Memory
  let options: Options
  let kernel: Chain.Kernel
  let chains: [Chain]
  let seed: UInt64
  private let thin: Int
  let plan: WarmupPlan
  let adapts: Bool
  /// Of the caller's; else drawn by the first run.
  let hasStart: Bool
  /// Everything that is not a chain's.
  var progress = ChainsProgress()
  var counts: [ChainCounts]
  /// As loaded from a file, until the density was asked again.
  var isRestored = false
  // What the density is asked and answers, for all chains.
  let x: View<Double>
  let logDensity: View<Double>
  let score: View<Double>

  /// Transitions without a move of any chain after which the run gives up.
  private static let patience = 200
  /// Doublings of a tree at most while the metric is a guess.
  static let earlyDepth = 8
  /// Chains whose gradient is checked where they begin.
  static let checkedChains = 1000

  package static let statistics = [
    "log_density", "acceptance", "step_size", "divergent", "tree_depth",
  ]

  package convenience init(
    _ density: any LogDensity, context: Context, start: TensorView?, options text: String
  ) throws {
    try self.init(
      density, context: context, hasStart: start != nil, options: Options(text, .chains)
    ) { count, d in
      guard let start, start.shape != [count, d] else { return }
      throw SteinError(
        .badShape, "start has shape \(start.shape); it needs [\(count), \(d)]", argument: "start")
    }
    if let start {
      for (number, chain) in chains.enumerated() {
        try StartPlaces.read(start, number, into: chain.place, "start")
      }
    }
  }

  /// `check` sees the number of chains and the dimension before anything is made.
  init(
    _ density: any LogDensity, context: Context, hasStart: Bool, options: Options,
    check: (Int, Int) throws -> Void
  ) throws {
    (self.density, self.hasStart) = (density, hasStart)
    memory = context.memory
    kernel = options[Key.kernel]
    adapts = kernel.target != nil
    let warmup = options[Key.warmup] ?? (adapts ? 1000 : 0)
    self.options = options.choosing(Key.warmup, warmup)
    try self.options.check()
    let count = options[Key.chains]
    let d = density.dimension
    try check(count, d)
    seed = options[Key.seed]
    thin = options[Key.thin]
    plan = WarmupPlan(warmup)
    let metricKind = options[Key.metric] ?? (adapts ? .diagonal : .identity)
    let step = options[Key.stepSize] ?? (kernel == .nuts || kernel == .hmc ? 0.1 : 0.01)
    let memory = context.memory
    let target = options[Key.targetAcceptance]
    let leapfrogs = options[Key.leapfrogSteps]
    let friction = options[Key.friction]
    let depth = options[Key.maxTreeDepth]
    let kernel = kernel
    chains = try (0 ..< count).map { _ in
      try Chain(
        kernel, dimension: d, metric: Metric(metricKind, dimension: d, memory: memory), step: step,
        target: target, leapfrogs: leapfrogs, friction: friction, depth: depth, memory: memory)
    }
    counts = [ChainCounts](repeating: ChainCounts(), count: count)
    x = try Storage<Double>(memory, count: count * d).view
    logDensity = try Storage<Double>(memory, count: count).view
    score = try Storage<Double>(memory, count: count * d).view
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
    try options.knowing(Key.isGiven, progress.hasMetric).check()
    monitor.begin(steps: n)
    try monitor.poll()
    if isRestored { try recognize(monitor) }
    if !progress.isSettled { try settle(monitor) }
    while progress.transitions < plan.count { try warm(monitor) }
    let lines = try Lines(draws, statistics, memory)
    for draw in 0 ..< n {
      for _ in 0 ..< thin {
        try transition(monitor)
        for (number, chain) in chains.enumerated() {
          counts[number].add(energy: chain.report.energy)
        }
      }
      for (number, chain) in chains.enumerated() {
        let report = chain.report
        counts[number].acceptance += report.acceptance
        counts[number].draws += 1
        counts[number].divergences += report.isDivergent ? 1 : 0
        counts[number].saturated += report.isSaturated ? 1 : 0
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
    judge(draws, monitor)
  }

  /// R-hat of the run's draws, or of as many as take little time beside them.
  ///
  /// A stop leaves it unknown, since the draws are there.
  private func judge(_ draws: TensorView, _ monitor: any Monitor) {
    let (count, n, d) = (min(chains.count, 1000), draws.shape[1], draws.shape[2])
    progress.rHat = nil
    guard n >= Chains.judgedDraws else { return }
    let most = max(Chains.judgedDraws, min(1 << 17, (1 << 22) / d) / count)
    do {
      let part = draws.part(count, every: (n + most - 1) / most)
      let values = try Storage<Double>(memory, count: d).view
      try Convergence(part, memory: memory, monitor: monitor).rHat(values)
      // A coordinate that no chain moved in has none.
      let worst = (0 ..< d).filter { !values[$0].isNaN }.max { values[$0] < values[$1] }
      if let worst { progress.rHat = (values[worst], worst, n) }
    } catch {}
  }

  func ask(_ monitor: any Monitor, _ count: Int) throws {
    try monitor.poll()
    let d = density.dimension
    try density.evaluate(
      count: count, x: x.slice(0, count * d), logDensity: logDensity.slice(0, count),
      score: score.slice(0, count * d))
  }

  /// One transition of every chain: they are asked together until each is at its end.
  ///
  /// A stop in between leaves all at its beginning.
  func transition(_ monitor: any Monitor) throws {
    let d = density.dimension
    var active = Array(chains.indices)
    let saved = kernel == .underdamped ? chains.map { $0.saveMomentum() } : []
    for index in active {
      chains[index].begin(seed: seed, chain: index, number: progress.transitions)
    }
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
    progress.transitions += 1
    progress.stuck = moved ? 0 : progress.stuck + 1
    if progress.stuck >= Chains.patience {
      progress.stuck = 0
      throw SteinError(
        .diverged,
        "no chain moved in \(Chains.patience) transitions; chain 0 is at \(position(chains[0].place)): lower step_size, or warm up"
      )
    }
  }

  /// Draws of each chain from which on R-hat of a run is told.
  private static let judgedDraws = 100
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
