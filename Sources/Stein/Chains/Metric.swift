import Execution
import Glibc

/// The covariance Σ that a chain takes its target to have: momenta are drawn from N(0, Σ⁻¹) and velocities are Σp.
final class Metric {
  enum Kind: String, Sendable, CaseIterable {
    case identity
    case diagonal
    case dense
  }

  let kind: Kind
  private let d: Int
  /// Σ's diagonal, or the lower triangle L of Σ = L Lᵀ.
  private let factor: View<Double>
  // Welford's sums.
  private let mean: View<Double>
  private let square: View<Double>
  private var count = 0

  init(_ kind: Kind, dimension d: Int, memory: Memory) throws {
    (self.kind, self.d) = (kind, d)
    let size = kind == .dense ? d * d : d
    factor = try Storage<Double>(memory, count: size).view
    mean = try Storage<Double>(memory, count: d).view
    square = try Storage<Double>(memory, count: size).view
    for i in 0 ..< d { factor[kind == .dense ? i * (d + 1) : i] = 1 }
  }

  /// Turns standard normals into a momentum: Σ^{−1/2} z, and for a dense Σ L⁻ᵀ z.
  func makeMomentum(_ z: View<Double>) {
    guard kind == .dense else {
      for i in 0 ..< d { z[i] /= factor[i].squareRoot() }
      return
    }
    for i in stride(from: d - 1, through: 0, by: -1) {
      z[i] /= factor[i * d + i]
      for j in 0 ..< i { z[j] -= factor[i * d + j] * z[i] }
    }
  }

  /// v = Σ p.
  func velocity(_ p: View<Double>, into v: View<Double>) {
    guard kind == .dense else {
      for i in 0 ..< d { v[i] = factor[i] * p[i] }
      return
    }
    // L (Lᵀ p), the inner product first, from the top.
    for i in 0 ..< d {
      var sum = 0.0
      for k in i ..< d { sum += factor[k * d + i] * p[k] }
      v[i] = sum
    }
    for i in stride(from: d - 1, through: 0, by: -1) {
      var sum = 0.0
      for k in 0 ... i { sum += factor[i * d + k] * v[k] }
      v[i] = sum
    }
  }

  func add(_ x: View<Double>) {
    guard kind != .identity else { return }
    count += 1
    for i in 0 ..< d {
      let off = x[i] - mean[i]
      mean[i] += off / Double(count)
      if kind == .diagonal {
        square[i] += off * (x[i] - mean[i])
      } else {
        for j in 0 ... i { square[i * d + j] += off * (x[j] - mean[j]) }
      }
    }
  }

  /// Takes what was added for Σ, drawn a little to a small multiple of the identity as Stan does, and begins anew.
  func update() {
    defer {
      count = 0
      mean.fill(0)
      square.fill(0)
    }
    guard kind != .identity, count > 1 else { return }
    let n = Double(count)
    let (share, floor) = (n / (n + 5), 1e-3 * 5 / (n + 5))
    if kind == .diagonal {
      for i in 0 ..< d { factor[i] = share * square[i] / (n - 1) + floor }
      return
    }
    for i in 0 ..< d {
      for j in 0 ... i {
        factor[i * d + j] = share * square[i * d + j] / (n - 1) + (i == j ? floor : 0)
      }
    }
    // The welford sums of x_j use means of other ages; the floor keeps the pivots positive all the same.
    for i in 0 ..< d {
      for j in 0 ... i {
        var sum = factor[i * d + j]
        for k in 0 ..< j { sum -= factor[i * d + k] * factor[j * d + k] }
        factor[i * d + j] =
          i == j ? max(sum, floor).squareRoot() : sum / factor[j * d + j]
      }
    }
  }
}
