// What chains do before their first draw: where they begin, scales, a look at the gradient, step
// sizes, the windows of warm-up.

import Core
import Diagnostics
import Glibc
import Platform

extension Chains {
  /// Density, scales, a look at the gradient and step size where the chains begin.
  func settle(_ monitor: any Monitor) throws {
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
    if plan.count > 0, adapts, options[Key.stepSize] == nil { try findSteps(monitor) }
    progress.isSettled = true
  }

  /// Asks for the density where some chains are.
  func askAt(_ indices: [Int], _ monitor: any Monitor) throws {
    let d = density.dimension
    for (place, index) in indices.enumerated() { x.slice(place * d, d).copy(chains[index].place) }
    try ask(monitor, indices.count)
  }

  /// Settles a chain by answer `number`; false if it is not finite.
  func take(_ number: Int, for index: Int) -> Bool {
    let slope = score.slice(number * density.dimension, density.dimension)
    guard StartPlaces.isFinite(logDensity[number], slope) else { return false }
    chains[index].settle(logDensity[number], slope)
    return true
  }

  func unsettled(_ index: Int) -> SteinError {
    let place = position(chains[index].place)
    return SteinError(
      .badValue,
      hasStart
        ? "the density is not finite where chain \(index) starts: \(place); give a start where it and its gradient are"
        : "the density is not finite where chain \(index) starts, nor at \(StartPlaces.attempts) other places, the last \(place): give start, places where it and its gradient are finite",
      argument: "start")
  }

  /// After a file was read: that the density is the one that it was made on.
  func recognize(_ monitor: any Monitor) throws {
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

  /// A first guess of each coordinate's scale, from where all chains begin: how far places and
  /// scores spread over the chains; where these do not, 1/s², which is right to the order for a
  /// place among the mass.
  func beginMetrics() {
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
  func checkGradient(_ monitor: any Monitor) throws {
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

  /// Doubles or halves each chain's step until the acceptance of one transition crosses one half.
  ///
  /// Hoffman & Gelman (2014), algorithm 4,
  /// by whole transitions that are then taken back.
  func findSteps(_ monitor: any Monitor) throws {
    let before = chains.map(\.adaptation)
    do { try searchSteps(monitor) } catch {
      for (chain, adaptation) in zip(chains, before) { chain.adaptation = adaptation }
      throw error
    }
  }

  func searchSteps(_ monitor: any Monitor) throws {
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
  func trial(_ monitor: any Monitor, number: Int) throws -> [Double] {
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

  func warm(_ monitor: any Monitor) throws {
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
}
