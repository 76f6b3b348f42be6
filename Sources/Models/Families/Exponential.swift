import Core
package import Graph

/// An exponential family in its natural parameters: p(u) ∝ exp(θᵀT(u)), on the real line or on a
/// domain.
///
/// Nothing is asked of θ: score matching needs no normalising constant, so a fit may also be a
/// density that has none.
package struct Exponential: LinearFamily {
  package let table: StatisticTable

  init(dimension: Int, _ familyParameters: FamilyParameters, _ domain: Domain) {
    table = StatisticTable(familyParameters, dimension: dimension, domain)
  }

  package var parameters: [ParameterSpec] {
    [ParameterSpec(name: "theta", shape: [table.count], start: .values(table.start))]
  }

  package var linearParameter: Int { 0 }
  package var work: RowWork { .layers(widest: table.count) }

  package func statistics(_ graph: inout Graph, _ parameters: [Node], _ x: Node) -> Node {
    table.node(&graph, x)
  }

  package func base(_ graph: inout Graph, _ parameters: [Node], _ x: Node) -> Node? { nil }
}

/// Which functions of u an exponential family has, each a product of features of single columns.
///
///     polynomial               Π u_i^{e_i}, Σ e_i ≤ degree
///     pairwise, real line      u_i, …, u_i^degree and u_i u_j
///     pairwise, half-line      u_i^a u_j^a for i ≤ j, and u_i^b, or ln u_i for b = 0 (Yu, Drton & Shojaie 2019: a-b models)
package struct StatisticTable: Sendable {
  /// Features of columns: u^power, or ln u for 0.
  let powers: [Double]
  package let dimension: Int
  /// Each a product of features, numbered power · D + column.
  let products: [[Int]]

  static let most = 4096

  package var count: Int { products.count }

  init(_ familyParameters: FamilyParameters, dimension d: Int, _ domain: Domain) {
    dimension = d
    let half = familyParameters.statistics == .pairwise && StatisticTable.isHalfLine(domain)
    powers = half ? familyParameters.exponents : [1]
    switch familyParameters.statistics {
    case .polynomial:
      products = (1 ... familyParameters.degree).flatMap { StatisticTable.monomials(degree: $0, d) }
    case .pairwise where half:
      products =
        StatisticTable.monomials(degree: 2, d) + (0 ..< d).map { [d + $0] }
    case .pairwise:
      let own = (1 ... familyParameters.degree).flatMap { power in
        (0 ..< d).map { [Int](repeating: $0, count: power) }
      }
      products = own + StatisticTable.monomials(degree: 2, d).filter { $0[0] != $0[1] }
    }
  }

  /// Whether the domain is 0 and above in every column.
  static func isHalfLine(_ domain: Domain) -> Bool {
    guard case .box(let lower, let upper) = domain else { return false }
    return lower.allSatisfy { $0 == 0 } && upper.allSatisfy { $0 == .infinity }
  }

  /// How many there would be, without making them.
  static func count(_ familyParameters: FamilyParameters, dimension d: Int) -> Int {
    guard d <= most else { return .max }
    if familyParameters.statistics == .pairwise {
      return d * (d + 1) / 2 + d * familyParameters.degree
    }
    var (count, layer) = (0, 1.0)
    for degree in 1 ... familyParameters.degree {
      layer = layer * Double(d + degree - 1) / Double(degree)
      guard layer < Double(most) * 2 else { return .max }
      count += Int(layer.rounded())
    }
    return count
  }

  private static func monomials(degree: Int, _ d: Int) -> [[Int]] {
    guard degree > 0 else { return [[]] }
    return monomials(degree: degree - 1, d).flatMap { head in
      ((head.last ?? 0) ..< d).map { head + [$0] }
    }
  }

  /// −½ on the squares, so that gradients begin at a density that has an integral.
  var start: [Float] {
    products.map { product in product.count == 2 && product[0] == product[1] ? -0.5 : 0 }
  }

  /// As "x0^2*x3": columns of u, with powers of features.
  package func names() -> [String] {
    products.map { product in
      var counts: [(feature: Int, count: Int)] = []
      for feature in product {
        if counts.last?.feature == feature {
          counts[counts.count - 1].count += 1
        } else {
          counts.append((feature, 1))
        }
      }
      return counts.map { feature, count in
        let power = powers[feature / dimension]
        let column = "x\(feature % dimension)"
        if power == 0 { return "log(\(column))" }
        let whole = power * Double(count)
        return whole == 1
          ? column : "\(column)^\(Int(exactly: whole).map { "\($0)" } ?? "\(whole)")"
      }.joined(separator: "*")
    }
  }

  /// T(u), [R, m]: a product of as many selections of features as the longest product has factors,
  /// 1 where a product has fewer.
  func node(_ graph: inout Graph, _ x: Node) -> Node {
    let features = powers.count == 1 && powers[0] == 1 ? x : featureNode(&graph, x)
    let (width, m) = (powers.count * dimension, count)
    let longest = products.map(\.count).max() ?? 1
    var result = graph.constant(1)
    for place in 0 ..< longest {
      var selection = [Double](repeating: 0, count: width * m)
      var ones = [Double](repeating: 0, count: m)
      for (index, product) in products.enumerated() {
        if place < product.count {
          selection[product[place] * m + index] = 1
        } else {
          ones[index] = 1
        }
      }
      let chosen = graph.matmul(
        features, graph.literal(Literal(shape: [width, m], values: selection)))
      let filled =
        ones.contains(1)
        ? graph.add(chosen, graph.literal(Literal(shape: [1, m], values: ones))) : chosen
      result = graph.multiply(result, filled)
    }
    return result
  }

  private func featureNode(_ graph: inout Graph, _ x: Node) -> Node {
    let logs = graph.log(x)
    let parts = powers.map { power in
      switch power {
      case 0: logs
      case 0.5: graph.sqrt(x)
      case 1: x
      case 2: graph.square(x)
      default: graph.exp(graph.multiply(graph.constant(power), logs))
      }
    }
    return graph.concatenate(parts, axis: 1)
  }

  /// Whether a row must be strictly inside, since a feature or its derivative is infinite at 0.
  package var needsPositive: Bool { powers.contains { $0 < 1 } }
}

extension Exponential {
  static let definition = FamilyDefinition(
    options: [
      FamilyParameters.Key.statistics, FamilyParameters.Key.degree, FamilyParameters.Key.exponents,
    ],
    fit: .linear, allowsDomain: true, canBeSmall: true, isBoundedOnData: true, complaint: complaint
  ) { Exponential(dimension: $0.dimension, $0.familyParameters, $0.domain) }

  private static func complaint(_ familyParameters: FamilyParameters, dimension: Int) -> SteinError?
  {
    let exponents = familyParameters.exponents
    guard exponents.count == 2, exponents.allSatisfy({ (0 ... 64).contains($0) }),
      exponents[0] > 0
    else {
      return Options.bad(
        FamilyParameters.Key.exponents, "are \(exponents); they are a > 0 and b >= 0, at most 64")
    }
    let count = StatisticTable.count(familyParameters, dimension: dimension)
    guard count <= StatisticTable.most, count * dimension <= 1 << 20 else {
      return Options.bad(
        FamilyParameters.Key.degree,
        "is \(familyParameters.degree), which gives \(dimension) columns too many statistics; take statistics=pairwise or a lower one"
      )
    }
    return nil
  }
}
