import Glibc
import Platform

/// Runge–Kutta of order 5 with an error estimate of order 4, for rows that each choose their own
/// steps.
///
/// Dormand & Prince (1980), "A Family of Embedded Runge–Kutta Formulae", RK5(4)7M: the seventh
/// slope is the next step's first.
package struct DormandPrince {
  package enum Control: Sendable {
    /// Steps whose error, as judged, is below 1.
    case adaptive
    /// So many steps of equal length.
    case steps(Int)
  }

  /// y′ at (t, y) for every row, y and slopes [rows, width].
  typealias Derivative = (_ t: View<Double>, _ y: View<Double>, _ slope: View<Double>) throws ->
    Void
  /// The size of a step's error, below 1 where it may stand.
  typealias Judge = (
    _ row: Int, _ y: View<Double>, _ next: View<Double>, _ error: View<Double>
  ) -> Double

  let rows: Int
  let width: Int
  private let slopes: View<Double>
  private let candidate: View<Double>
  private let error: View<Double>
  private let time: View<Double>
  private let place: View<Double>
  private let step: View<Double>
  private let previous: View<Double>

  /// So many numbers of memory.
  static func workspace(rows: Int, width: Int) -> Int { 9 * rows * width + 4 * rows }

  init(rows: Int, width: Int, workspace: View<Double>) {
    (self.rows, self.width) = (rows, width)
    let size = rows * width
    slopes = workspace.slice(0, 7 * size)
    candidate = workspace.slice(7 * size, size)
    error = workspace.slice(8 * size, size)
    time = workspace.slice(9 * size, rows)
    place = workspace.slice(9 * size + rows, rows)
    step = workspace.slice(9 * size + 2 * rows, rows)
    previous = workspace.slice(9 * size + 3 * rows, rows)
  }

  /// Takes y from `start` to `end`, in place; `accepted` sees the error of each step that stands.
  ///
  /// Rows whose slopes are not finite end as NaN.
  func solve(
    _ y: View<Double>, from start: Double, to end: Double, _ control: Control,
    derivative: Derivative, judge: Judge,
    accepted: (_ row: Int, _ error: View<Double>) -> Void = { _, _ in }
  ) throws {
    guard start != end else { return }
    let span = end - start
    time.fill(start)
    previous.fill(1)
    if case .steps(let count) = control {
      step.fill(span / Double(count))
    } else {
      step.fill(span / 20)
    }
    let size = rows * width
    try derivative(time, y, slopes.slice(0, size))
    while (0 ..< rows).contains(where: { time[$0] != end }) {
      for stage in 1 ... 6 {
        let shares = tableau[stage - 1]
        for r in 0 ..< rows {
          let h = time[r] == end ? 0 : step[r]
          place[r] = time[r] + nodes[stage - 1] * h
          for i in r * width ..< (r + 1) * width {
            var sum = 0.0
            for (k, share) in shares.enumerated() { sum += share * slopes[k * size + i] }
            candidate[i] = y[i] + h * sum
          }
        }
        try derivative(place, candidate, slopes.slice(stage * size, size))
      }
      for r in 0 ..< rows where time[r] != end {
        advance(r, y, end: end, span: span, control, judge, accepted)
      }
    }
  }

  /// Takes a row's step or shortens it.
  private func advance(
    _ r: Int, _ y: View<Double>, end: Double, span: Double, _ control: Control, _ judge: Judge,
    _ accepted: (Int, View<Double>) -> Void
  ) {
    let (size, h) = (rows * width, step[r])
    for i in r * width ..< (r + 1) * width {
      var sum = 0.0
      for (k, share) in misses.enumerated() { sum += share * slopes[k * size + i] }
      error[i] = h * sum
    }
    let (own, next) = (y.slice(r * width, width), candidate.slice(r * width, width))
    let miss = error.slice(r * width, width)
    var size5 = 1.0
    if case .adaptive = control { size5 = judge(r, own, next, miss) }
    // Rounding of the field limits what steps can be asked for.
    let smallest = abs(h) <= 1e-5 * abs(span)
    if case .adaptive = control, !(size5 <= 1), !smallest {
      step[r] = h * (size5.isFinite ? max(0.2, 0.9 * pow(size5, -0.2)) : 0.1)
      if abs(step[r]) < 1e-5 * abs(span) { step[r] = 1e-5 * span }
      return
    }
    // A row that left the finite numbers comes to no end: it is left as it is.
    guard size5.isFinite else {
      own.fill(.nan)
      time[r] = end
      return
    }
    accepted(r, miss)
    own.copy(next)
    for i in r * width ..< (r + 1) * width { slopes[i] = slopes[6 * size + i] }
    time[r] += h
    if case .adaptive = control {
      // Proportional and integral control (Hairer & Wanner 1996, section IV.2).
      let growth = 0.9 * pow(max(size5, 1e-8), -0.14) * pow(previous[r], 0.08)
      previous[r] = max(size5, 1e-4)
      step[r] = h * min(5, max(0.2, growth))
      if abs(step[r]) < 1e-5 * abs(span) { step[r] = 1e-5 * span }
    }
    // What is left of the way, if it is less or hardly more.
    if abs(end - time[r]) <= 1e-10 * abs(span) { time[r] = end }
    if abs(step[r]) * 1.01 >= abs(end - time[r]) { step[r] = end - time[r] }
  }
}

private let nodes = [0.2, 0.3, 0.8, 8.0 / 9, 1, 1]

private let tableau: [[Double]] = [
  [1.0 / 5],
  [3.0 / 40, 9.0 / 40],
  [44.0 / 45, -56.0 / 15, 32.0 / 9],
  [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
  [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
  [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
]

/// The fifth-order weights less the fourth-order ones.
private let misses = [
  71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40,
]
