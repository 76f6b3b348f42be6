import Glibc

/// Holds a score against central differences of its log density along one line, f(h) = ln π(x + h
/// v).
///
///     D(h) = (f(h) − f(−h)) / 2h,   (4² D(h/4) − D(h)) / (4² − 1) = f′(0) + O(h⁴)
///
/// Ridders (1982), "Accurate Computation of F′(x) and F′(x)F″(x)". Nothing is known beforehand of
/// the scale, of the noise or of the smoothness of f: first a step is found over which f changes by
/// about 1, then it shrinks to 4⁻¹⁴ of that. A judgement needs differences that agree with each
/// other, forward with backward (no kink in between) and one step with the next (neither curvature
/// nor noise); against the score it also needs that no step agrees with it.
struct LineCheck {
  private let value: Double
  /// The score along v.
  let slope: Double
  /// h of the two places that are to be asked for next.
  private(set) var step: Double
  /// Whether the first judgement in the score's favour is enough.
  private let isBrief: Bool
  // The search: a step that changes f too little, and one that changes it too much.
  private var low = 0.0
  private var high = Double.infinity
  private var rounds = 0
  private var isScaled = false
  private var rungs = 0
  private var changed = false
  private var before: Double?
  private var agreeing = 0
  private var isPlateau = false
  private var isFrozen = false
  private var best: (value: Double, spread: Double)?
  private var matched: (value: Double, spread: Double)?

  init(value: Double, slope: Double, step: Double, isBrief: Bool) {
    (self.value, self.slope, self.step, self.isBrief) = (value, slope, step, isBrief)
  }

  /// The difference that is trusted most; nil where nothing could be judged.
  var difference: Double? { (matched ?? (isPlateau ? best : nil))?.value ?? (isFlat ? 0 : nil) }

  private var isFlat: Bool { !changed && slope == 0 && rounds > 1 }

  /// |s − D| / max(|s|, |D|), from 0 to 2.
  var error: Double? {
    guard let difference else { return nil }
    let size = max(abs(slope), abs(difference))
    return size == 0 ? 0 : min(abs(slope - difference) / size, 2)
  }

  /// Whether differences that agree with each other say that the score is wrong.
  var isWrong: Bool {
    guard matched == nil, let best, let error else { return false }
    return error > max(0.02, 5 * best.spread)
  }

  /// Takes f(h) and f(−h); true if there is a next step.
  mutating func absorb(_ up: Double, _ down: Double) -> Bool {
    let isFinite = up.isFinite && down.isFinite
    let change = isFinite ? max(abs(up - value), abs(down - value)) : .infinity
    if isFinite, change > 0 { changed = true }
    if !isScaled {
      if change < wanted.lowerBound || change > wanted.upperBound { return search(change) }
      isScaled = true
    }
    if isFinite { judge(up, down) } else { before = nil }
    if let matched, isBrief || matched.spread < 1e-8 { return false }
    return next()
  }

  private mutating func next() -> Bool {
    step /= 4
    rungs += 1
    return rungs < 14 && step > 1e-290
  }

  /// Changes of f that the ladder of steps begins with: beyond 4 little is left of the mass, but of
  /// a large f less is not to be seen.
  private var wanted: ClosedRange<Double> {
    max(0.05, 1e-7 * abs(value)) ... max(4, 1e-2 * abs(value))
  }

  /// The next step to try; false if none is left.
  private mutating func search(_ change: Double) -> Bool {
    rounds += 1
    if change > wanted.upperBound { high = min(high, step) } else { low = max(low, step) }
    guard changed || slope != 0 || rounds < 16 else { return false }
    if (low > 0 && high < 2 * low) || rounds >= 30 {
      isScaled = true
      step = 4 * low
      return low > 0 && next()
    }
    step = low == 0 ? high / 16 : high.isFinite ? low.squareRoot() * high.squareRoot() : low * 16
    return step < 1e290 && step > 1e-290
  }

  private mutating func judge(_ up: Double, _ down: Double) {
    let (forward, backward) = ((up - value) / step, (value - down) / step)
    let central = 0.5 * (forward + backward)
    let size = max(abs(slope), abs(central))
    // f's last digits: those of Double, and of Float where f does not change at all.
    let resolution = central == 0 ? 1e-5 * (1 + abs(value)) : 1e-11 + 1e-13 * abs(value)
    guard size > 0, abs(forward - backward) <= 0.5 * size, size * step >= resolution else {
      (before, agreeing) = (nil, 0)
      return
    }
    defer { before = central }
    guard let last = before else { return }
    let spread = abs(central - last) / size
    let better = central + (central - last) / 15
    agreeing = spread <= 0.02 ? agreeing + 1 : 0
    if agreeing >= 2 { isPlateau = true }
    if spread <= 0.02, abs(central - slope) <= 0.02 * size, spread < matched?.spread ?? .infinity {
      matched = (better, spread)
    }
    if !isFrozen {
      if spread < best?.spread ?? .infinity {
        best = (better, spread)
      } else if let best, best.spread <= 0.02 {
        // From here on the differences are noise.
        isFrozen = true
      }
    }
  }
}
