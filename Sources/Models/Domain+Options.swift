import Core
import Data

extension Domain {
  /// The domain that options name in the data's units, in units of u.
  ///
  /// The data must lie in it.
  init(_ options: Options, _ dataset: Dataset, _ units: Units) throws {
    let kind = options[Key.kind]
    let active = units.active
    func bounds(_ key: OptionKey<[Double]?>, _ none: Double) throws -> [Double] {
      guard let given = options[key] else { return active.map { _ in none } }
      guard given.count == 1 || given.count == units.count else {
        throw Options.bad(
          key, "has \(given.count) values; it takes one, or one for each of \(units.count) columns")
      }
      return active.map { column in
        ((given.count == 1 ? given[0] : given[column]) - units.mean[column]) / units.scale[column]
      }
    }
    switch kind {
    case .positive:
      self = .box(
        lower: active.map { -units.mean[$0] / units.scale[$0] },
        upper: active.map { _ in .infinity })
    case .box:
      let (lower, upper) = (try bounds(Key.lower, -.infinity), try bounds(Key.upper, .infinity))
      guard zip(lower, upper).allSatisfy(<) else {
        throw Options.bad("lower", "is not below upper in every column")
      }
      guard (lower + upper).contains(where: \.isFinite) else {
        throw Options.bad("domain", "is 'box', which wants lower, upper or both")
      }
      self = .box(lower: lower, upper: upper)
    case .ball:
      let scale = units.scale[active[0]]
      guard active.allSatisfy({ units.scale[$0] == scale }) else {
        throw Options.bad("domain", "is 'ball', which wants scale=common or scale=none")
      }
      guard let radius = options[Key.radius], radius > 0 else {
        throw Options.bad("radius", "is missing; domain=ball wants one above 0")
      }
      self = .ball(
        centre: try bounds(Key.centre, 0).enumerated().map { index, value in
          options.isSet(Key.centre) ? value : -units.mean[active[index]] / scale
        }, radius: radius / scale)
    case .real: self = .real
    }
  }
}
