import Glibc

/// Inside the library a row is u = (x − mean)/scale without its constant columns.
package struct Units: Sendable, Equatable {
  package let mean: [Double]
  package let scale: [Double]
  /// The columns that vary, in order.
  package let active: [Int]

  package var count: Int { mean.count }

  /// Σ ln S_i over the columns that vary.
  package var logVolume: Double { active.reduce(0) { $0 + log(scale[$1]) } }
}
