/// One option as text knows it: what it is called, what it may be, when it counts and what it
/// means.
///
/// Parsing, documentation and bindings follow it.
package struct OptionSpec: Sendable {
  package enum Kind: Sendable {
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case flag
    case choice([String])
    case integers(ClosedRange<Int>)
    case numbers
    case text
    case texts
  }

  package let name: String
  let kind: Kind
  /// "auto" means that the library chooses; the meaning says how.
  package let defaultValue: String
  let meaning: String
  /// What must hold for it to have an effect.
  var needs: [Need]

  package var isAuto: Bool { defaultValue == "auto" }

  /// The default as a list, as what is given is one.
  var defaultItems: [String] {
    switch kind {
    case .integers, .numbers, .texts:
      defaultValue.isEmpty ? [""] : defaultValue.split(separator: ",").map(String.init)
    case .integer, .number, .flag, .choice, .text: [defaultValue]
    }
  }
}

extension OptionSpec {
  var json: JSON {
    var fields: [(String, JSON)] = [("name", .string(name))]
    switch kind {
    case .integer(let range):
      fields.append(("type", .string("integer")))
      fields += [("minimum", .integer(range.lowerBound)), ("maximum", .integer(range.upperBound))]
    case .number(let range):
      fields.append(("type", .string("number")))
      fields += [("minimum", .number(range.lowerBound)), ("maximum", .number(range.upperBound))]
    case .flag: fields.append(("type", .string("flag")))
    case .choice(let choices):
      fields.append(("type", .string("choice")))
      fields.append(("choices", .array(choices.map(JSON.string))))
    case .integers(let range):
      fields.append(("type", .string("integers")))
      fields += [("minimum", .integer(range.lowerBound)), ("maximum", .integer(range.upperBound))]
    case .numbers: fields.append(("type", .string("numbers")))
    case .text: fields.append(("type", .string("text")))
    case .texts: fields.append(("type", .string("texts")))
    }
    fields.append(("default", .string(defaultValue)))
    fields.append(("meaning", .string(meaning)))
    fields.append(("since", .string("0.1")))
    return .object(fields)
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
