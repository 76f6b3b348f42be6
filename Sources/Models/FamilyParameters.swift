import Core

/// What families without a network are made of.
package struct FamilyParameters: Sendable {
  package enum Covariance: String, Sendable, CaseIterable, JSONValue {
    case full
    case diagonal
    case lowRank = "low_rank"
  }

  enum Statistics: String, Sendable, CaseIterable, JSONValue {
    /// Every monomial up to a degree.
    case polynomial
    /// Powers of each column and products of each pair: a graphical model.
    case pairwise
  }

  enum Conditional: String, Sendable, CaseIterable, JSONValue {
    case gaussian
    case logistic
  }

  /// Of a mixture, or of each conditional density.
  var components = 1
  package var covariance = Covariance.full
  package var rank = 1
  var statistics = Statistics.polynomial
  var degree = 2
  /// a and b of u^a u^a and u^b on the positive half-line; 0 stands for the logarithm.
  var exponents = [1.0, 1.0]
  /// Points that kernels are centred at.
  var points = 1
  var kernels = 1
  var couplings = 4
  var conditional = Conditional.gaussian
  /// The caller's own model.
  package var graph: GraphModel?
}

extension FamilyParameters {
  init(_ options: Options, _ family: FamilyKind, dimension: Int, rows: Int) throws {
    components = options[Key.components] ?? family.usualComponents
    covariance = options[Key.covariance]
    rank = min(options[Key.rank], dimension)
    statistics = options[Key.statistics]
    degree = options[Key.degree]
    exponents = options[Key.exponents]
    points = min(options[Key.points], rows)
    kernels = options[Key.kernels] ?? family.usualKernels
    couplings = options[Key.couplings]
    conditional = options[Key.conditional]
    if components > rows {
      throw Options.bad(Key.components, "is \(components); there are \(rows) rows")
    }
    if let complaint = family.complaint(self, dimension) { throw complaint }
  }
}

extension FamilyParameters {
  /// What files keep.
  static let coded: [CodedField<FamilyParameters>] = [
    .init("components", \.components) { (1 ... 4096).contains($0) },
    .init("covariance", \.covariance),
    .init("rank", \.rank) { $0 > 0 },
    .init("statistics", \.statistics),
    .init("degree", \.degree) { (1 ... 16).contains($0) },
    .init("exponents", \.exponents),
    .init("points", \.points) { (1 ... 1 << 20).contains($0) },
    .init("kernels", \.kernels) { (1 ... 64).contains($0) },
    .init("couplings", \.couplings) { (1 ... 64).contains($0) },
    .init("conditional", \.conditional),
  ]

  var fields: [(String, JSON)] {
    FamilyParameters.coded.fields(self) + [("graph", graph?.json ?? .null)]
  }

  /// Reads what `fields` writes; nil for what no model has.
  init?(_ json: JSON, _ family: FamilyKind, dimension: Int) throws {
    self.init()
    guard FamilyParameters.coded.read(json, into: &self), rank <= max(dimension, 1),
      family.complaint(self, dimension) == nil
    else { return nil }
    guard family == .graph else { return }
    guard let program = json["graph"] else { return nil }
    graph = try GraphModel(program, dimension: dimension)
  }
}
