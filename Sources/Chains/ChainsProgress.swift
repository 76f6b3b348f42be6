/// How far chains are, and what is told of them, beside what each chain knows.
struct ChainsProgress {
  /// Transitions done by every chain, warm-up included.
  var transitions = 0
  /// Whether the density is known where the chains begin.
  var isSettled = false
  /// After a new metric the step is looked for anew.
  var awaitsSearch = false
  /// The caller gave one.
  var hasMetric = false
  /// Transitions since a chain moved.
  var stuck = 0
  /// Chains whose gradient is wrong where they began; the worst of them, the score along its line
  /// and the difference.
  var wrongGradient: (count: Int, chain: Int, told: Double, measured: Double)?
  /// The largest of the last run, its coordinate, and how many draws that were.
  var rHat: (value: Double, coordinate: Int, draws: Int)?
}

/// What is counted of one chain after its warm-up.
struct ChainCounts {
  var acceptance = 0.0
  var draws = 0
  var divergences = 0
  var notFinite = 0
  var deepest = 0
  var saturated = 0
  var energies = EnergySums()

  mutating func add(energy: Double) { if energy.isFinite { energies.add(energy) } }
}

/// How well the momenta that are drawn explore the energies: E-BFMI = Σ(E_n − E_{n−1})² / Σ(E_n −
/// Ē)².
///
/// Betancourt (2016), "Diagnosing Suboptimal Cotangent Disintegrations in Hamiltonian Monte Carlo",
/// section 3.
struct EnergySums {
  private(set) var count = 0.0
  private(set) var mean = 0.0
  private(set) var square = 0.0
  private(set) var change = 0.0
  private(set) var last = 0.0

  mutating func add(_ energy: Double) {
    if count > 0 { change += (energy - last) * (energy - last) }
    count += 1
    let off = energy - mean
    mean += off / count
    square += off * (energy - mean)
    last = energy
  }

  /// nil for fewer than 100 transitions.
  var fraction: Double? { count >= 100 && square > 0 ? change / square : nil }

  var state: [Double] { [count, mean, square, change, last] }

  init() {}

  /// From a file; nil if it is no state.
  init?(state: [Double]) {
    guard state.count == 5, state[0] >= 0 else { return nil }
    (count, mean, square, change, last) = (state[0], state[1], state[2], state[3], state[4])
  }
}

extension Chains {
  /// What is wrong with the draws, and what to do about it, a sentence each.
  var warnings: [String] {
    [gradientWarning, divergenceWarning, saturationWarning, energyWarning, agreementWarning]
      .compactMap { $0 }
  }

  private var gradientWarning: String? {
    guard let wrong = progress.wrongGradient else { return nil }
    return
      "the gradient does not fit the log density: along a random direction where chain \(wrong.chain) began the score says \(Float(wrong.told)), central differences say \(Float(wrong.measured)) (\(wrong.count) of \(chains.count) chains): mend the function; stein_density_check tells which coordinates are wrong"
  }

  private func total(_ count: (ChainCounts) -> Int) -> Int { counts.reduce(0) { $0 + count($1) } }

  private var divergenceWarning: String? {
    let (divergences, draws) = (total(\.divergences), total(\.draws))
    guard divergences > 0 else { return nil }
    return
      "\(divergences) of \(draws) transitions diverged, so that the draws may miss a part of the density: raise target_acceptance (0.95, 0.99), or write the density in other coordinates"
  }

  private var saturationWarning: String? {
    let (saturated, draws) = (total(\.saturated), total(\.draws))
    guard saturated > 0 else { return nil }
    return
      "\(saturated) of \(draws) trees ended at max_tree_depth before they turned back, which wastes work: give coordinates like scales, metric=dense, a longer warmup or a larger max_tree_depth"
  }

  private var energyWarning: String? {
    let fractions = counts.map { $0.energies.fraction ?? .infinity }
    guard let least = fractions.min(), least < 0.3,
      let chain = fractions.firstIndex(of: least)
    else { return nil }
    let value = Double(Int(least * 1000)) / 1000
    return
      "the energy is badly explored (E-BFMI of chain \(chain) is \(value), below 0.3), which heavy tails do: write the density in other coordinates, or run longer"
  }

  private var agreementWarning: String? {
    guard let rHat = progress.rHat, rHat.value > 1.01 else { return nil }
    let value =
      rHat.value < 1000 ? "\(Double(Int(rHat.value * 10000)) / 10000)" : "\(Float(rHat.value))"
    let who = chains.count == 1 ? "the halves of the chain" : "the chains"
    return
      "\(who) do not agree: R-hat of coordinate \(rHat.coordinate) is \(value) over the last \(rHat.draws) draws, above 1.01: draw more, warm up longer, or begin the chains nearer to the mass"
  }
}
