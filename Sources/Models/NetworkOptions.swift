import Core

extension ModelDescription {
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
  enum PreconditioningKind: String, Sendable, CaseIterable, JSONValue {
    /// The covariance of the data, by its axes.
    case covariance
    /// One deviation for all directions.
    case isotropic
  }
}

extension ModelDescription.NetworkOptions {
  /// What files keep of every model, and of one on a grid.
  static let coded: [CodedField<Self>] = [
    .init("widths", \.widths) {
      !$0.isEmpty && $0.count <= 64 && $0.allSatisfy((1 ... 8192).contains)
    },
    .init("activation", \.activation),
    .init("residual", \.residual),
    .init("embedding", \.embedding),
    .init("noise_conditional", \.noiseConditional),
    .init("dropout", \.dropout) { (0 ... 0.9).contains($0) },
    .init("parameterization", \.parameterization),
    .init("preconditioning", \.preconditioning, missing: .isotropic),
  ]

  static let codedOnGrid: [CodedField<Self>] = [
    .init("blocks", \.blocks, missing: 1) { (1 ... UNet.mostBlocks).contains($0) },
    .init("spatial_axes", \.spatialAxes, missing: 2) { (1 ... 2).contains($0) },
  ]

  /// For families without a network.
  static let plain = ModelDescription.NetworkOptions(
    widths: [1], activation: .silu, residual: false, embedding: .log, noiseConditional: false,
    dropout: 0, parameterization: .edm)

  init(_ options: Options, _ family: FamilyKind, rows: Int, columns: Int, common: Bool) throws {
    self = .plain
    guard family.options.contains(where: { $0.spec.name == "widths" }) else { return }
    let usual = family.network
    blocks = options[Key.blocks]
    activation =
      options[Key.activation]
      ?? usual.activation
    if family.hasEnergy, activation == .relu {
      throw Options.bad(
        "activation",
        "is 'relu', whose energy has no second derivative; take silu, softplus or tanh")
    }
    residual = options[Key.residual].map { $0 == "true" } ?? usual.isResidual
    try options.choosing(Key.residual, residual ? "true" : "false").check()
    noiseConditional = family.hasNetwork && options[Key.noiseConditional]
    embedding = options[Key.embedding]
    parameterization =
      options[Key.parameterization]
      ?? (noiseConditional ? .edm : .score)
    // On few rows of a table a network soon knows them by heart.
    let usualDropout = rows < 500 && !common ? 0.25 : 0.1
    dropout = options[Key.dropout] ?? (residual ? usualDropout : 0)
    widths = options[Key.widths] ?? usual.widths(rows, columns, common)
    if residual, Set(widths).count > 1 {
      throw Options.bad("widths", "are \(widths); residual blocks have one width")
    }
  }
}
