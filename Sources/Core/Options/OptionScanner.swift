/// Reads key=value pairs: items between commas, pairs between spaces, and quotes around what holds
/// either.
struct OptionScanner {
  private var rest: Substring

  init(_ text: String) { rest = text[...] }

  mutating func next() throws(SteinError) -> (key: String, items: [String])? {
    while let first = rest.first, first.isWhitespace { rest.removeFirst() }
    guard !rest.isEmpty else { return nil }
    let key = take { $0 != "=" && !$0.isWhitespace && $0 != "\"" && $0 != "," }
    guard !key.isEmpty, rest.first == "=" else {
      throw Options.bad(key.isEmpty ? String(rest.prefix(32)) : key, "is not followed by =value")
    }
    rest.removeFirst()
    var items = [try item(of: key)]
    while rest.first == "," {
      rest.removeFirst()
      items.append(try item(of: key))
    }
    guard rest.first.map(\.isWhitespace) ?? true else {
      throw Options.bad(
        key, "has a stray '\(rest.prefix(1))'; quote values with spaces, commas, quotes or =")
    }
    return (key, items)
  }

  private mutating func take(while condition: (Character) -> Bool) -> String {
    let taken = rest.prefix(while: condition)
    rest = rest.dropFirst(taken.count)
    return String(taken)
  }

  private mutating func item(of key: String) throws(SteinError) -> String {
    guard rest.first == "\"" else {
      return take { !$0.isWhitespace && $0 != "," && $0 != "\"" && $0 != "=" }
    }
    rest.removeFirst()
    var text = ""
    while let character = rest.popFirst() {
      switch character {
      case "\"": return text
      case "\\":
        guard let escaped = rest.popFirst(), escaped == "\"" || escaped == "\\" else {
          throw Options.bad(key, "has a \\ that stands before neither \" nor \\")
        }
        text.append(escaped)
      default: text.append(character)
      }
    }
    throw Options.bad(key, "has a quote that is not closed")
  }
}
