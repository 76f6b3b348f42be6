import Core
package import Data
import Glibc

// Where a model's units come from, what other rows are in them, and how they are taken anew.

extension Units {
  /// Of a data set; without the mean where the origin has a meaning.
  init(
    _ dataset: Dataset, active: [Int], _ scaling: ModelDescription.Scaling, keepsOrigin: Bool
  ) {
    let shared = dataset.commonDeviation(active)
    self.init(
      mean: dataset.columns.map { $0.isConstant || !keepsOrigin ? $0.mean : 0 },
      scale: dataset.columns.map { column in
        switch scaling {
        case .none: 1
        case .common: column.isConstant ? 1 : shared
        case .columns: column.isConstant ? 1 : column.deviation
        }
      },
      active: active)
  }
}

extension ModelDescription {
  /// How the model's units were made.
  var ownScaling: Scaling {
    let scales = units.active.map { units.scale[$0] }
    if scales.allSatisfy({ $0 == 1 }), units.active.allSatisfy({ units.mean[$0] == 0 }) {
      return .none
    }
    return scales.count > 1 && scales.allSatisfy { $0 == scales[0] } ? .common : .columns
  }

  private var isPositive: Bool {
    guard case .box(let lower, let upper) = domain else { return false }
    return lower.allSatisfy { $0 == 0 } && upper.allSatisfy { $0 == .infinity }
  }

  /// Why location and scale can't be taken from other rows; nil where they can.
  private var complaintOfRescaling: String? {
    if ownScaling == .none {
      return "is for models with a location and scale of their own; this one has scale=none"
    }
    guard domain == .real || isPositive else {
      return "is not for a box or ball, whose bounds in the data's units would move"
    }
    return nil
  }

  /// The same model with location, scale, covariance and largest distance of these rows; σ_data and
  /// the levels are in units of u.
  package func rescaled(_ dataset: Dataset) throws -> ModelDescription {
    try checkColumns(dataset)
    if let complaint = complaintOfRescaling {
      throw Options.bad("rescale", complaint + "; make a new model of these rows")
    }
    let scaling = ownScaling
    for column in units.active where scaling == .columns && dataset.columns[column].isConstant {
      throw Options.bad(
        "rescale",
        "wants rows that vary; \(name(column)) is constant in them and has no scale to take")
    }
    var copy = self
    copy.units = Units(dataset, active: units.active, scaling, keepsOrigin: isPositive)
    copy.location = copy.location(of: dataset)
    // A network that begins as a Gaussian knows its axes: in units of u that Gaussian stays.
    if base == nil { copy.covariance = try DataCovariance(dataset, copy.units) }
    copy.largestDistance = try dataset.largestDistance(copy.units)
    return copy
  }

  /// The mean of a data set in units of u.
  func location(of dataset: Dataset) -> [Double] { location(ofMeans: dataset.columns.map(\.mean)) }

  private func location(ofMeans means: [Double]) -> [Double] {
    units.active.map { (means[$0] - units.mean[$0]) / units.scale[$0] }
  }

  package func checkColumns(_ dataset: Dataset) throws {
    guard dataset.columnCount == units.count else {
      throw SteinError(
        .badShape, "the data set has \(dataset.columnCount) columns, the model \(units.count)",
        argument: "dataset")
    }
  }

  private func name(_ column: Int) -> String {
    guard let names, column < names.count else { return "column \(column)" }
    return "column '\(names[column])'"
  }

  /// What of a model made of other rows does not fit these: sentences.
  ///
  /// Another sample of the same law is within 5 standard errors of its mean, so that it is no other
  /// data.
  package func strangeness(of dataset: Dataset) -> [String] {
    let shared = dataset.commonDeviation(units.active)
    let deviations =
      ownScaling == .columns
      ? dataset.columns.map(\.deviation) : dataset.columns.map { _ in shared }
    return [
      strangeUnits(dataset.columns.map(\.mean), deviations, rows: dataset.rowCount),
      strangeConstants(dataset), strangeClasses(dataset),
    ].compactMap { $0 }
  }

  /// Of the rows of several ranks, of which the means are known.
  package func strangeness(ofMeans means: [Double], rows: Int) -> [String] {
    [strangeUnits(means, nil, rows: rows)].compactMap { $0 }
  }

  private func strangeUnits(_ means: [Double], _ deviations: [Double]?, rows: Int) -> String? {
    let far = max(0.25, 5 / Double(rows).squareRoot())
    let own = ownScaling == .none ? sigmaData : 1
    func rounded(_ x: Double) -> Double {
      guard x.isFinite, x > 0 else { return x }
      let digit = pow(10, log10(x).rounded(.down) - 1)
      return (x / digit).rounded() * digit
    }
    let now = location(ofMeans: means)
    let strange = units.active.indices.compactMap { index -> (size: Double, text: String)? in
      let column = units.active[index]
      let away = abs(now[index] - location[index]) / own
      let growth = deviations.map { $0[column] / units.scale[column] / own } ?? 1
      guard away > far || growth > 1 + far || growth < 1 / (1 + far) else { return nil }
      return (
        max(away, growth, 1 / max(growth, 1e-9)),
        "\(name(column)) has a mean \(rounded(away)) deviations away and \(rounded(growth)) times the deviation"
      )
    }
    guard let worst = strange.max(by: { $0.size < $1.size }) else { return nil }
    let advice =
      complaintOfRescaling == nil
      ? "the trainer's option rescale=true takes them from these rows"
      : "make a new model of these rows"
    return
      "these rows lie elsewhere than those that the model's location and scale were taken from, which stay: \(worst.text), the furthest of \(strange.count) such columns; \(advice)"
  }

  private func strangeConstants(_ dataset: Dataset) -> String? {
    let active = Set(units.active)
    let strange = dataset.columns.indices.filter { column in
      guard !active.contains(column) else { return dataset.columns[column].isConstant }
      let own = dataset.columns[column]
      return !own.isConstant || abs(own.mean - units.mean[column]) > 1e-6 * abs(units.mean[column])
    }
    guard let first = strange.first else { return nil }
    if active.contains(first) {
      return
        "these rows do not vary where the model's did: \(name(first)), the first of \(strange.count) such columns"
    }
    return
      "these rows have other values where the model knows of one alone, \(units.mean[first]), which it goes on to write: \(name(first)), the first of \(strange.count) such columns; make a new model of these rows"
  }

  private func strangeClasses(_ dataset: Dataset) -> String? {
    guard !classes.isEmpty, let labels = dataset.labels else { return nil }
    let (own, all) = (labels.counts.reduce(0, +), classCounts.reduce(0, +))
    guard own > 0, all > 0 else { return nil }
    let counts = Dictionary(uniqueKeysWithValues: zip(labels.classes, labels.counts))
    typealias Share = (label: Int64, now: Double, then: Double)
    let shares = zip(classes, classCounts).map { label, count -> Share in
      (label, Double(counts[label] ?? 0) / Double(own), Double(count) / Double(all))
    }
    let far = shares.max { abs($0.now - $0.then) < abs($1.now - $1.then) }
    guard let far, abs(far.now - far.then) > max(0.1, 2.5 / Double(own).squareRoot()) else {
      return nil
    }
    return
      "these rows have classes in other proportions than the model draws them in: \(far.label) is \((100 * far.now).rounded()) % of them, \((100 * far.then).rounded()) % of the model's; give labels where rows are drawn"
  }
}
