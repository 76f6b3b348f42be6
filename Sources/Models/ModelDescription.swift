package import Core
package import Data
import Glibc
import Graph
import Platform

/// What a model is, apart from its weights: everything its file says in words.
package struct ModelDescription: Sendable {
  package var family: FamilyKind
  /// [1, ...].
  package var shape: [Int]
  package var names: [String]?
  /// Whether float32 holds the rows that it was made of as they came.
  var isSingle: Bool
  package var units: Units
  /// Root mean square of u over the columns that vary.
  package var sigmaData: Double
  package var classes: [Int64]
  package var classCounts: [Int]
  var network: NetworkOptions
  package var structure: Structure
  package var domain: Domain
  /// Mean of u: 0 where the mean was taken off.
  var location: [Double]
  /// The Gaussian that the data are like.
  package var law = DataLaw()
  /// The finest scale at which the rows were seen to have a density, in units of that Gaussian; 0: none.
  var resolution = 0.0
  /// The level at which the score of the data themselves is known best; nil: the lowest.
  package var cleanLevel: Double?
  /// Largest distance between two rows of u, as measured on a sample of them.
  package var largestDistance: Double
  package var sigmaMin: Double
  package var sigmaMax: Double
  /// The law of the noise that it was trained with.
  package var noiseKernel: NoiseKernel
  package var trained: Bool
  /// Whether the score without a class was learnt.
  package var unconditional: Bool

  struct NetworkOptions: Sendable {
    var widths: [Int]
    var activation: Network.Activation
    var residual: Bool
    var embedding: Network.Embedding
    var noiseConditional: Bool
    var dropout: Double
    var parameterization: Parameterization
    var preconditioning = PreconditioningKind.isotropic
    /// Of a U-Net: residual blocks of a level, and axes of the grid.
    var blocks = 1
    var spatialAxes = 2
  }

  /// By what a network's input and output are scaled, and what its score is where the network is 0.
  enum PreconditioningKind: String, Sendable, CaseIterable {
    /// The covariance of the data, by its axes.
    case covariance
    /// One deviation for all directions.
    case isotropic
  }

  /// The Gaussian that the network begins as; nil where that is isotropic.
  package var base: GaussianBase? {
    guard network.preconditioning == .covariance, !law.axes.isEmpty else { return nil }
    return GaussianBase(
      location: location, axes: law.axes, variances: baseVariances, resolution: resolution)
  }

  /// Above 0, so that an empty direction has a width too: a thousandth of σ_data.
  var baseVariances: [Double] {
    let known = law.shrunkVariances.isEmpty ? law.variances : law.shrunkVariances
    return known.map { max($0, 1e-6 * sigmaData * sigmaData) }
  }

  /// Columns that vary: the model's dimension.
  package var dimension: Int { units.active.count }

  /// Whether the density changes with the noise level.
  package var isNoiseConditional: Bool { family.isNoiseConditional ?? network.noiseConditional }

  package func makeFamily() -> any Family {
    let d = dimension
    switch family {
    case .scoreMLP: return ScoreNetwork(network: network(outputs: d, lastLayer: .zeros), self)
    case .scoreUNet: return ScoreNetwork(network: unet, self)
    case .energyMLP:
      let start = 1 / Double(network.widths.last ?? 1).squareRoot()
      return EnergyMLP(
        network: network(outputs: 1, lastLayer: .normal(deviation: start)), sigmaData: sigmaData,
        isNoiseConditional: network.noiseConditional, base: base)
    case .gaussian: return Gaussian(dimension: d)
    case .mixture: return Mixture(dimension: d, structure, sigmaData: sigmaData)
    case .exponential: return Exponential(dimension: d, structure, domain)
    case .kernelExponential: return KernelExponential(dimension: d, structure, features: nil)
    case .deepKernelExponential:
      return KernelExponential(dimension: d, structure, features: network.widths)
    case .nice:
      return Nice(
        dimension: d, couplings: structure.couplings, widths: network.widths,
        activation: network.activation)
    case .autoregressive:
      return Autoregressive(dimension: d, structure, network.widths, network.activation)
    case .graph: return structure.graph ?? GraphModel.none(dimension: d)
    }
  }

  private func network(outputs: Int, lastLayer: ParameterSpec.Start) -> Network {
    Network(
      inputs: dimension, outputs: outputs, widths: network.widths, residual: network.residual,
      activation: network.activation, embedding: noiseEmbedding, dropout: network.dropout,
      lastLayer: lastLayer)
  }

  private var noiseEmbedding: NoiseEmbedding {
    NoiseEmbedding(
      kind: network.noiseConditional ? network.embedding : .none, classes: classes.count)
  }

  /// How a row lies on the grid of a U-Net; nil where it does not.
  var grid: Grid? {
    Grid(shape: Array(shape.dropFirst()), axes: network.spatialAxes, active: units.active)
  }

  private var unet: any Backbone {
    guard let grid else { return network(outputs: dimension, lastLayer: .zeros) }
    return UNet(
      grid: grid, widths: network.widths, blocks: network.blocks, activation: network.activation,
      embedding: noiseEmbedding)
  }

  /// Why its U-Net can't be made; nil if it can.
  func complaintOfGrid() -> SteinError? {
    guard family == .scoreUNet else { return nil }
    guard let grid else {
      return SteinError(
        .badShape,
        "family=score_unet wants rows [length], [height, width] or [height, width, channels], or with spatial_axes=1 [length, channels]; they are \(shape.dropFirst().map { $0 })",
        argument: "dataset")
    }
    let most = min(grid.halvings + 1, UNet.mostLevels)
    guard network.widths.count <= most else {
      return Options.bad(
        "widths",
        "has \(network.widths.count) levels, each of half the length; rows of shape \(shape.dropFirst().map { $0 }) have at most \(most)"
      )
    }
    return nil
  }
}

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

extension ModelDescription {
  /// What a new model of `dataset` is.
  package init(_ dataset: Dataset, _ options: Options) throws {
    let family: FamilyKind = options.value("family")
    let taken = family.options.union(FamilyKind.commonOptions)
    if let stranger = options.keys.first(where: { !taken.contains($0) }) {
      let own = family.options.sorted().joined(separator: ", ")
      throw Options.bad(stranger, "is not for family=\(family.rawValue), which takes \(own)")
    }
    try self.init(family, dataset, options)
    let common = scaling(options, dataset) == .common
    network = try NetworkOptions(
      options, family, rows: dataset.rowCount, columns: dimension, common: common)
    if family == .scoreUNet {
      network.spatialAxes = options.integer("spatial_axes") ?? (shape.count == 2 ? 1 : 2)
      if options.integers("widths") == nil, let grid { network.widths = UNet.widths(of: grid) }
      if let complaint = complaintOfGrid() { throw complaint }
    }
    structure = try Structure(options, family, dimension: dimension, rows: dataset.rowCount)
    try checkDomain()
    try choosePreconditioning(options, dataset)
    if [.kernelExponential, .deepKernelExponential].contains(family),
      scaling(options, dataset) == .none
    {
      throw Options.bad("scale", "is 'none'; kernels of unit size want scale=columns or common")
    }
  }

  /// Networks on rows begin as the Gaussian of the data, where its covariance is known and their output stands for what it lacks.
  private mutating func choosePreconditioning(_ options: Options, _ dataset: Dataset) throws {
    guard [.scoreMLP, .energyMLP].contains(family) else { return }
    let isTold = network.noiseConditional
    let fits =
      domain == .real && !law.axes.isEmpty
      && (!isTold || [.edm, .velocity].contains(network.parameterization))
    let asked = options.choice("preconditioning").flatMap(PreconditioningKind.init)
    if asked == .covariance, !fits {
      throw Options.bad(
        "preconditioning",
        "is 'covariance', which is for up to 256 columns without a domain and for parameterization=edm or v; take isotropic"
      )
    }
    // Of pictures, which have one scale, digits came out a little better with one deviation for all directions.
    network.preconditioning = asked ?? (fits && ownScaling != .common ? .covariance : .isotropic)
    guard network.preconditioning == .covariance else { return }
    resolution = try Models.resolution(of: dataset, self, variances: baseVariances)
    // Thin laws need levels below their width.
    sigmaMin = lowestLevel
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
  package init(_ family: FamilyKind, _ dataset: Dataset, _ options: Options) throws {
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
    structure = Structure()
    domain = .real
    noiseKernel = .gaussian
    units = Units(mean: [], scale: [], active: active)
    sigmaData = 1
    let labels = options.value("classes") == "ignore" ? nil : dataset.labels
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
      keepsOrigin: scaling == .none || options.value("domain") == "positive")
    location = location(of: dataset)
    domain = try Domain(options, dataset, units)
    if scaling == .none { sigmaData = dataset.commonDeviation(active) }
    guard (1e-9 ... 1e9).contains(sigmaData) else {
      throw SteinError(
        .badValue,
        "with scale=none the deviation of the data, \(sigmaData), is too extreme for float32; scale them",
        argument: "dataset")
    }
    law = try DataLaw(dataset, units)
    largestDistance = try dataset.largestDistance(units)
    sigmaMax = min(max(largestDistance, 10 * sigmaData), 80 * sigmaData)
    sigmaMin = 0.01 * sigmaData
  }

  enum Scaling: String { case columns, common, none }

  func scaling(_ options: Options, _ dataset: Dataset) -> Scaling {
    if let asked = options.choice("scale").flatMap(Scaling.init) { return asked }
    if family == .graph { return .none }
    if family == .scoreUNet { return .common }
    return dataset.shape.count >= 3 || options.value("domain") == "ball" ? .common : .columns
  }
}

extension Domain {
  /// The domain that options name in the data's units, in units of u.
  ///
  /// The data must lie in it.
  package init(_ options: Options, _ dataset: Dataset, _ units: Units) throws {
    let kind: String = options.value("domain")
    let active = units.active
    func bounds(_ key: String, _ none: Double) throws -> [Double] {
      guard let given = options.numbers(key) else { return active.map { _ in none } }
      guard given.count == 1 || given.count == units.count else {
        throw Options.bad(
          key, "has \(given.count) values; it takes one, or one for each of \(units.count) columns")
      }
      return active.map { column in
        ((given.count == 1 ? given[0] : given[column]) - units.mean[column]) / units.scale[column]
      }
    }
    let taken = ["box": ["lower", "upper"], "ball": ["centre", "radius"]][kind] ?? []
    for key in ["lower", "upper", "centre", "radius"] where options.isSet(key) {
      guard taken.contains(key) else { throw Options.bad(key, "is not for domain=\(kind)") }
    }
    switch kind {
    case "positive":
      self = .box(
        lower: active.map { -units.mean[$0] / units.scale[$0] },
        upper: active.map { _ in .infinity })
    case "box":
      let (lower, upper) = (try bounds("lower", -.infinity), try bounds("upper", .infinity))
      guard zip(lower, upper).allSatisfy(<) else {
        throw Options.bad("lower", "is not below upper in every column")
      }
      guard (lower + upper).contains(where: \.isFinite) else {
        throw Options.bad("domain", "is 'box', which wants lower, upper or both")
      }
      self = .box(lower: lower, upper: upper)
    case "ball":
      let scale = units.scale[active[0]]
      guard active.allSatisfy({ units.scale[$0] == scale }) else {
        throw Options.bad("domain", "is 'ball', which wants scale=common or scale=none")
      }
      guard let radius = options.number("radius"), radius > 0 else {
        throw Options.bad("radius", "is missing; domain=ball wants one above 0")
      }
      self = .ball(
        centre: try bounds("centre", 0).enumerated().map { index, value in
          options.isSet("centre") ? value : -units.mean[active[index]] / scale
        }, radius: radius / scale)
    default: self = .real
    }
  }
}

extension ModelDescription.NetworkOptions {
  /// For families without a network.
  static let plain = ModelDescription.NetworkOptions(
    widths: [1], activation: .silu, residual: false, embedding: .log, noiseConditional: false,
    dropout: 0, parameterization: .edm)

  package init(_ options: Options, _ family: FamilyKind, rows: Int, columns: Int, common: Bool)
    throws
  {
    self = .plain
    guard family.options.contains("widths") else { return }
    let isScore = [.scoreMLP, .scoreUNet].contains(family)
    let hasBlocks = family == .scoreMLP
    blocks = options.value("blocks")
    activation =
      options.choice("activation").flatMap(Network.Activation.init)
      ?? (family == .deepKernelExponential ? .softplus : .silu)
    if !isScore, activation == .relu {
      throw Options.bad(
        "activation",
        "is 'relu', whose energy has no second derivative; take silu, softplus or tanh")
    }
    residual = options.flag("residual") ?? hasBlocks
    noiseConditional = family.hasNetwork && options.value("noise_conditional")
    embedding = options.value("embedding")
    parameterization =
      options.choice("parameterization").flatMap(Parameterization.init)
      ?? (noiseConditional ? .edm : .score)
    if !noiseConditional, isScore, parameterization != .score {
      throw Options.bad(
        "parameterization", "other than score wants a network told of the noise level")
    }
    // On few rows of a table a network soon knows them by heart.
    let usualDropout = rows < 500 && !common ? 0.25 : 0.1
    dropout = options.number("dropout") ?? (residual ? usualDropout : 0)
    if dropout > 0, !residual { throw Options.bad("dropout", "is for residual blocks") }
    let usual: [Int]
    switch family {
    case .deepKernelExponential: usual = [30, 30, 30]
    case .nice, .autoregressive: usual = rows < 5000 ? [64, 64] : [256, 256]
    default:
      if common {
        usual = [256, 256, 256]
      } else if rows < 500 && columns <= 20 {
        usual = [64, 64]
      } else {
        usual = rows < 5000 && columns <= 100 ? [128, 128] : [256, 256]
      }
    }
    widths = options.integers("widths") ?? usual
    if residual, Set(widths).count > 1 {
      throw Options.bad("widths", "are \(widths); residual blocks have one width")
    }
  }
}

extension Dataset {
  /// Root mean square of the deviations of some columns.
  func commonDeviation(_ active: [Int]) -> Double {
    let deviations = active.map { columns[$0].deviation }
    // By the largest first, so that squares of extreme deviations stay finite.
    let largest = deviations.max() ?? 1
    let square = deviations.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }
    return largest * (square / Double(active.count)).squareRoot()
  }

  /// The largest distance between two rows in `units`, among at most so many rows that it takes a fraction of a second.
  func largestDistance(_ units: Units) throws -> Double {
    let d = units.active.count
    let affordable = Int((4e7 / Double(d)).squareRoot())
    let count = min(rowCount, max(2, min(affordable, 2000)))
    let factors = units.active.map { columns[$0].deviation / units.scale[$0] }
    let step = Double(rowCount) / Double(count)
    let rows = (0 ..< count).map { Int(Double($0) * step) }
    var largest = 0.0
    let (u, active) = (values.view, units.active)
    for (i, a) in rows.enumerated() {
      for b in rows[..<i] {
        var sum = 0.0
        for j in 0 ..< d {
          let difference = Double(u[a * columnCount + active[j]] - u[b * columnCount + active[j]])
          sum += difference * difference * factors[j] * factors[j]
        }
        largest = max(largest, sum)
      }
    }
    return largest.squareRoot()
  }
}
