import Core
import Data
import Glibc

extension ModelDescription {
  /// What a new model of `dataset` is.
  init(_ dataset: Dataset, _ options: Options) throws {
    let family = options[Key.family]
    let options = options.knowing(Key.hasLabels, dataset.labels != nil)
    try options.check()
    try self.init(family, dataset, options)
    let common = scaling(options, dataset) == .common
    network = try NetworkOptions(
      options, family, rows: dataset.rowCount, columns: dimension, common: common)
    if family.isOnGrid {
      network.spatialAxes = options[NetworkOptions.Key.spatialAxes] ?? (shape.count == 2 ? 1 : 2)
      if options[NetworkOptions.Key.widths] == nil, let grid {
        network.widths = UNet.widths(of: grid)
      }
      if let complaint = complaintOfGrid() { throw complaint }
    }
    let isHalfLine = StatisticTable.isHalfLine(domain)
    try options.knowing(FamilyParameters.Key.isHalfLine, isHalfLine).check()
    familyParameters = try FamilyParameters(
      options, family, dimension: dimension, rows: dataset.rowCount)
    try checkDomain()
    try choosePreconditioning(options, dataset)
    if family.needsScale, scaling(options, dataset) == .none {
      throw Options.bad("scale", "is 'none'; kernels of unit size want scale=columns or common")
    }
  }

  /// Networks on rows begin as the Gaussian of the data, where its covariance is known and their
  /// output stands for what it lacks.
  private mutating func choosePreconditioning(_ options: Options, _ dataset: Dataset) throws {
    guard family.isPerceptron else { return }
    let isTold = network.noiseConditional
    let fits =
      domain == .real && !covariance.axes.isEmpty
      && (!isTold || [.edm, .velocity].contains(network.parameterization))
    let asked = options[NetworkOptions.Key.preconditioning]
    if asked == .covariance, !fits {
      throw Options.bad(
        "preconditioning",
        "is 'covariance', which is for up to 256 columns without a domain and for parameterization=edm or v; take isotropic"
      )
    }
    // Of pictures, which have one scale, digits came out a little better with one deviation for all
    // directions.
    network.preconditioning = asked ?? (fits && ownScaling != .common ? .covariance : .isotropic)
    guard network.preconditioning == .covariance else { return }
    resolution = try Models.resolution(of: dataset, self, variances: baseVariances)
    // Thin laws need levels below their width.
    sigmaMin = lowestLevel
    // Few rows that show nothing finer than the Gaussian leave a network little to learn but the
    // rows.
    if options[NetworkOptions.Key.widths] == nil, dataset.rowCount < 500, dimension <= 20,
      resolution > 0.5
    {
      network.widths = [32, 32]
    }
  }

  /// A domain is for densities of one level: noise would leave it.
  func checkDomain() throws {
    guard domain != .real else { return }
    guard family.allowsDomain else {
      throw Options.bad(
        "domain",
        "is not for family=\(family.rawValue); exponential, networks and graphs of one level take it"
      )
    }
    guard !isNoiseConditional else {
      throw Options.bad(
        "domain",
        family == .graph
          ? "is for densities of one level; the graph uses sigma"
          : "is for densities of one level: give noise_conditional=false")
    }
  }

  /// What every family has.
  init(_ family: FamilyKind, _ dataset: Dataset, _ options: Options) throws {
    self.family = family
    shape = [1] + dataset.shape.dropFirst()
    names = dataset.names
    isSingle = dataset.isSingle
    let active = dataset.columns.indices.filter { !dataset.columns[$0].isConstant }
    guard !active.isEmpty else {
      throw SteinError(
        .badValue, "every column of the data set is constant; there is nothing to learn",
        argument: "dataset")
    }
    network = .plain
    familyParameters = FamilyParameters()
    domain = .real
    noiseKernel = .gaussian
    units = Units(mean: [], scale: [], active: active)
    sigmaData = 1
    let labels = options[Key.classes] == .ignore ? nil : dataset.labels
    guard labels == nil || family.hasNetwork else {
      let takers = FamilyKind.allCases.filter(\.hasNetwork).map(\.rawValue)
      throw SteinError(
        .badValue,
        "family=\(family.rawValue) has no use for the labels of the data set: make it without labels, or say classes=ignore, or take \(takers.joined(separator: ", ")), which learn a density of each class",
        argument: "dataset")
    }
    classes = labels?.classes ?? []
    classCounts = labels?.counts ?? []
    location = []
    largestDistance = 0
    sigmaMin = 0.01
    sigmaMax = 80
    trained = false
    unconditional = classes.isEmpty
    let scaling = scaling(options, dataset)
    units = Units(
      dataset, active: active, scaling,
      keepsOrigin: scaling == .none || options[Domain.Key.kind] == .positive)
    location = location(of: dataset)
    domain = try Domain(options, dataset, units)
    if scaling == .none { sigmaData = dataset.commonDeviation(active) }
    guard (1e-9 ... 1e9).contains(sigmaData) else {
      throw SteinError(
        .badValue,
        "with scale=none the deviation of the data, \(sigmaData), is too extreme for float32; scale them",
        argument: "dataset")
    }
    covariance = try DataCovariance(dataset, units)
    largestDistance = try dataset.largestDistance(units)
    sigmaMax = min(max(largestDistance, 10 * sigmaData), 80 * sigmaData)
    sigmaMin = 0.01 * sigmaData
  }

  enum Scaling: String, CaseIterable, Sendable { case columns, common, none }

  func scaling(_ options: Options, _ dataset: Dataset) -> Scaling {
    if let asked = options[Key.scale] { return asked }
    if let usual = family.usualScaling { return usual }
    return dataset.shape.count >= 3 || options[Domain.Key.kind] == .ball ? .common : .columns
  }
}
