import Core
import Glibc
import Graph

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
  package var familyParameters: FamilyParameters
  package var domain: Domain
  /// Mean of u: 0 where the mean was taken off.
  var location: [Double]
  /// The Gaussian that the data are like.
  package var covariance = DataCovariance()
  /// The finest scale at which the rows were seen to have a density, in units of that Gaussian; 0:
  /// none.
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

  /// The Gaussian that the network begins as; nil where that is isotropic.
  package var base: GaussianBase? {
    guard network.preconditioning == .covariance, !covariance.axes.isEmpty else { return nil }
    return GaussianBase(
      location: location, axes: covariance.axes, variances: baseVariances, resolution: resolution)
  }

  /// Above 0, so that an empty direction has a width too: a thousandth of σ_data.
  var baseVariances: [Double] {
    let known =
      covariance.shrunkVariances.isEmpty ? covariance.variances : covariance.shrunkVariances
    return known.map { max($0, 1e-6 * sigmaData * sigmaData) }
  }

  /// Columns that vary: the model's dimension.
  package var dimension: Int { units.active.count }

  /// Whether the density changes with the noise level.
  package var isNoiseConditional: Bool { family.isNoiseConditional ?? network.noiseConditional }

  package func makeFamily() -> any Family { family.definition.make(self) }

  func network(outputs: Int, lastLayer: ParameterSpec.Start) -> Network {
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

  var unet: any Backbone {
    guard let grid else { return network(outputs: dimension, lastLayer: .zeros) }
    return UNet(
      grid: grid, widths: network.widths, blocks: network.blocks, activation: network.activation,
      embedding: noiseEmbedding)
  }

  /// Why its U-Net can't be made; nil if it can.
  func complaintOfGrid() -> SteinError? {
    guard family.isOnGrid else { return nil }
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
