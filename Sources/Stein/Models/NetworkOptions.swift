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
  enum PreconditioningKind: String, Sendable, CaseIterable {
    /// The covariance of the data, by its axes.
    case covariance
    /// One deviation for all directions.
    case isotropic
  }
}

extension ModelDescription.NetworkOptions {
  /// For families without a network.
  static let plain = ModelDescription.NetworkOptions(
    widths: [1], activation: .silu, residual: false, embedding: .log, noiseConditional: false,
    dropout: 0, parameterization: .edm)

  init(_ options: Options, _ family: FamilyKind, rows: Int, columns: Int, common: Bool) throws {
    self = .plain
    guard family.options.contains(where: { $0.spec.name == "widths" }) else { return }
    let isScore = [.scoreMLP, .scoreUNet].contains(family)
    let hasBlocks = family == .scoreMLP
    blocks = options[Key.blocks]
    activation =
      options[Key.activation]
      ?? (family == .deepKernelExponential ? .softplus : .silu)
    if !isScore, activation == .relu {
      throw Options.bad(
        "activation",
        "is 'relu', whose energy has no second derivative; take silu, softplus or tanh")
    }
    residual = options[Key.residual].map { $0 == "true" } ?? hasBlocks
    try options.choosing(Key.residual, residual ? "true" : "false").check()
    noiseConditional = family.hasNetwork && options[Key.noiseConditional]
    embedding = options[Key.embedding]
    parameterization =
      options[Key.parameterization]
      ?? (noiseConditional ? .edm : .score)
    // On few rows of a table a network soon knows them by heart.
    let usualDropout = rows < 500 && !common ? 0.25 : 0.1
    dropout = options[Key.dropout] ?? (residual ? usualDropout : 0)
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
    widths = options[Key.widths] ?? usual
    if residual, Set(widths).count > 1 {
      throw Options.bad("widths", "are \(widths); residual blocks have one width")
    }
  }
}
