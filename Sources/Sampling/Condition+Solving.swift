// The conjugate gradients of a condition, row by row.

import Core
import Glibc
import Kernels
import Models
import Platform

extension Condition {
  /// solution: (A σ²J Aᵀ + σ_y²) w = residual, each row by itself.
  func solve(_ level: ScaledScore.Level, _ derivative: Derivative) throws {
    target.copy(residual)
    usual.fill(0)
    begin()
    for r in 0 ..< rows where !squares[r].isFinite {
      throw SteinError(
        .diverged,
        "sampling is so far from what is known, among rows from \(first) on, that its square is not finite"
      )
    }
    for _ in 0 ..< min(iterations, observation.count) {
      guard (0 ..< rows).contains(where: { squares[rows + $0] > 0 }) else { return }
      try transpose(direction)
      let pushed = try derivative(tangent)
      for r in 0 ..< rows where squares[rows + r] > 0 {
        try check()
        let variance = level[r] * level[r]
        let own = pushed.slice(r * dimension, dimension)
        for i in 0 ..< dimension { own[i] *= variance }
        let curvature = image(r, of: own)
        // What the data's own covariance would give.
        let ofData = { (x: Double) in x * variance / (x + variance) }
        guard curvature >= 0.2 * expected(r, ofData), curvature.isFinite else {
          try solve(r, by: ofData)
          usual[r] = 1
          continue
        }
        step(r, curvature)
      }
    }
  }

  /// The same for every row with f(Σ) in the place of σ²J.
  func solve(by f: (Double) -> Double) throws {
    target.copy(residual)
    for r in 0 ..< rows { try solve(r, by: f) }
  }

  /// A row's solution with f(Σ), from the start.
  func solve(_ r: Int, by f: (Double) -> Double) throws {
    own(residual, r).copy(own(target, r))
    begin(r)
    for _ in 0 ..< 2 * observation.count where squares[rows + r] > 0 {
      try check()
      let pushed = covaried(r, f)
      let curvature = image(r, of: pushed)
      guard curvature > 0, curvature.isFinite else { break }
      step(r, curvature)
    }
    squares[rows + r] = 0
  }

  func begin() { for r in 0 ..< rows { begin(r) } }

  func begin(_ r: Int) {
    own(solution, r).fill(0)
    own(direction, r).copy(own(residual, r))
    squares[r] = square(residual, r)
    squares[rows + r] = squares[r]
  }

  /// Puts A v + σ_y² p into a row's image, with p its direction, and gives pᵀ times that.
  func image(_ r: Int, of v: View<Double>) -> Double {
    let (p, q) = (own(direction, r), own(image, r))
    observation.apply(v, mask: own(mask, r), into: q)
    var curvature = 0.0
    for i in 0 ..< observation.count {
      q[i] += observation.variances[i] * p[i]
      curvature += p[i] * q[i]
    }
    return curvature
  }

  /// f(Σ) Aᵀ p for a row's direction p.
  func covaried(_ r: Int, _ f: (Double) -> Double) -> View<Double> {
    let (back, out) = (scratch.slice(0, dimension), scratch.slice(dimension, dimension))
    observation.applyTransposed(own(direction, r), mask: own(mask, r), into: back)
    description.covary(
      back, into: out, scratch: scratch.slice(2 * dimension, dimension), f)
    return out
  }

  /// pᵀ (A f(Σ) Aᵀ + σ_y²) p.
  func expected(_ r: Int, _ f: (Double) -> Double) -> Double {
    let out = covaried(r, f)
    let back = scratch.slice(0, dimension)
    let p = own(direction, r)
    var sum = 0.0
    for i in 0 ..< dimension { sum += back[i] * out[i] }
    for i in 0 ..< observation.count { sum += observation.variances[i] * p[i] * p[i] }
    return sum
  }

  func step(_ r: Int, _ curvature: Double) {
    let now = squares[rows + r]
    let (p, q) = (own(direction, r), own(image, r))
    let (w, left) = (own(solution, r), own(residual, r))
    let length = now / curvature
    for i in 0 ..< observation.count {
      w[i] += length * p[i]
      left[i] -= length * q[i]
    }
    let next = square(residual, r)
    squares[rows + r] = next <= 1e-10 * squares[r] ? 0 : next
    for i in 0 ..< observation.count { p[i] = left[i] + next / now * p[i] }
  }
}
