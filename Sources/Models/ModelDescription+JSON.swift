package import Core
import Data

extension ModelDescription {
  package var json: JSON {
    .object(
      [
        ("family", .string(family.rawValue)),
        ("shape", .array(shape.map(JSON.integer))),
        ("names", names.map { .array($0.map(JSON.string)) } ?? .null),
        ("dtype", .string(isSingle ? "float32" : "float64")),
        ("mean", .array(units.mean.map(JSON.number))),
        ("scale", .array(units.scale.map(JSON.number))),
        ("active_columns", .array(units.active.map(JSON.integer))),
        ("location", .array(location.map(JSON.number))), ("sigma_data", .number(sigmaData)),
        ("sigma_min", .number(sigmaMin)), ("sigma_max", .number(sigmaMax)),
        ("largest_distance", .number(largestDistance)),
        ("classes", .array(classes.map { .integer(Int($0)) })),
        ("class_counts", .array(classCounts.map(JSON.integer))),
      ] + NetworkOptions.coded.fields(network) + [
        ("resolution", .number(resolution)),
        ("clean_level", cleanLevel.map(JSON.number) ?? .null),
        ("structure", .object(familyParameters.fields)), ("domain", domain.json),
        ("noise_kernel", .string(noiseKernel.name)),
        ("trained", .bool(trained)), ("unconditional", .bool(unconditional)),
      ] + (family.isOnGrid ? NetworkOptions.codedOnGrid.fields(network) : []))
  }

  /// Reads what `json` writes; every number is checked, since the file may be anybody's.
  package init(_ json: JSON) throws {
    func bad(_ what: String) -> SteinError {
      SteinError(.badFile, "the model's description: \(what)")
    }
    func positive(_ key: String) throws -> Double {
      guard let value = json[key]?.double, (1e-12 ... 1e12).contains(value) else {
        throw bad("\(key) is no positive number")
      }
      return value
    }
    guard let family = json["family"]?.string.flatMap(FamilyKind.init) else {
      throw bad("its family is unknown to this version")
    }
    self.family = family
    guard let shape = json["shape"]?.integers, shape.count >= 2, shape.count <= 5, shape[0] == 1,
      shape.allSatisfy({ $0 > 0 && $0 <= 1 << 30 })
    else { throw bad("shape") }
    self.shape = shape
    let count = shape.reduce(1) { product, length in
      product.multipliedReportingOverflow(by: length).overflow ? .max : product * length
    }
    guard count <= 1 << 30 else { throw bad("shape") }
    names = json["names"]?.array?.compactMap(\.string)
    guard names.map({ $0.count == count }) ?? true else { throw bad("names") }
    // Files from before it was kept have none; what they drew was float32.
    let dtype = json["dtype"]?.string ?? "float32"
    guard ["float32", "float64"].contains(dtype) else { throw bad("dtype") }
    isSingle = dtype == "float32"
    guard let mean = json["mean"]?.doubles, mean.count == count,
      let scale = json["scale"]?.doubles, scale.count == count, scale.allSatisfy({ $0 > 0 }),
      let active = json["active_columns"]?.integers, !active.isEmpty,
      active.allSatisfy({ $0 >= 0 && $0 < count }), zip(active, active.dropFirst()).allSatisfy(<)
    else { throw bad("mean, scale or active_columns do not fit its shape") }
    units = Units(mean: mean, scale: scale, active: active)
    guard let location = json["location"]?.doubles, location.count == active.count else {
      throw bad("location")
    }
    self.location = location
    sigmaData = try positive("sigma_data")
    // A density of one level may be that of the data themselves.
    sigmaMax = json["sigma_max"]?.double == 0 ? 0 : try positive("sigma_max")
    sigmaMin = sigmaMax == 0 ? 0 : try positive("sigma_min")
    largestDistance = json["largest_distance"]?.double ?? 0
    guard (0 ... 1e12).contains(largestDistance) else { throw bad("largest_distance") }
    guard sigmaMin <= sigmaMax else { throw bad("sigma_min is above sigma_max") }
    guard let classes = json["classes"]?.integers, let counts = json["class_counts"]?.integers,
      classes.count == counts.count, classes.count <= Labels.most, counts.allSatisfy({ $0 >= 0 }),
      zip(classes, classes.dropFirst()).allSatisfy(<), counts.allSatisfy({ $0 < 1 << 40 })
    else { throw bad("classes") }
    self.classes = classes.map(Int64.init)
    classCounts = counts
    network = .plain
    guard NetworkOptions.coded.read(json, into: &network),
      NetworkOptions.codedOnGrid.read(json, into: &network),
      !network.residual || Set(network.widths).count == 1
    else { throw bad("its network") }
    // Files of before have neither of these.
    resolution = json["resolution"]?.double ?? 0
    guard (0 ... 1).contains(resolution) else { throw bad("its resolution") }
    cleanLevel = json["clean_level"]?.double
    if let cleanLevel, !(cleanLevel >= sigmaMin && cleanLevel <= sigmaMax) {
      throw bad("its clean_level")
    }

    guard
      let familyParameters = try FamilyParameters(
        json["structure"] ?? .null, family, dimension: active.count)
    else { throw bad("its structure") }
    self.familyParameters = familyParameters
    guard let domain = Domain(json["domain"] ?? .null, dimension: active.count),
      let kernel = NoiseKernel(named: json["noise_kernel"]?.string ?? "")
    else { throw bad("its domain or noise_kernel") }
    (self.domain, noiseKernel) = (domain, kernel)
    guard let trained = json["trained"]?.bool else { throw bad("trained") }
    self.trained = trained
    unconditional = json["unconditional"]?.bool ?? classes.isEmpty
    if let complaint = complaintOfGrid() { throw bad(complaint.message) }
    guard isNoiseConditional ? sigmaMin > 0 : true else { throw bad("sigma_min is 0") }
    guard domain == .real || family.allowsDomain && !isNoiseConditional else { throw bad("domain") }
  }
}

extension Domain {
  /// Bounds that are infinite are null.
  var json: JSON {
    func list(_ values: [Double]) -> JSON {
      .array(values.map { $0.isFinite ? .number($0) : .null })
    }
    switch self {
    case .real: return .object([("kind", .string("real"))])
    case .box(let lower, let upper):
      return .object([("kind", .string("box")), ("lower", list(lower)), ("upper", list(upper))])
    case .ball(let centre, let radius):
      return .object([
        ("kind", .string("ball")), ("centre", list(centre)), ("radius", .number(radius)),
      ])
    }
  }

  init?(_ json: JSON, dimension: Int) {
    func list(_ key: String, _ none: Double) -> [Double]? {
      guard let items = json[key]?.array, items.count == dimension else { return nil }
      return items.map { $0.double ?? none }
    }
    switch json["kind"]?.string {
    case "real": self = .real
    case "box":
      guard let lower = list("lower", -.infinity), let upper = list("upper", .infinity),
        zip(lower, upper).allSatisfy(<)
      else { return nil }
      self = .box(lower: lower, upper: upper)
    case "ball":
      guard let centre = list("centre", 0), let radius = json["radius"]?.double, radius > 0 else {
        return nil
      }
      self = .ball(centre: centre, radius: radius)
    default: return nil
    }
  }
}

extension NoiseKernel {
  /// The kernel that a description names; degrees of freedom are not kept, since only training
  /// needs them.
  package init?(named name: String) {
    guard let kernel = NoiseKernel.all.first(where: { $0.name == name }) else { return nil }
    self = kernel
  }
}
