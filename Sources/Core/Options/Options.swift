/// Option text, parsed and checked against its table: "key=value key=value", lists with commas.
package struct Options: Sendable {
  private let table: OptionTable
  private var values: [String: [String]] = [:]

  package init(_ text: String, _ table: OptionTable) throws(SteinError) {
    self.table = table
    var scanner = OptionScanner(text)
    while let (key, items) = try scanner.next() {
      guard let spec = table[key] else { throw Options.unknown(key, table) }
      guard values[key] == nil else { throw Options.bad(key, "is given twice") }
      if let complaint = spec.complaint(items) { throw Options.bad(key, complaint) }
      values[key] = items
    }
  }

  package func isSet(_ key: String) -> Bool { values[key] != nil }

  // What an option that is auto or empty by default is given; nil where it is given nothing.

  package func integer(_ key: String) -> Int? { single(key).flatMap(Int.init) }

  package func number(_ key: String) -> Double? { single(key).flatMap(Double.init) }

  package func flag(_ key: String) -> Bool? { single(key).map { $0 == "true" } }

  package func choice(_ key: String) -> String? { single(key) }

  package func integers(_ key: String) -> [Int]? { open(key)?.compactMap(Int.init) }

  package func numbers(_ key: String) -> [Double]? { open(key)?.compactMap(Double.init) }

  package func texts(_ key: String) -> [String]? { open(key) }

  /// What `parse` makes of the value that was given, else of the table's default.
  func read<T>(_ key: String, nothing: T, _ parse: ([String]) -> T?) -> T {
    assert(table[key]?.isAuto == false, "option '\(key)' is auto: who reads it chooses")
    return values[key].flatMap(parse) ?? table[key].flatMap { parse($0.defaultItems) } ?? nothing
  }

  private func items(_ key: String) -> [String]? { values[key] ?? table[key]?.defaultItems }

  private func single(_ key: String) -> String? { open(key)?.first }

  /// nil where an option stays as open as its default.
  private func open(_ key: String) -> [String]? {
    guard let spec = table[key], let items = items(key), items != [""] else { return nil }
    assert(spec.isAuto || spec.defaultValue.isEmpty, "option '\(key)' has a default: take value")
    return spec.isAuto && items == ["auto"] ? nil : items
  }

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
        (spec.name, .string((items(spec.name) ?? []).map(Options.quoted).joined(separator: ",")))
      })
  }

  private static func quoted(_ item: String) -> String {
    guard item.isEmpty || item.contains(where: { $0.isWhitespace || ",\"=\\".contains($0) }) else {
      return item
    }
    let escaped = item.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
    return "\"" + String(escaped) + "\""
  }

  package static func bad(_ key: String, _ complaint: String) -> SteinError {
    SteinError(.badOption, "option '\(key)' \(complaint)", argument: "options", option: key)
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

extension OptionSpec {
  /// Why `items` are no value for this option; nil if they are one.
  func complaint(_ items: [String]) -> String? {
    switch kind {
    case .integers(let range):
      if items == ["auto"], isAuto { return nil }
      let fits = items.count <= 64 && items.allSatisfy { Int($0).map(range.contains) ?? false }
      return fits
        ? nil
        : "is \(shown(items)); it takes whole numbers from \(range.lowerBound) to \(range.upperBound), at most 64"
    case .numbers:
      if items == ["auto"], isAuto { return nil }
      let fits =
        items.count <= 65_536 && items.allSatisfy { OptionSpec.number($0)?.isFinite ?? false }
      return fits ? nil : "is \(shown(items)); it takes numbers"
    case .texts: return nil
    case .integer, .number, .flag, .choice, .text: break
    }
    guard items.count == 1, let item = items.first else {
      return "takes one value, not \(items.count)"
    }
    if item == "auto", isAuto { return nil }
    switch kind {
    case .integer(let range):
      if let value = Int(item), range.contains(value) { return nil }
      return
        "is \(shown(items)); it takes a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range):
      if let value = OptionSpec.number(item), range.contains(value) { return nil }
      return "is \(shown(items)); it takes a number from \(range.lowerBound) to \(range.upperBound)"
    case .flag:
      return ["true", "false"].contains(item) ? nil : "is \(shown(items)); it takes true or false"
    case .choice(let choices):
      return choices.contains(item)
        ? nil : "is \(shown(items)); it takes " + choices.joined(separator: ", ")
    case .text, .texts, .integers, .numbers: return nil
    }
  }

  /// In decimal digits; Swift would also take 0x10.
  private static func number(_ item: String) -> Double? {
    item.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) } ? Double(item) : nil
  }

  private func shown(_ items: [String]) -> String {
    let text = items.joined(separator: ",")
    return "'" + (text.count > 40 ? text.prefix(40) + "…" : text) + "'"
  }
}

/// Single-letter changes from one word to the other (Levenshtein).
private func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a.prefix(64)), Array(b.prefix(64)))
  var row = Array(0 ... b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (x == y ? 0 : 1))
      diagonal = row[j + 1]
      row[j + 1] = next
    }
  }
  return row[b.count]
}
