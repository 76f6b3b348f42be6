import Glibc

/// How the noise levels of a sampler lie between the highest and the lowest.
package enum NoiseGrid: String, Sendable, CaseIterable {
  /// σ_i = (σ_max^{1/ρ} + i/(N−1) (σ_min^{1/ρ} − σ_max^{1/ρ}))^ρ. Karras et al. (2022), equation 5.
  case edm
  /// Each level the same multiple of the next. Song & Ermon (2019).
  case geometric
  /// Evenly in σ.
  case uniform

  /// N levels from `high` down to `low`.
  package func levels(_ count: Int, from high: Double, to low: Double, rho: Double = 7) -> [Double]
  {
    (0 ..< count).map { index in
      let t = count > 1 ? Double(index) / Double(count - 1) : 0
      // The ends are exact: a level outside the range trained would be refused.
      if index == 0 { return high }
      if index == count - 1 { return low }
      switch self {
      case .edm:
        let (first, last) = (pow(high, 1 / rho), pow(low, 1 / rho))
        return pow(first + t * (last - first), rho)
      case .geometric: return high * pow(low / high, t)
      case .uniform: return high + t * (low - high)
      }
    }
  }
}
