import Glibc
import Platform

/// One chain: its place, and the transition that it is at.
///
/// A transition asks for the density at one place after another (`query`), and takes each answer
/// (`absorb`); so that the chains of a run can be asked together. H = −ln π + ½ pᵀΣp.
final class Chain {
  enum Kernel: String, Sendable, CaseIterable {
    case langevin
    case mala
    case underdamped
    case hmc
    case nuts

    /// Acceptance that adaptation aims at; nil for kernels that accept always.
    var target: Double? {
      switch self {
      case .langevin, .underdamped: nil
      case .mala: 0.574
      case .hmc, .nuts: 0.8
      }
    }
  }

  /// What a transition was like.
  struct Report {
    var acceptance = 1.0
    var isDivergent = false
    /// Of a NUTS tree; else 0.
    var depth = 0
    /// The tree was as deep as it may be before it turned back.
    var isSaturated = false
    /// H where the transition began, of kernels that keep it.
    var energy = Double.nan
    var notFinite = 0
    var moved = false
  }

  let kernel: Kernel
  let metric: Metric
  var adaptation: StepAdaptation
  private(set) var logDensity: Double
  var report = Report()
  var random = ChainRandom(seed: 0, chain: 0, transition: 0)
  let d: Int
  private let leapfrogs: Int
  private let friction: Double
  let mostDepth: Int
  /// While the metric is a guess a trajectory may be long for nothing.
  var depthLimit = Int.max
  // The place and its score, the kept momentum, and what moves.
  let place: View<Double>
  let score: View<Double>
  let momentum: View<Double>
  private let velocity: View<Double>
  let query: View<Double>
  let queryScore: View<Double>
  private var left: Int
  var start = 0.0
  let tree: Tree
  private let noise: View<Double>
  private let end: View<Double>
  private let endScore: View<Double>
  private var endLogDensity = 0.0

  init(
    _ kernel: Kernel, dimension d: Int, metric: Metric, step: Double, target: Double?,
    leapfrogs: Int,
    friction: Double, depth: Int, memory: Memory
  ) throws {
    (self.kernel, self.d, self.metric) = (kernel, d, metric)
    (self.leapfrogs, self.friction, mostDepth) = (leapfrogs, friction, depth)
    adaptation = StepAdaptation(step: step, target: target ?? kernel.target ?? 0.8)
    logDensity = 0
    left = 0
    func vector() throws -> View<Double> { try Storage<Double>(memory, count: d).view }
    (place, score, momentum, velocity) = (try vector(), try vector(), try vector(), try vector())
    (query, queryScore, noise) = (try vector(), try vector(), try vector())
    (end, endScore) = (try vector(), try vector())
    tree = try Tree(dimension: d, depth: kernel == .nuts ? depth : 0, memory: memory)
  }

  /// The first place, once its density is known.
  func settle(_ value: Double, _ slope: View<Double>) {
    logDensity = value
    score.copy(slope)
  }

  /// Leapfrog's h: the Langevin step x + ε Σs + √(2ε) Σ^{1/2} z is one of h = √(2ε).
  var h: Double {
    switch kernel {
    case .langevin, .mala: (2 * adaptation.step).squareRoot()
    case .underdamped, .hmc, .nuts: adaptation.step
    }
  }

  func kinetic(_ p: View<Double>) -> Double {
    metric.velocity(p, into: velocity)
    return 0.5 * dot(p, velocity)
  }

  private func dot(_ a: View<Double>, _ b: View<Double>) -> Double {
    var sum = 0.0
    for i in 0 ..< d { sum += a[i] * b[i] }
    return sum
  }

  private func drawMomentum(into p: View<Double>) {
    var numbers = random
    for i in 0 ..< d { p[i] = numbers.normal() }
    random = numbers
    metric.makeMomentum(p)
  }

  /// Begins transition `number` and sets the first query.
  func begin(seed: UInt64, chain: Int, number: Int) {
    random = ChainRandom(seed: seed, chain: chain, transition: number)
    report = Report()
    query.copy(place)
    queryScore.copy(score)
    if kernel == .underdamped {
      if number == 0 { drawMomentum(into: momentum) }
      halfUnderdamped()
      return
    }
    drawMomentum(into: momentum)
    start = -logDensity + kinetic(momentum)
    if kernel == .hmc || kernel == .nuts { report.energy = start }
    // A fixed number would come back to where it began on some scales (Neal 2011, section 5.3).
    left = kernel == .hmc ? min(1 + Int(random.uniform() * Double(leapfrogs)), leapfrogs) : 1
    if kernel == .nuts {
      tree.begin(place, momentum, score, logDensity)
      growTree()
    } else {
      forward(momentum, h)
    }
  }

  /// Half a kick and a whole drift: the first part of a leapfrog step, up to the query.
  func forward(_ p: View<Double>, _ h: Double) {
    for i in 0 ..< d { p[i] += 0.5 * h * queryScore[i] }
    metric.velocity(p, into: velocity)
    for i in 0 ..< d { query[i] += h * velocity[i] }
  }

  /// Takes the density at the query; true at the end of the transition.
  func absorb(_ value: Double, _ slope: View<Double>) -> Bool {
    var isFinite = value.isFinite
    for i in 0 ..< d where !slope[i].isFinite { isFinite = false }
    if !isFinite { report.notFinite += 1 }
    queryScore.copy(slope)
    switch kernel {
    case .underdamped: return endUnderdamped(value, isFinite)
    case .nuts: return absorbLeaf(value, isFinite)
    case .langevin, .mala, .hmc:
      guard isFinite else { return reject(divergent: true) }
      for i in 0 ..< d { momentum[i] += 0.5 * h * queryScore[i] }
      left -= 1
      if left > 0 {
        forward(momentum, h)
        return false
      }
      return decide(value)
    }
  }

  /// Metropolis' rule on H; the unadjusted kernel moves always.
  private func decide(_ value: Double) -> Bool {
    let change = start - (-value + kinetic(momentum))
    report.acceptance = change.isNaN ? 0 : min(1, exp(change))
    report.isDivergent = !(change > -1000)
    let accepts = kernel == .langevin || random.uniform() < report.acceptance
    if accepts { move(to: query, queryScore, value) }
    return true
  }

  /// Where the transition ends, once all chains are at the end of theirs.
  func move(to x: View<Double>, _ s: View<Double>, _ value: Double) {
    end.copy(x)
    endScore.copy(s)
    endLogDensity = value
    report.moved = true
  }

  func commit() {
    guard report.moved else { return }
    place.copy(end)
    score.copy(endScore)
    logDensity = endLogDensity
  }

  /// The momentum that an underdamped chain carries on.
  func saveMomentum() -> [Double] { (0 ..< d).map { momentum[$0] } }
  func restoreMomentum(_ saved: [Double]) { for i in 0 ..< d { momentum[i] = saved[i] } }

  /// A random direction that every coordinate has the same part in, by the metric's scales: Σ^{1/2}
  /// z, z of ±1.
  func drawDirection(seed: UInt64, chain: Int, into v: View<Double>) {
    var numbers = ChainRandom(seed: ~seed, chain: chain, transition: 0)
    for i in 0 ..< d { noise[i] = numbers.uniform() < 0.5 ? -1 : 1 }
    metric.makeMomentum(noise)
    metric.velocity(noise, into: v)
  }

  /// One leapfrog step with a fresh momentum, to see what it accepts.
  func beginTrial(seed: UInt64, chain: Int, number: Int) {
    random = ChainRandom(seed: seed, chain: chain, transition: number)
    query.copy(place)
    queryScore.copy(score)
    drawMomentum(into: momentum)
    start = -logDensity + kinetic(momentum)
    forward(momentum, h)
  }

  func trialAcceptance(_ value: Double, _ slope: View<Double>) -> Double {
    guard value.isFinite, (0 ..< d).allSatisfy({ slope[$0].isFinite }) else { return 0 }
    for i in 0 ..< d { momentum[i] += 0.5 * h * slope[i] }
    let change = start - (-value + kinetic(momentum))
    return change.isNaN ? 0 : min(1, exp(change))
  }

  private func reject(divergent: Bool) -> Bool {
    report.acceptance = 0
    report.isDivergent = divergent
    return true
  }

  /// BAOAB up to the query: half a kick, half a drift, friction and noise, half a drift.
  ///
  /// Leimkuhler & Matthews (2013).
  private func halfUnderdamped() {
    noise.copy(momentum)
    for i in 0 ..< d { momentum[i] += 0.5 * h * score[i] }
    func drift() {
      metric.velocity(momentum, into: velocity)
      for i in 0 ..< d { query[i] += 0.5 * h * velocity[i] }
    }
    drift()
    let kept = exp(-friction * h)
    let fresh = (1 - kept * kept).squareRoot()
    drawMomentum(into: velocity)
    for i in 0 ..< d { momentum[i] = kept * momentum[i] + fresh * velocity[i] }
    drift()
  }

  private func endUnderdamped(_ value: Double, _ isFinite: Bool) -> Bool {
    guard isFinite else {
      // Back to where it was, on the way it came from.
      for i in 0 ..< d { momentum[i] = -noise[i] }
      return reject(divergent: true)
    }
    for i in 0 ..< d { momentum[i] += 0.5 * h * queryScore[i] }
    move(to: query, queryScore, value)
    return true
  }

}
