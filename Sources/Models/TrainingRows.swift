import Core
package import Data
package import Platform

/// A data set in a model's units: u [n, D] without constant columns, and each row's class.
package struct TrainingRows: Sendable {
  package let count: Int
  package let values: View<Float>
  package let sigmaData: Double
  private let classes: Storage<Int32>?

  package init(_ dataset: Dataset, _ description: ModelDescription, memory: Memory) throws {
    let units = description.units
    guard dataset.columnCount == units.count else {
      throw SteinError(
        .badShape, "the data set has \(dataset.columnCount) columns, the model \(units.count)",
        argument: "dataset")
    }
    count = dataset.rowCount
    sigmaData = description.sigmaData
    var rows = try TrainingRows.converted(dataset, units, memory)
    if description.domain != .real {
      // A copy, in which rows at the boundary are put onto it.
      let copy = try Storage<Float>(memory, count: rows.count)
      copy.view.copy(rows.view)
      rows = copy
      let d = units.active.count
      let spread =
        1 + (description.location.map(abs).max() ?? 0)
        + (units.active.map { abs(units.mean[$0]) / units.scale[$0] }.max() ?? 0)
      for row in 0 ..< dataset.rowCount {
        description.domain.snap(rows.view.slice(row * d, d), spread: spread)
      }
    }
    values = rows.view
    classes = try TrainingRows.classes(dataset, description, memory)
    let (view, d) = (values, units.active.count)
    guard description.domain != .real else { return }
    for row in 0 ..< count
    where !description.domain.contains({ Double(view[row * d + $0]) }) {
      throw SteinError(
        .badValue, "row \(row) lies outside the model's domain", argument: "dataset")
    }
  }

  /// -1 for a model without classes.
  package func classIndex(_ row: Int) -> Int { classes.map { Int($0.view[row]) } ?? -1 }

  /// u = (x − mean)/scale from the data set's own units; its values themselves where the two agree.
  private static func converted(_ dataset: Dataset, _ units: Units, _ memory: Memory) throws
    -> Storage<Float>
  {
    let own = Units(
      mean: dataset.columns.map(\.mean),
      scale: dataset.columns.map { $0.isConstant ? 1 : $0.deviation },
      active: dataset.columns.indices.filter { !dataset.columns[$0].isConstant })
    if own == units, units.active.count == dataset.columnCount { return dataset.values }
    let (n, d) = (dataset.rowCount, units.active.count)
    let storage = try Storage<Float>(memory, count: n * d)
    let factor = units.active.map { dataset.columns[$0].deviation / units.scale[$0] }
    let shift = units.active.map { (dataset.columns[$0].mean - units.mean[$0]) / units.scale[$0] }
    let (from, to, active) = (dataset.values.view, storage.view, units.active)
    for row in 0 ..< n {
      for index in 0 ..< d {
        let u = Double(from[row * dataset.columnCount + active[index]])
        to[row * d + index] = Float(u * factor[index] + shift[index])
      }
    }
    guard storage.view.allFinite else {
      throw SteinError(
        .badValue, "the data set lies so far from the model's own that its rows overflow",
        argument: "dataset")
    }
    return storage
  }

  private static func classes(
    _ dataset: Dataset, _ description: ModelDescription, _ memory: Memory
  ) throws -> Storage<Int32>? {
    guard !description.classes.isEmpty else { return nil }
    guard let labels = dataset.labels else {
      throw SteinError(
        .badValue, "the model has classes, the data set no labels", argument: "dataset")
    }
    let index = Dictionary(
      uniqueKeysWithValues: description.classes.enumerated().map { ($1, Int32($0)) })
    let translation = try labels.classes.map { label in
      guard let known = index[label] else {
        throw SteinError(
          .badValue, "label \(label) of the data set is not a class of the model",
          argument: "dataset")
      }
      return known
    }
    let storage = try Storage<Int32>(memory, count: dataset.rowCount)
    for row in 0 ..< dataset.rowCount {
      storage.view[row] = translation[Int(labels.classOfRow.view[row])]
    }
    return storage
  }
}
