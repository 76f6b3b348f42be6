import Models
import Platform

/// What is known of each row: y = A u + noise, in units of u.
///
/// A is one matrix for all rows, each row over what y then varies by, or a mask a row.
struct LinearObservation: Sendable {
  enum Source: Sendable {
    /// Rows in the data's units, and which of their values are known; nil: those that are numbers.
    case mask(x: TensorView, known: TensorView?)
    /// A in units of u, [m, D], its rows over `norms`; y − A·mean over the same, per row of y [n,
    /// m].
    case matrix(Storage<Double>, y: TensorView, shift: [Double], norms: [Double])
  }

  let source: Source
  let units: Units
  /// Numbers observed of a row: D for a mask.
  let count: Int
  /// The variance of each one's noise.
  let variances: [Double]

  /// Reads row `row`: y and, for a mask, which of its values are known.
  func read(_ row: Int, _ scratch: View<Double>, y: View<Double>, mask: View<Double>) {
    switch source {
    case .mask(let x, let known):
      let d = units.active.count
      if let known {
        known.readRow(row, into: scratch)
        for (index, column) in units.active.enumerated() {
          mask[index] = scratch[column] != 0 ? 1 : 0
        }
        x.readRow(row, into: scratch)
      } else {
        x.readRow(row, into: scratch)
        for (index, column) in units.active.enumerated() {
          mask[index] = scratch[column].isNaN ? 0 : 1
        }
      }
      for index in 0 ..< d {
        let column = units.active[index]
        y[index] =
          mask[index] == 0 ? 0 : (scratch[column] - units.mean[column]) / units.scale[column]
      }
    case .matrix(_, let given, let shift, let norms):
      given.readRow(row, into: scratch)
      for i in 0 ..< count { y[i] = norms[i] > 0 ? (scratch[i] - shift[i]) / norms[i] : 0 }
      mask.fill(1)
    }
  }

  /// A v, from [D] to [count].
  func apply(_ v: View<Double>, mask: View<Double>, into out: View<Double>) {
    guard case .matrix(let a, _, _, _) = source else {
      for i in 0 ..< count { out[i] = mask[i] * v[i] }
      return
    }
    let (d, matrix) = (units.active.count, a.view)
    for i in 0 ..< count {
      var sum = 0.0
      for j in 0 ..< d { sum += matrix[i * d + j] * v[j] }
      out[i] = sum
    }
  }

  /// Aᵀ w, from [count] to [D].
  func applyTransposed(_ w: View<Double>, mask: View<Double>, into out: View<Double>) {
    guard case .matrix(let a, _, _, _) = source else {
      for i in 0 ..< count { out[i] = mask[i] * w[i] }
      return
    }
    let (d, matrix) = (units.active.count, a.view)
    out.fill(0)
    for i in 0 ..< count {
      for j in 0 ..< d { out[j] += matrix[i * d + j] * w[i] }
    }
  }
}

extension LinearObservation {
  /// Puts the values that are known of a row, as they were given, into a drawn one; scratch for two
  /// rows.
  func restore(_ number: Int, into row: View<Double>, scratch: View<Double>) {
    guard case .mask(let x, let known) = source else { return }
    let (values, flags) = (scratch.slice(0, units.count), scratch.slice(units.count, units.count))
    x.readRow(number, into: values)
    known?.readRow(number, into: flags)
    for column in 0 ..< units.count {
      let isKnown = known == nil ? !values[column].isNaN : flags[column] != 0
      if isKnown { row[column] = values[column] }
    }
  }
}
