package import Execution
import Glibc

/// Markov chains side by side on one density.
///
/// Transition t of chain c depends on the seed, c, t and where the chains began alone, so a run may be cut into pieces. One call at a
/// time: the boundary sees to that.
package final class Chains: Described, @unchecked Sendable {
  let density: any LogDensity
  let memory: Memory
  let options: Options
  let kernel: Chain.Kernel
  let chains: [Chain]
  private let seed: UInt64
  private let thin: Int
  let plan: WarmupPlan
  private let adapts: Bool
  /// Of the caller's; else drawn by the first run.
  let hasStart: Bool
  /// Everything that is not a chain's.
  var progress = ChainsProgress()
  var counts: [ChainCounts]
  /// As loaded from a file, until the density was asked again.
  var isRestored = false
  // What the density is asked and answers, for all chains.
  private let x: View<Double>
  private let logDensity: View<Double>
  private let score: View<Double>

  /// Transitions without a move of any chain after which the run gives up.
  private static let patience = 200
  /// Doublings of a tree at most while the metric is a guess.
  private static let earlyDepth = 8
  /// Chains whose gradient is checked where they begin.
  private static let checkedChains = 1000

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
    (self.density, self.options, self.hasStart) = (density, options, hasStart)
    memory = context.memory
    kernel = options.value("kernel")
    let count: Int = options.value("chains")
    let d = density.dimension
    try check(count, d)
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
    counts = [ChainCounts](repeating: ChainCounts(), count: count)
    x = try Storage<Double>(memory, count: count * d).view
    logDensity = try Storage<Double>(memory, count: count).view
    score = try Storage<Double>(memory, count: count * d).view
  }

  /// Writes each chain's Σ, [chains, d] or [chains, d, d].
  package func metric(into out: TensorView) throws {
    let (d, kind) = (density.dimension, chains.first?.metric.kind ?? .diagonal)
    let shape = kind == .dense ? [chains.count, d, d] : [chains.count, d]
    guard out.shape == shape else {
      throw SteinError(
        .badShape, "out has shape \(out.shape); a metric that is \(kind.rawValue) needs \(shape)",
        argument: "out")
    }
    let row = try Storage<Double>(memory, count: Metric.size(kind, d)).view
    for (index, chain) in chains.enumerated() {
      for i in 0 ..< d {
        if kind != .dense { row[i] = chain.metric.covariance(i, i) }
        if kind == .dense { for j in 0 ..< d { row[i * d + j] = chain.metric.covariance(i, j) } }
      }
      out.writeRow(index, from: row)
    }
  }

  /// Takes one Σ for all chains, [d] or [d, d], or one for each, [chains, d] or [chains, d, d].
  package func setMetric(_ given: TensorView) throws {
    let (d, kind) = (density.dimension, chains.first?.metric.kind ?? .diagonal)
    guard kind != .identity else {
      throw SteinError(
        .badState, "the chains have metric=identity: make them with metric=diagonal or dense",
        argument: "chains")
    }
    let one = kind == .dense ? [d, d] : [d]
    guard given.shape == one || given.shape == [chains.count] + one else {
      throw SteinError(
        .badShape,
        "metric has shape \(given.shape); a metric that is \(kind.rawValue) needs \(one) or \([chains.count] + one)",
        argument: "metric")
    }
    let isOne = given.shape == one
    let numbers = try Storage<Double>(memory, count: one.reduce(1, *)).view
    // Into metrics of their own first: all or none are taken.
    let trial = try Metric(kind, dimension: d, memory: memory)
    for pass in 0 ..< 2 {
      for (index, chain) in chains.enumerated() {
        if isOne {
          for row in 0 ..< given.rows {
            given.readRow(row, into: numbers.slice(row * given.rowCount, given.rowCount))
          }
        } else {
          given.readRow(index, into: numbers)
        }
        let target = pass == 0 ? trial : chain.metric
        guard target.take({ numbers[kind == .dense ? $0 * d + $1 : $0] }) else {
          throw SteinError(
            .badValue,
            kind == .dense
              ? "metric\(isOne ? "" : " of chain \(index)") is not a covariance: it must be symmetric, positive definite and finite"
              : "metric\(isOne ? "" : " of chain \(index)") holds a variance that is not finite and above 0",
            argument: "metric")
        }
        if pass == 0, isOne { break }
      }
    }
    progress.hasMetric = true
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

  private func ask(_ monitor: any Monitor, _ count: Int) throws {
    try monitor.poll()
    let d = density.dimension
    try density.evaluate(
      count: count, x: x.slice(0, count * d), logDensity: logDensity.slice(0, count),
      score: score.slice(0, count * d))
  }

  /// Density, scales, a look at the gradient and step size where the chains begin.
  private func settle(_ monitor: any Monitor) throws {
    if !hasStart {
      for (number, chain) in chains.enumerated() {
        StartPlaces.draw(seed: seed, chain: number, attempt: 0, into: chain.place)
      }
    }
    var waiting = Array(chains.indices)
    var attempt = 0
    while true {
      try askAt(waiting, monitor)
      waiting = waiting.enumerated().filter { !take($0.offset, for: $0.element) }.map(\.element)
      if waiting.isEmpty { break }
      guard !hasStart, attempt < StartPlaces.attempts else { throw unsettled(waiting[0]) }
      attempt += 1
      for index in waiting {
        StartPlaces.draw(seed: seed, chain: index, attempt: attempt, into: chains[index].place)
      }
    }
    if plan.count > 0, adapts, !progress.hasMetric { beginMetrics() }
    try checkGradient(monitor)
    if plan.count > 0, adapts, options.number("step_size") == nil { try findSteps(monitor) }
    progress.isSettled = true
  }

  /// Asks for the density where some chains are.
  private func askAt(_ indices: [Int], _ monitor: any Monitor) throws {
    let d = density.dimension
    for (place, index) in indices.enumerated() { x.slice(place * d, d).copy(chains[index].place) }
    try ask(monitor, indices.count)
  }

  /// Settles a chain by answer `number`; false if it is not finite.
  private func take(_ number: Int, for index: Int) -> Bool {
    let slope = score.slice(number * density.dimension, density.dimension)
    guard StartPlaces.isFinite(logDensity[number], slope) else { return false }
    chains[index].settle(logDensity[number], slope)
    return true
  }

  private func unsettled(_ index: Int) -> SteinError {
    let place = position(chains[index].place)
    return SteinError(
      .badValue,
      hasStart
        ? "the density is not finite where chain \(index) starts: \(place); give a start where it and its gradient are"
        : "the density is not finite where chain \(index) starts, nor at \(StartPlaces.attempts) other places, the last \(place): give start, places where it and its gradient are finite",
      argument: "start")
  }

  /// After a file was read: that the density is the one that it was made on.
  private func recognize(_ monitor: any Monitor) throws {
    if progress.isSettled {
      try askAt(Array(chains.indices), monitor)
      for (index, chain) in chains.enumerated() {
        let (now, then) = (logDensity[index], chain.logDensity)
        guard abs(now - then) <= 1e-4 * (1 + abs(then)) else {
          throw SteinError(
            .badValue,
            "the log density where chain \(index) is was \(then) when the chains were saved and is \(now): resume them with the density that they were on",
            argument: "chains")
        }
      }
    }
    isRestored = false
  }

  /// A first guess of each coordinate's scale, from where all chains begin: how far places and scores spread over the chains; where these
  /// do not, 1/s², which is right to the order for a place among the mass.
  private func beginMetrics() {
    let (d, count) = (density.dimension, Double(chains.count))
    func moments(_ value: (Chain) -> Double) -> (deviation: Double, size: Double) {
      let largest = chains.reduce(0) { max($0, abs(value($1))) }
      guard largest > 0, largest.isFinite else { return (0, 0) }
      // Divided by the largest, so that no square leaves the numbers.
      let mean = chains.reduce(0) { $0 + value($1) / largest } / count
      let square = chains.reduce(0) { $0 + (value($1) / largest) * (value($1) / largest) } / count
      let spread = chains.reduce(0) { $0 + pow(value($1) / largest - mean, 2) } / count
      return (spread.squareRoot() * largest, square.squareRoot() * largest)
    }
    func variance(_ j: Int) -> Double {
      let (places, scores) = (moments { $0.place[j] }, moments { $0.score[j] })
      if let secant = Metric.secant(places.deviation, scores.deviation) { return secant }
      for scale in [1 / scores.size, places.deviation, places.size] {
        if scale >= 1e-150, scale <= 1e150 { return scale * scale }
      }
      return 1
    }
    let variances = (0 ..< d).map(variance)
    for chain in chains { chain.metric.begin { variances[$0] } }
  }

  /// Each chain's score along one random direction against differences of its log density.
  private func checkGradient(_ monitor: any Monitor) throws {
    let d = density.dimension
    let count = min(chains.count, Chains.checkedChains)
    let checks = try LineChecks(density, limit: count, memory: memory)
    let directions = try Storage<Double>(memory, count: count * d).view
    var lines = (0 ..< count).map { index -> LineCheck in
      let chain = chains[index]
      let v = directions.slice(index * d, d)
      chain.drawDirection(seed: seed, chain: index, into: v)
      let slope = (0 ..< d).reduce(0) { $0 + chain.score[$1] * v[$1] }
      return LineCheck(value: chain.logDensity, slope: slope, step: 0.1, isBrief: true)
    }
    try checks.run(&lines, monitor: monitor) { index, h, point in
      for j in 0 ..< d { point[j] = chains[index].place[j] + h * directions[index * d + j] }
    }
    progress.wrongGradient = nil
    let wrong = lines.indices.filter { lines[$0].isWrong }
    let worst = wrong.max { lines[$0].error ?? 0 < lines[$1].error ?? 0 }
    if let worst, let difference = lines[worst].difference {
      progress.wrongGradient = (wrong.count, worst, lines[worst].slope, difference)
    }
  }

  func position(_ place: View<Double>) -> String {
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
    if progress.awaitsSearch {
      try findSteps(monitor)
      progress.awaitsSearch = false
    }
    let number = progress.transitions
    for chain in chains {
      chain.depthLimit = plan.isEarly(number) && adapts ? Chains.earlyDepth : .max
    }
    defer { for chain in chains { chain.depthLimit = .max } }
    try transition(monitor)
    guard adapts else { return }
    for chain in chains {
      chain.adaptation.add(acceptance: chain.report.acceptance)
      if plan.collects(number) { chain.metric.add(chain.place, chain.score) }
    }
    if plan.endsWindow(number) {
      for chain in chains {
        chain.metric.update(early: plan.isEarly(number))
        chain.adaptation.restart(at: chain.adaptation.step)
      }
      progress.awaitsSearch = number + 1 < plan.count
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

  package var figures: JSON {
    func list(_ value: (Int) -> JSON) -> JSON { .array(chains.indices.map(value)) }
    return .object([
      ("options", options.json), ("kernel", .string(kernel.rawValue)),
      ("dimension", .integer(density.dimension)), ("transitions", .integer(progress.transitions)),
      ("warmup", .integer(plan.count)),
      ("warmed_up", .bool(progress.isSettled && progress.transitions >= plan.count)),
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
      ("saturated_trees", list { .integer(counts[$0].saturated) }),
      ("ebfmi", list { .number(counts[$0].energies.fraction ?? .nan) }),
      ("rhat", .number(progress.rHat?.value ?? .nan)),
      ("warnings", .array(warnings.map(JSON.string))),
      ("statistics", .array(Chains.statistics.map(JSON.string))),
    ])
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
