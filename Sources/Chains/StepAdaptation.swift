import Glibc

/// The step size by dual averaging, so that the mean acceptance becomes `target`.
///
/// Hoffman & Gelman (2014), "The No-U-Turn Sampler", section 3.2.1: γ = 0.05, t₀ = 10, κ = 0.75.
struct StepAdaptation {
  private(set) var step: Double
  private let target: Double
  private var centre: Double
  private var error = 0.0
  private var average = 0.0
  private var count = 0.0

  init(step: Double, target: Double) {
    (self.step, self.target) = (step, target)
    centre = log(10 * step)
  }

  mutating func restart(at step: Double) { self = StepAdaptation(step: step, target: target) }

  mutating func add(acceptance: Double) {
    count += 1
    let weight = 1 / (count + 10)
    error = (1 - weight) * error + weight * (target - min(max(acceptance, 0), 1))
    let logStep = centre - count.squareRoot() / 0.05 * error
    let share = pow(count, -0.75)
    average = share * logStep + (1 - share) * average
    step = exp(min(max(logStep, -60), 60))
  }

  /// The average, which is kept from then on.
  mutating func finish() { if count > 0 { step = exp(min(max(average, -60), 60)) } }
}

extension StepAdaptation {
  /// What a file keeps: step, centre, error, average, count.
  var state: [Double] { [step, centre, error, average, count] }

  /// From a file; false if it is no state.
  mutating func take(_ state: [Double]) -> Bool {
    guard state.count == 5, state.allSatisfy(\.isFinite), state[0] > 0, state[4] >= 0 else {
      return false
    }
    (step, centre, error, average, count) = (state[0], state[1], state[2], state[3], state[4])
    return true
  }
}

/// Which transitions of a warm-up adapt what: Stan's windows of growing length for the metric
/// between an opening and a close.
///
/// In the opening shorter windows find the coordinates' scales, of which nothing is known at first.
struct WarmupPlan: Sendable {
  let count: Int
  private let ends: [Int]
  private let earlyEnds: [Int]
  private let opening: Int
  private let closing: Int

  init(_ count: Int) {
    self.count = count
    var (first, last, base) = (75, 50, 25)
    if count < 20 {
      (first, last, base) = (count, 0, 0)
    } else if first + last + base > count {
      (first, last) = (Int(0.15 * Double(count)), Int(0.1 * Double(count)))
      base = count - first - last
    }
    (opening, closing) = (first, last)
    var (ends, end, size) = ([Int](), first, base)
    while base > 0, end < count - last {
      let next = end + size
      // A last window takes in what would be too short for another.
      end = next + 2 * size > count - last ? count - last : next
      ends.append(end)
      size *= 2
    }
    self.ends = ends
    // The step size needs some transitions after the last.
    earlyEnds =
      [5, 15, 35].filter { $0 < first && $0 + 5 <= count } + (base > 0 ? [first] : [])
  }

  func collects(_ transition: Int) -> Bool { transition < count - closing }
  func isEarly(_ transition: Int) -> Bool { transition < opening }
  func endsWindow(_ transition: Int) -> Bool {
    ends.contains(transition + 1) || earlyEnds.contains(transition + 1)
  }
}
