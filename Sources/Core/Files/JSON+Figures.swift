/// An object that tells of itself: C reads the whole as JSON, or one figure at a time.
package protocol Described {
  var figures: JSON { get }
}

extension Described {
  package func describe() -> String { figures.text }
}

extension JSON {
  /// Every number under `name`, row by row for lists of lists: true is 1, false 0, null NaN.
  package func numbers(_ name: String) throws -> [Double] {
    try reached(name).reduce(into: []) { numbers, value in
      guard value.append(to: &numbers) else {
        throw SteinError(
          .badValue, "'\(name)' holds text or objects, not numbers", argument: "name")
      }
    }
  }

  /// The text under `name`, or the one with this index in a list of them.
  package func text(_ name: String, _ index: Int64) throws -> String {
    var texts: [String] = []
    for value in try reached(name).flatMap({ $0.array ?? [$0] }) where !value.isNull {
      guard let text = value.string else {
        throw SteinError(.badValue, "'\(name)' does not hold text", argument: "name")
      }
      texts.append(text)
    }
    guard let place = Int(exactly: index), texts.indices.contains(place) else {
      let count = texts.count == 1 ? "1 text" : "\(texts.count) texts"
      throw SteinError(
        .badValue, "index is \(index), and '\(name)' has \(count)", argument: "index")
    }
    return texts[place]
  }

  /// The value to which a name with points leads.
  ///
  /// A list of objects on the way gives the value of each, and a null gives none.
  private func reached(_ name: String) throws -> [JSON] {
    var values = [self]
    for key in name.split(separator: ".", omittingEmptySubsequences: false) {
      values = try values.flatMap { $0.array ?? [$0] }.filter { !$0.isNull }.map { object in
        guard let value = object[String(key)] else { throw object.unknown(name) }
        return value
      }
    }
    return values
  }

  private func unknown(_ name: String) -> SteinError {
    let keys = (fields ?? []).map(\.0)
    let known = keys.isEmpty ? "" : "; there are \(listed(keys, most: 40))"
    return SteinError(.badValue, "there is no '\(name)'\(known)", argument: "name")
  }

  private var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// Appends the numbers of this value; false if there is anything else in it.
  private func append(to numbers: inout [Double]) -> Bool {
    switch self {
    case .null: numbers.append(.nan)
    case .bool(let value): numbers.append(value ? 1 : 0)
    case .integer(let value): numbers.append(Double(value))
    case .number(let value): numbers.append(value.isFinite ? value : .nan)
    case .array(let items): return items.allSatisfy { $0.append(to: &numbers) }
    case .string, .object: return false
    }
    return true
  }
}
