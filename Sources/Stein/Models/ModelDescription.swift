import Execution
import Glibc

/// What a model is, apart from its weights: everything its file says in words.
package struct ModelDescription: Sendable {
  package var family: String
  /// [1, ...].
  package var shape: [Int]
  package var names: [String]?
  package var units: Units
  /// Root mean square of u over the columns that vary.
  package var sigmaData: Double
  package var classes: [Int64]
  package var classCounts: [Int]
  var network: NetworkOptions
  /// Largest distance between two rows of u, as measured on a sample of them.
  package var largestDistance: Double
  package var sigmaMin: Double
  package var sigmaMax: Double
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
  }

  /// Columns that vary: the model's dimension.
  package var dimension: Int { units.active.count }

  func makeFamily() -> any Family {
    let energy = family == "energy_mlp"
    let network = Network(
      inputs: dimension, outputs: energy ? 1 : dimension, widths: self.network.widths,
      residual: self.network.residual, activation: self.network.activation,
      embedding: self.network.noiseConditional ? self.network.embedding : .none,
      classes: classes.count, dropout: self.network.dropout,
      lastLayer: energy
        ? .normal(deviation: 1 / Double(self.network.widths.last ?? 1).squareRoot()) : .zeros)
    switch family {
    case "gaussian": return Gaussian(dimension: dimension)
    case "energy_mlp":
      return EnergyMLP(
        network: network, sigmaData: sigmaData, isNoiseConditional: self.network.noiseConditional)
    default: return ScoreMLP(network: network, sigmaData: sigmaData)
    }
  }
}

/// Inside the library a row is u = (x − mean)/scale without its constant columns.
package struct Units: Sendable, Equatable {
  package let mean: [Double]
  package let scale: [Double]
  /// The columns that vary, in order.
  package let active: [Int]

  package var count: Int { mean.count }
}

extension ModelDescription {
  /// What a new model of `dataset` is.
  init(_ dataset: Dataset, _ options: Options) throws {
    family = options.choice("family") ?? "score_mlp"
    shape = [1] + dataset.shape.dropFirst()
    names = dataset.names
    let active = dataset.columns.indices.filter { !dataset.columns[$0].isConstant }
    guard !active.isEmpty else {
      throw SteinError(
        .badValue, "every column of the data set is constant; there is nothing to learn",
        argument: "dataset")
    }
    let common =
      (options.choice("scale") ?? (dataset.shape.count >= 3 ? "common" : "columns")) == "common"
    let deviations = active.map { dataset.columns[$0].deviation }
    // By the largest first, so that squares of extreme deviations stay finite.
    let largest = deviations.max() ?? 1
    let square = deviations.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }
    let shared = largest * (square / Double(active.count)).squareRoot()
    units = Units(
      mean: dataset.columns.map(\.mean),
      scale: dataset.columns.map { $0.isConstant ? 1 : common ? shared : $0.deviation },
      active: active)
    sigmaData = 1
    classes = family == "gaussian" ? [] : dataset.labels?.classes ?? []
    classCounts = family == "gaussian" ? [] : dataset.labels?.counts ?? []
    network = try NetworkOptions(options, family: family, rows: dataset.rowCount, common: common)
    largestDistance = try dataset.largestDistance(units)
    sigmaMin = 0.01
    sigmaMax = min(max(largestDistance, 10), 80)
    trained = false
    unconditional = classes.isEmpty
  }
}

extension ModelDescription.NetworkOptions {
  init(_ options: Options, family: String, rows: Int, common: Bool) throws {
    let energy = family == "energy_mlp"
    activation = options.choice("activation").flatMap(Network.Activation.init) ?? .silu
    if energy, activation == .relu {
      throw Options.bad(
        "activation",
        "is 'relu', whose energy has no second derivative; take silu, softplus or tanh")
    }
    residual = options.flag("residual") ?? !energy
    noiseConditional = energy ? options.flag("noise_conditional") ?? true : true
    if options.flag("noise_conditional") == false, !energy {
      throw Options.bad("noise_conditional", "is false, which only energy_mlp can be")
    }
    embedding = options.choice("embedding").flatMap(Network.Embedding.init) ?? .fourier
    dropout = options.number("dropout") ?? (residual ? 0.1 : 0)
    if dropout > 0, !residual { throw Options.bad("dropout", "is for residual blocks") }
    let small = energy ? [128, 128] : [128, 128, 128]
    widths =
      options.integers("widths")
      ?? (rows < 500 && !common ? [64, 64] : rows < 5000 && !common ? small : [256, 256, 256])
    if residual, Set(widths).count > 1 {
      throw Options.bad("widths", "are \(widths); residual blocks have one width")
    }
  }
}

extension Dataset {
  /// The largest distance between two rows in `units`, among at most so many rows that it takes a fraction of a second.
  func largestDistance(_ units: Units) throws -> Double {
    let d = units.active.count
    let affordable = Int((4e7 / Double(d)).squareRoot())
    let count = min(rowCount, max(2, min(affordable, 2000)))
    let factors = units.active.map { columns[$0].deviation / units.scale[$0] }
    let step = Double(rowCount) / Double(count)
    let rows = (0 ..< count).map { Int(Double($0) * step) }
    var largest = 0.0
    for (i, a) in rows.enumerated() {
      for b in rows[..<i] {
        var sum = 0.0
        for (j, column) in units.active.enumerated() {
          let difference =
            Double(values.view[a * columnCount + column] - values.view[b * columnCount + column])
          sum += difference * difference * factors[j] * factors[j]
        }
        largest = max(largest, sum)
      }
    }
    return largest.squareRoot()
  }
}
