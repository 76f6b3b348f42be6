import Glibc
import Platform

/// The probability-flow ODE in the angle φ = arctan(σ/σ_data), along which nothing grows large.
///
///     y = x cos φ,     dy/dφ = −(σ_data g + y sin φ)/cos φ,     g = σ s(x; σ)
///
/// For N(0, σ_data²) y stands still. With the outputs of Karras et al. (2022) the slope is −σ_data
/// F, the network's own output.
///
///     d ln p_y/dφ = σ_data tr(∂g/∂x)/cos² φ + D tan φ,     ln p_x = ln p_y + D ln cos φ
struct AngularFlow {
  let sigmaData: Double
  let rows: Int
  let dimension: Int
  /// x, [rows, D], and σ [rows].
  let x: View<Double>
  let sigmas: View<Double>

  func angle(_ sigma: Double) -> Double { atan(sigma / sigmaData) }

  /// x and σ of rows whose y begins every `width` numbers.
  func enter(_ angles: View<Double>, _ y: View<Double>, width: Int) {
    for r in 0 ..< rows {
      sigmas[r] = sigmaData * tan(angles[r])
      let cosine = cos(angles[r])
      for i in 0 ..< dimension { x[r * dimension + i] = y[r * width + i] / cosine }
    }
  }

  func slopes(
    _ angles: View<Double>, _ y: View<Double>, _ g: View<Double>, width: Int,
    _ slope: View<Double>
  ) {
    for r in 0 ..< rows {
      let (sine, cosine) = (sin(angles[r]), cos(angles[r]))
      for i in 0 ..< dimension {
        slope[r * width + i] =
          -(sigmaData * g[r * dimension + i] + y[r * width + i] * sine) / cosine
      }
    }
  }

  /// d ln p_y/dφ from a trace, or from vᵀ ∂g v with ‖v‖² = D.
  func growth(_ angle: Double, trace: Double) -> Double {
    let cosine = cos(angle)
    return sigmaData * trace / (cosine * cosine) + Double(dimension) * tan(angle)
  }

  /// The error of a step in y, over what the tolerance allows: root mean square.
  func error(
    _ y: View<Double>, _ next: View<Double>, _ miss: View<Double>, tolerance: Double
  ) -> Double {
    var sum = 0.0
    for i in 0 ..< dimension {
      let share = miss[i] / (tolerance * (sigmaData + max(abs(y[i]), abs(next[i]))))
      sum += share * share
    }
    return (sum / Double(dimension)).squareRoot()
  }
}
