/// Option text, parsed and checked against its table: "key=value key=value", lists with commas.
///
/// `options[key]` is the value that was given, else the default.
package struct Options: Sendable {
  private let table: OptionTable
  private var values: [String: [String]] = [:]
  /// What readers chose where options leave it to them, and what else they know.
  private var chosen: [String: String] = [:]
  private var facts: [String: Bool] = [:]
  /// Whether the text is that of a file, whose options were checked as they were given.
  private let isSaved: Bool

  /// `chosen`: options that the caller can't give, and their values.
  package init(
    _ text: String, _ table: OptionTable, chosen: [String: String] = [:], isSaved: Bool = false
  ) throws(SteinError) {
    (self.table, self.chosen, self.isSaved) = (table, chosen, isSaved)
    var scanner = OptionScanner(text)
    while let (key, items) = try scanner.next() {
      guard let spec = table[key] else { throw Options.unknown(key, table) }
      guard values[key] == nil else { throw Options.bad(key, "is given twice") }
      if let complaint = spec.complaint(items) { throw Options.bad(key, complaint) }
      values[key] = items
    }
    try check()
  }

  package subscript<Value>(key: OptionKey<Value>) -> Value {
    assert(table[key.name] != nil, "option '\(key.name)' is none of \(table.kind)")
    if let choice = chosen[key.name] { return key.parse([choice]) ?? key.fallback }
    guard let items = values[key.name], items != [""], !isOpen(key.name, items) else {
      return key.fallback
    }
    return key.parse(items) ?? key.fallback
  }

  package func isSet<Value>(_ key: OptionKey<Value>) -> Bool { isSet(key.name) }

  package func isSet(_ name: String) -> Bool { values[name] != nil }

  private func isOpen(_ name: String, _ items: [String]) -> Bool {
    items == ["auto"] && table[name]?.isAuto == true
  }

  // ---- Whether what is given has an effect

  /// Refuses what is given without what it needs.
  ///
  /// What readers choose and know is to be told first, and nothing to be done before.
  package func check() throws(SteinError) {
    guard !isSaved else { return }
    for spec in table.specs where isSet(spec.name) {
      for need in spec.needs {
        guard let obstacle = need.obstacle(self) else { continue }
        throw Options.bad(
          spec.name, "has no effect with \(obstacle): it belongs to \(need.place); leave it out")
      }
    }
  }

  /// With what a reader chose for an option that was left to it.
  package func choosing<T: RawRepresentable>(_ key: OptionKey<T?>, _ value: T) -> Options
  where T.RawValue == String {
    choosing(key.name, value.rawValue)
  }

  package func choosing(_ key: OptionKey<Int?>, _ value: Int) -> Options {
    choosing(key.name, String(value))
  }

  package func choosing(_ key: OptionKey<Bool?>, _ value: Bool) -> Options {
    choosing(key.name, String(value))
  }

  package func choosing(_ key: OptionKey<String?>, _ value: String) -> Options {
    choosing(key.name, value)
  }

  private func choosing(_ name: String, _ value: String) -> Options {
    var copy = self
    copy.chosen[name] = value
    return copy
  }

  /// With something that a reader knows.
  package func knowing(_ fact: Fact, _ holds: Bool) -> Options {
    var copy = self
    copy.facts[fact.place] = holds
    return copy
  }

  func knows(_ fact: Fact) -> Bool? { facts[fact.place] }

  /// The text of one value, given, chosen or by default; nil where that is still open.
  func inForce(_ name: String) -> String? {
    if let choice = chosen[name] { return choice }
    guard let spec = table[name] else { return nil }
    let items = values[name] ?? spec.defaultItems
    return isOpen(name, items) ? nil : items.first
  }

  // ---- As text

  /// These options with those of `newer` in the place of theirs.
  package func replaced(by newer: Options) -> Options {
    var result = self
    result.values.merge(newer.values) { $1 }
    return result
  }

  package var keys: [String] { values.keys.sorted() }

  /// The options that were given, as text that parses back.
  package var text: String {
    keys.map { key in
      "\(key)=" + (values[key] ?? []).map(Options.quoted).joined(separator: ",")
    }.joined(separator: " ")
  }

  /// Every option in force, given or default.
  package var json: JSON {
    .object(
      table.specs.map { spec in
        let items = values[spec.name] ?? spec.defaultItems
        return (spec.name, .string(items.map(Options.quoted).joined(separator: ",")))
      })
  }

  private static func quoted(_ item: String) -> String {
    guard item.isEmpty || item.contains(where: { $0.isWhitespace || ",\"=\\".contains($0) }) else {
      return item
    }
    let escaped = item.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
    return "\"" + String(escaped) + "\""
  }

  // ---- What is wrong

  package static func bad(_ key: String, _ complaint: String) -> SteinError {
    SteinError(.badOption, "option '\(key)' \(complaint)", argument: "options", option: key)
  }

  package static func bad<Value>(_ key: OptionKey<Value>, _ complaint: String) -> SteinError {
    bad(key.name, complaint)
  }

  private static func unknown(_ key: String, _ table: OptionTable) -> SteinError {
    let near = table.specs.map { ($0.name, editDistance(key, $0.name)) }.min { $0.1 < $1.1 }
    let hint: String
    if let near, near.1 <= max(2, key.count / 3) {
      hint = "did you mean '\(near.0)'?"
    } else {
      hint = "there are " + table.specs.map(\.name).joined(separator: ", ")
    }
    return SteinError(
      .badOption, "unknown \(table.kind) option '\(key)'; \(hint)", argument: "options", option: key
    )
  }
}
