package import Core

/// What families without a network are made of.
package struct Structure: Sendable {
  package enum Covariance: String, Sendable, CaseIterable {
    case full
    case diagonal
    case lowRank = "low_rank"
  }

  enum Statistics: String, Sendable, CaseIterable {
    /// Every monomial up to a degree.
    case polynomial
    /// Powers of each column and products of each pair: a graphical model.
    case pairwise
  }

  enum Conditional: String, Sendable, CaseIterable {
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

extension Structure {
  package init(_ options: Options, _ family: FamilyKind, dimension: Int, rows: Int) throws {
    components = options.integer("components") ?? (family == .mixture ? 5 : 1)
    covariance = options.value("covariance")
    rank = min(options.value("rank"), dimension)
    statistics = options.value("statistics")
    degree = options.value("degree")
    exponents = options.value("exponents")
    points = min(options.value("points"), rows)
    kernels = options.integer("kernels") ?? (family == .deepKernelExponential ? 3 : 1)
    couplings = options.value("couplings")
    conditional = options.value("conditional")
    if family == .nice, dimension < 2 {
      throw SteinError(
        .unsupported,
        "family=nice couples columns and there is one; take autoregressive or mixture",
        argument: "dataset")
    }
    if components > rows {
      throw Options.bad("components", "is \(components); there are \(rows) rows")
    }
    if let complaint = complaint(family, dimension: dimension) { throw complaint }
  }

  /// Why this is no model of so many columns; nil if it is one.
  func complaint(_ family: FamilyKind, dimension: Int) -> SteinError? {
    if family == .autoregressive, components * dimension > 1 << 20 {
      return Options.bad("components", "is \(components), too many for \(dimension) columns")
    }
    guard family == .exponential else { return nil }
    guard exponents.count == 2, exponents.allSatisfy({ (0 ... 64).contains($0) }),
      exponents[0] > 0
    else {
      return Options.bad("exponents", "are \(exponents); they are a > 0 and b >= 0, at most 64")
    }
    let count = StatisticTable.count(self, dimension: dimension)
    guard count <= StatisticTable.most, count * dimension <= 1 << 20 else {
      return Options.bad(
        "degree",
        "is \(degree), which gives \(dimension) columns too many statistics; take statistics=pairwise or a lower one"
      )
    }
    return nil
  }
}

extension Structure {
  var fields: [(String, JSON)] {
    [
      ("components", .integer(components)), ("covariance", .string(covariance.rawValue)),
      ("rank", .integer(rank)), ("statistics", .string(statistics.rawValue)),
      ("degree", .integer(degree)), ("exponents", .array(exponents.map(JSON.number))),
      ("points", .integer(points)), ("kernels", .integer(kernels)),
      ("couplings", .integer(couplings)), ("conditional", .string(conditional.rawValue)),
      ("graph", graph?.json ?? .null),
    ]
  }

  /// Reads what `fields` writes; nil for what no model has.
  init?(_ json: JSON, _ family: FamilyKind, dimension: Int) throws {
    func integer(_ key: String, _ range: ClosedRange<Int>) -> Int? {
      json[key]?.integer.flatMap { range.contains($0) ? $0 : nil }
    }
    guard let components = integer("components", 1 ... 4096),
      let covariance = json["covariance"]?.string.flatMap(Covariance.init),
      let rank = integer("rank", 1 ... max(dimension, 1)),
      let statistics = json["statistics"]?.string.flatMap(Statistics.init),
      let degree = integer("degree", 1 ... 16), let exponents = json["exponents"]?.doubles,
      let points = integer("points", 1 ... 1 << 20), let kernels = integer("kernels", 1 ... 64),
      let couplings = integer("couplings", 1 ... 64),
      let conditional = json["conditional"]?.string.flatMap(Conditional.init)
    else { return nil }
    self.components = components
    (self.covariance, self.rank) = (covariance, rank)
    (self.statistics, self.degree, self.exponents) = (statistics, degree, exponents)
    (self.points, self.kernels, self.couplings) = (points, kernels, couplings)
    self.conditional = conditional
    guard complaint(family, dimension: dimension) == nil, family != .nice || dimension > 1 else {
      return nil
    }
    if family == .graph {
      guard let program = json["graph"] else { return nil }
      graph = try GraphModel(program, dimension: dimension)
    }
  }
}
