/// The options of one kind of text: the lists of those who read them.
package struct OptionTable: Sendable {
  package let kind: String
  package let specs: [OptionSpec]

  /// `choosers`: the options whose choice decides which of the others count.
  package init(_ kind: String, _ keys: [any AnyOptionKey], choosers: [Chooser] = []) {
    self.kind = kind
    specs = keys.map { key in
      var spec = key.spec
      spec.needs = choosers.compactMap { $0.need(of: spec.name) } + spec.needs
      return spec
    }
  }

  subscript(_ name: String) -> OptionSpec? { specs.first { $0.name == name } }

  /// JSON array that describes every option.
  package var json: JSON { .array(specs.map(\.json)) }
}

/// A choice, each value of which takes options of its own beside those of all.
package struct Chooser: Sendable {
  private let name: String
  private let takers: [(value: String, keys: Set<String>)]

  package init(_ name: String, _ takers: [(value: String, keys: [any AnyOptionKey])]) {
    self.name = name
    self.takers = takers.map { ($0.value, Set($0.keys.map(\.spec.name))) }
  }

  /// What an option needs of the choice; nil where every value takes it.
  func need(of key: String) -> Need? {
    let values = takers.filter { $0.keys.contains(key) }.map(\.value)
    return values.isEmpty ? nil : Need.choice(name, values)
  }
}
