package import Core
import Models
package import Platform

extension Model {
  /// How far the model's score is from a known one, on rows of the known density.
  ///
  ///     F = E ½ ‖s(x) − s*(x)‖²,   relative = E ‖s − s*‖² / E ‖s*‖²
  ///
  /// In squared units of the score, 1/x²; the columns that do not vary in training are left out,
  /// having no score. What is compared is the score at σ: of a density with heavy tails or steep
  /// walls E ‖s*‖² is ruled by few rows.
  package func fisherDivergence(
    x: TensorView, labels: TensorView?, scores: TensorView, sigma: Double, withRelative: Bool,
    monitor: any Monitor
  ) throws -> (divergence: Double, relative: Double?) {
    try snapshot.checkRows(x, "x")
    guard scores.shape == x.shape else {
      throw SteinError(
        .badShape, "scores has shape \(scores.shape); x has \(x.shape)", argument: "scores")
    }
    guard x.rows > 0 else { throw SteinError(.badShape, "x has no rows", argument: "x") }
    try checkFinite(scores, "scores", monitor)
    let squares = try Storage<Double>(context.memory, count: x.rows)
    let references = try Storage<Double>(context.memory, count: x.rows)
    try forEachRow(.scaledScore, x, labels, sigma, monitor, width: x.rowCount) {
      index, units, level, _, score, row in
      scores.readRow(index, into: row)
      var (square, reference) = (0.0, 0.0)
      for (place, column) in units.active.enumerated() {
        let own = Double(score[place]) / (level > 0 ? level : 1) / units.scale[column]
        square += (own - row[column]) * (own - row[column])
        reference += row[column] * row[column]
      }
      squares.view[index] = square
      references.view[index] = reference
    }
    let (square, reference) = (squares.view.sum, references.view.sum)
    guard square.isFinite, reference.isFinite else {
      throw SteinError(.diverged, "scores are so large that the divergence is not finite")
    }
    guard withRelative else { return (0.5 * square / Double(x.rows), nil) }
    guard reference > 0 else {
      throw SteinError(
        .badValue, "scores are all 0; nothing is relative to that", argument: "scores")
    }
    return (0.5 * square / Double(x.rows), square / reference)
  }
}
