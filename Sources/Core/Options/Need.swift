/// What must hold for an option to have an effect; what is given without it is refused.
package struct Need: Sendable {
  /// Where the option belongs, as a message says it: "kernel=hmc".
  let place: String
  /// What is in force in its stead: "kernel=nuts"; nil where the need is met, or not yet known.
  let obstacle: @Sendable (Options) -> String?

  package init(_ place: String, obstacle: @escaping @Sendable (Options) -> String?) {
    (self.place, self.obstacle) = (place, obstacle)
  }

  /// That another option has one of some values.
  package static func choice(_ name: String, _ values: [String]) -> Need {
    let last = values.count > 1 ? " or \(values[values.count - 1])" : ""
    let first = (last.isEmpty ? values[...] : values.dropLast()).joined(separator: ", ")
    return Need("\(name)=\(first)\(last)") { options in
      guard let value = options.inForce(name), !values.contains(value) else { return nil }
      return "\(name)=\(value)"
    }
  }

  /// Both.
  package static func && (a: Need, b: Need) -> Need {
    Need("\(a.place) and \(b.place)") { a.obstacle($0) ?? b.obstacle($0) }
  }

  /// Either of two.
  package static func || (a: Need, b: Need) -> Need {
    Need("\(a.place) or \(b.place)") { options in
      guard let first = a.obstacle(options), let second = b.obstacle(options) else { return nil }
      return first == second ? first : "\(first) and \(second)"
    }
  }
}

/// What a reader knows beside the text, such as what the model is like.
package struct Fact: Sendable {
  /// Where it holds: "models of many noise levels".
  let place: String
  /// Where it does not: "a model of one".
  let opposite: String

  package init(_ place: String, not opposite: String) {
    (self.place, self.opposite) = (place, opposite)
  }

  package var holds: Need {
    Need(place) { [self] options in options.knows(self) == false ? opposite : nil }
  }

  package var fails: Need {
    Need(opposite) { [self] options in options.knows(self) == true ? place : nil }
  }
}

extension OptionKey where Value: RawRepresentable, Value.RawValue == String {
  /// That it has one of some values, given or by default.
  package func isOne(of values: Value...) -> Need { .choice(name, values.map(\.rawValue)) }
}

extension OptionKey {

  package func isOne<T: RawRepresentable>(of values: T...) -> Need
  where T.RawValue == String, Value == T? {
    .choice(name, values.map(\.rawValue))
  }

  package func isOne(of values: String...) -> Need { .choice(name, values) }

  /// That it is not given.
  package var isAbsent: Need {
    let name = name
    return Need("calls without \(name)") { $0.isSet(name) ? name : nil }
  }
}

extension OptionKey where Value == Bool {
  package var isTrue: Need { .choice(name, ["true"]) }
}

extension OptionKey where Value == Bool? {
  package var isTrue: Need { .choice(name, ["true"]) }
}

extension OptionKey where Value == Int {
  package var isPositive: Need { above(0) }

  package func above(_ bound: Int) -> Need {
    Need("\(name) above \(bound)") { $0[self] > bound ? nil : "\(name)=\($0[self])" }
  }
}

extension OptionKey where Value == Double {
  package var isPositive: Need {
    Need("\(name) above 0") { $0[self] > 0 ? nil : "\(name)=0" }
  }
}
