package import Core
import Glibc
package import Platform

/// R̂ and effective sample sizes of draws [chains, n, d].
///
/// Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), "Rank-Normalization, Folding, and
/// Localization: An Improved R̂".
package struct Convergence {
  package enum Kind: String, Sendable, CaseIterable {
    /// Of rank-normalised draws.
    case bulk
    /// The smaller one of the indicators of the 5 % and 95 % quantiles.
    case tail
    /// Of the draws themselves: for the deviation of a mean, sd/√ESS.
    case mean
  }

  private let draws: TensorView
  private let monitor: any Monitor
  private let ranking: Ranking
  /// Φ⁻¹ of each rank among the draws of both halves.
  private let normals: [Double]

  package init(_ draws: TensorView, memory: Memory, monitor: any Monitor) throws {
    guard draws.shape.count == 3, draws.shape[1] >= 4, draws.shape[0] >= 1, draws.shape[2] >= 1
    else {
      throw SteinError(
        .badShape, "draws has shape \(draws.shape); it needs [chains, n, d] with n of 4 or more",
        argument: "draws")
    }
    (self.draws, self.monitor) = (draws, monitor)
    let count = 2 * (draws.shape[1] / 2) * draws.shape[0]
    guard draws.shape[0] * draws.shape[1] < 1 << 31 else {
      throw SteinError(
        .badShape, "draws has shape \(draws.shape), 2^31 draws or more; thin them",
        argument: "draws")
    }
    ranking = try Ranking(limit: draws.shape[0] * draws.shape[1], memory: memory)
    normals = (0 ..< count).map { Convergence.normal(Double($0) + 1, of: count) }
  }

  /// The draws of one coordinate, chain by chain, in a unit of their own; nil where one is not
  /// finite.
  ///
  /// A figure of these does not depend on the unit: they are moved by one of them and divided by
  /// the power of two that makes the largest about 1, so that no square leaves the numbers (nor a
  /// difference: large ones are halved before), and ranks stay what they are.
  private func chains(_ column: Int) throws -> [[Double]]? {
    try monitor.poll()
    let raw = (0 ..< draws.shape[0]).map { chain in
      (0 ..< draws.shape[1]).map { draws.element(chain, $0, column) }
    }
    guard raw.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return nil }
    let origin = raw[0][0]
    let largest = raw.reduce(0) { $1.reduce($0) { max($0, abs($1 / 2 - origin / 2)) } }
    // As they are, where squares are safe: figures are to equal those of others.
    guard largest > 0, largest < 1e-100 || largest > 1e100 else { return raw }
    let exponent = -Int(largest.exponent)
    let (first, second) = (exp2(Double(exponent / 2)), exp2(Double(exponent - exponent / 2)))
    let part = largest > 1 ? 0.5 : 1
    return raw.map { $0.map { (part * $0 - part * origin) * first * second } }
  }

  /// The larger of the rank-normalised split R̂ and that of the folded draws; NaN where a draw is
  /// not finite.
  package func rHat(_ out: View<Double>) throws {
    for column in 0 ..< draws.shape[2] {
      guard let halves = try chains(column).map(split) else {
        out[column] = .nan
        continue
      }
      let middle = quantile(halves.flatMap { $0 }, 0.5)
      let folded = halves.map { $0.map { abs($0 - middle) } }
      out[column] = max(ratio(rankNormalized(halves)), ratio(rankNormalized(folded)))
    }
  }

  package func effectiveSampleSize(_ kind: Kind, _ out: View<Double>) throws {
    for column in 0 ..< draws.shape[2] {
      guard let all = try chains(column) else {
        out[column] = .nan
        continue
      }
      switch kind {
      case .bulk: out[column] = try size(rankNormalized(split(all)))
      case .mean: out[column] = try size(split(all))
      case .tail:
        let flat = all.flatMap { $0 }
        let sizes = try [0.05, 0.95].map { p -> Double in
          let limit = quantile(flat, p)
          return try size(split(all.map { $0.map { $0 <= limit ? 1 : 0 } }))
        }
        out[column] = min(sizes[0], sizes[1])
      }
    }
  }

  /// Each chain as two halves; a draw in the middle of an odd number is left out.
  private func split(_ chains: [[Double]]) -> [[Double]] {
    let half = draws.shape[1] / 2
    return chains.flatMap { [Array($0.prefix(half)), Array($0.suffix(half))] }
  }

  private static func normal(_ rank: Double, of count: Int) -> Double {
    normalQuantile((rank - 0.375) / (Double(count) + 0.25))
  }

  /// z = Φ⁻¹((r − 3/8)/(S + 1/4)), r the average rank among all.
  private func rankNormalized(_ chains: [[Double]]) -> [[Double]] {
    let flat = chains.flatMap { $0 }
    let order = ranking.order(flat)
    var z = [Double](repeating: 0, count: flat.count)
    var first = 0
    while first < flat.count {
      var last = first
      let value = flat[Int(order[first])]
      while last + 1 < flat.count, flat[Int(order[last + 1])] == value { last += 1 }
      let rank = 0.5 * Double(first + last) + 1
      let normal = first == last ? normals[first] : Convergence.normal(rank, of: flat.count)
      for place in first ... last { z[Int(order[place])] = normal }
      first = last + 1
    }
    let n = chains.first?.count ?? 0
    return chains.indices.map { Array(z[$0 * n ..< ($0 + 1) * n]) }
  }

  /// By linear interpolation between order statistics; rounded as SciPy's mquantiles(1, 1) is,
  /// since draws are compared with it.
  private func quantile(_ values: [Double], _ p: Double) -> Double {
    let order = ranking.order(values)
    func sorted(_ rank: Int) -> Double { values[Int(order[rank])] }
    let n = Double(values.count)
    let place = n * p + (1 + p * -1)
    let k = min(max(place, 1), n - 1).rounded(.down)
    let share = min(max(place - k, 0), 1)
    return (1 - share) * sorted(Int(k) - 1) + share * sorted(Int(k))
  }

  private func mean(_ x: [Double]) -> Double { x.reduce(0, +) / Double(x.count) }

  private func variance(_ x: [Double]) -> Double {
    let centre = mean(x)
    return x.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(x.count - 1)
  }

  private func ratio(_ chains: [[Double]]) -> Double {
    let n = Double(chains[0].count)
    let between = n * variance(chains.map(mean))
    let within = mean(chains.map(variance))
    return ((between / within + n - 1) / n).squareRoot()
  }

  /// S/τ with τ from Geyer's initial monotone sequence.
  private func size(_ chains: [[Double]]) throws -> Double {
    let (m, n) = (chains.count, chains[0].count)
    let flat = chains.flatMap { $0 }
    guard let low = flat.min(), let high = flat.max(), high > low else { return Double(flat.count) }
    let centred = chains.map { chain -> [Double] in
      let centre = mean(chain)
      return chain.map { $0 - centre }
    }
    func covariance(_ lag: Int) -> Double {
      var sum = 0.0
      for chain in centred {
        var own = 0.0
        for i in 0 ..< n - lag { own += chain[i] * chain[i + lag] }
        sum += own / Double(n)
      }
      return sum / Double(m)
    }
    let meanVariance = covariance(0) * Double(n) / Double(n - 1)
    var whole = meanVariance * Double(n - 1) / Double(n)
    if m > 1 { whole += variance(chains.map(mean)) }
    func correlation(_ lag: Int) -> Double { 1 - (meanVariance - covariance(lag)) / whole }
    var rho = [Double](repeating: 0, count: n)
    var (even, odd) = (1.0, correlation(1))
    (rho[0], rho[1]) = (even, odd)
    var t = 1
    while t < n - 3, even + odd > 0 {
      if t % 64 == 1 { try monitor.poll() }
      (even, odd) = (correlation(t + 1), correlation(t + 2))
      if even + odd >= 0 { (rho[t + 1], rho[t + 2]) = (even, odd) }
      t += 2
    }
    let last = t - 2
    if even > 0, last + 1 >= 0 { rho[last + 1] = even }
    t = 1
    while t <= last - 2 {
      if rho[t + 1] + rho[t + 2] > rho[t - 1] + rho[t] {
        rho[t + 1] = 0.5 * (rho[t - 1] + rho[t])
        rho[t + 2] = rho[t + 1]
      }
      t += 2
    }
    let total = Double(m * n)
    let sum = rho[0 ..< max(last + 1, 0)].reduce(0, +)
    let tau = max(-1 + 2 * sum + (last + 1 >= 0 ? rho[last + 1] : 0), 1 / log10(total))
    return total / tau
  }
}

extension Convergence.Kind {
  package init(options text: String) throws {
    let options = try Options(text, .sampleSize)
    self = options[Convergence.Key.kind]
  }
}
