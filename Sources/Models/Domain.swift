package import Graph
import Platform

/// Where a density lives, in units of u.
///
/// On a domain with a boundary the density need not fall to 0 there, so score matching is weighted
/// by a function that does.
package enum Domain: Sendable, Equatable {
  case real
  /// lower[i] < u[i] < upper[i]; a bound may be infinite. The positive orthant is lower = 0.
  case box(lower: [Double], upper: [Double])
  case ball(centre: [Double], radius: Double)

  func contains(_ u: (Int) -> Double) -> Bool {
    switch self {
    case .real: true
    case .box(let lower, let upper):
      lower.indices.allSatisfy { lower[$0] <= u($0) && u($0) <= upper[$0] }
    case .ball(let centre, let radius): distance(u, centre) <= radius
    }
  }

  private func distance(_ u: (Int) -> Double, _ centre: [Double]) -> Double {
    centre.indices.reduce(0) { $0 + (u($1) - centre[$1]) * (u($1) - centre[$1]) }.squareRoot()
  }

  /// Moves what lies at a bound, or beyond it, by no more than float32's rounding of the row's own
  /// place, onto the bound.
  func snap(_ u: View<Float>, spread: Double) {
    switch self {
    case .real: return
    case .box(let lower, let upper):
      for i in lower.indices {
        for bound in [lower[i], upper[i]] where bound.isFinite {
          let room = 4e-7 * (abs(bound) + spread)
          if abs(Double(u[i]) - bound) <= room { u[i] = Float(bound) }
        }
        // Float's own rounding of the bound must not lie outside.
        if Double(u[i]) < lower[i], abs(Double(u[i]) - lower[i]) < 4e-7 * (abs(lower[i]) + spread) {
          u[i] = u[i].nextUp
        }
        if Double(u[i]) > upper[i], abs(Double(u[i]) - upper[i]) < 4e-7 * (abs(upper[i]) + spread) {
          u[i] = u[i].nextDown
        }
      }
    case .ball(let centre, let radius):
      let r = distance({ Double(u[$0]) }, centre)
      guard r > radius, r < radius + 4e-7 * (radius + spread) * 2 else { return }
      for i in centre.indices {
        u[i] = Float(centre[i] + (Double(u[i]) - centre[i]) * radius / r * (1 - 1e-6))
      }
    }
  }

  /// Brings a point that stepped outside back in by reflection at the boundary.
  package func reflect(_ u: (Int) -> Double, _ set: (Int, Double) -> Void) {
    switch self {
    case .real: return
    case .box(let lower, let upper):
      for i in lower.indices { set(i, Domain.folded(u(i), lower[i], upper[i])) }
    case .ball(let centre, let radius):
      let r = distance(u, centre)
      guard r > radius else { return }
      let inside = max(2 * radius - r, 0) / r
      for i in centre.indices { set(i, centre[i] + inside * (u(i) - centre[i])) }
    }
  }

  /// `x` reflected at either bound until it lies between.
  private static func folded(_ x: Double, _ low: Double, _ high: Double) -> Double {
    if x >= low, x <= high { return x }
    guard x.isFinite else { return x }
    if high == .infinity { return 2 * low - x }
    if low == -.infinity { return 2 * high - x }
    let width = high - low
    let phase = (x - low).truncatingRemainder(dividingBy: 2 * width)
    let positive = phase < 0 ? phase + 2 * width : phase
    return low + (positive <= width ? positive : 2 * width - positive)
  }
}

/// The weight h of score matching on a domain with a boundary, [R, D]: 0 there, and constant from a
/// distance `cap` on.
///
///     box  h_i = min(u_i − a_i, b_i − u_i, cap)^p        ball  h = min(radius − ‖u − centre‖, cap)^p
///
/// Hyvärinen (2007), "Some Extensions of Score Matching", section 3; Yu, Drton & Shojaie (2019),
/// "Generalized Score Matching for Non-Negative Data"; Liu, Kanamori & Williams (2022), "Estimating
/// Density Models with Truncation Boundaries using Score Matching".
package struct Boundary: Sendable, Equatable {
  let domain: Domain
  let cap: Double
  /// 1, or 2 where the density may diverge at the boundary.
  let power: Int

  package init(domain: Domain, cap: Double, power: Int) {
    (self.domain, self.cap, self.power) = (domain, cap, power)
  }

  /// h and ∂h_i/∂u_i, each [R, D].
  package func weight(_ graph: inout Graph, _ x: Node) -> (h: Node, slope: Node) {
    let shape = graph.shape(of: x)
    var h = graph.constant(cap)
    switch domain {
    case .real:
      return (graph.broadcast(graph.constant(1), shape), graph.broadcast(graph.constant(0), shape))
    case .box(let lower, let upper):
      // Beyond any number of float32 a bound is none.
      func bounds(_ values: [Double]) -> Node {
        let clipped = values.map { Swift.min(Swift.max($0, -1e30), 1e30) }
        return graph.literal(Literal(shape: [1, clipped.count], values: clipped))
      }
      let (below, above) = (bounds(lower), bounds(upper))
      h = graph.minimum(graph.minimum(graph.subtract(x, below), graph.subtract(above, x)), h)
    case .ball(let centre, let radius):
      let middle = graph.literal(Literal(shape: [1, centre.count], values: centre))
      // A little more than the distance, which has no slope at the centre.
      let square = graph.squaredNorm(graph.subtract(x, middle), keepAxes: true)
      let r = graph.sqrt(graph.add(square, graph.constant(1e-12 * radius * radius)))
      h = graph.minimum(graph.subtract(graph.constant(radius), r), h)
    }
    if power == 2 { h = graph.square(h) }
    let slope = graph.gradient(of: h, withRespectTo: [x])[0]
    return (graph.broadcast(h, shape), slope)
  }
}
