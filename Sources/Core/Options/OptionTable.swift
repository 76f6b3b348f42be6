/// One option: what it is called, what it may be, and what it means.
///
/// The table feeds parsing, documentation and bindings.
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

  package init(_ name: String, _ kind: Kind, _ defaultValue: String, _ meaning: String) {
    self.name = name
    self.kind = kind
    self.defaultValue = defaultValue
    self.meaning = meaning
  }

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

package struct OptionTable: Sendable {
  package let kind: String
  package let specs: [OptionSpec]

  package init(kind: String, specs: [OptionSpec]) {
    self.kind = kind
    self.specs = specs
  }

  subscript(_ name: String) -> OptionSpec? { specs.first { $0.name == name } }

  package var json: JSON { .array(specs.map(\.json)) }
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
