/// Why a text is no JSON.
package struct JSONError: Error, Sendable {
  package let message: String
}

extension JSON {
  /// Reads UTF-8 text.
  ///
  /// Nesting is limited to 64, and an object may have a key only once.
  package static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSON {
    var parser = JSONParser(bytes: bytes)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.atEnd else { throw parser.error("something follows the value") }
    return value
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  var position = 0

  var atEnd: Bool { position >= bytes.count }

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  func error(_ what: String) -> JSONError { JSONError(message: "\(what) at byte \(position)") }

  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      position += 1
    }
  }

  mutating func take(_ character: Character) -> Bool {
    guard let byte = next, byte == character.asciiValue else { return false }
    position += 1
    return true
  }

  mutating func value(depth: Int) throws(JSONError) -> JSON {
    guard depth < 64 else { throw error("nested too deeply") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ text: String, _ value: JSON) throws(JSONError) -> JSON {
    for character in text where !take(character) { throw error("expected \(text)") }
    return value
  }

  private mutating func object(_ depth: Int) throws(JSONError) -> JSON {
    position += 1
    var fields: [(String, JSON)] = []
    var seen: Set<String> = []
    skipSpace()
    if take("}") { return .object([]) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw error("expected a key") }
      let key = try string()
      guard seen.insert(key).inserted else { throw error("a key stands twice") }
      skipSpace()
      guard take(":") else { throw error("expected :") }
      fields.append((key, try value(depth: depth + 1)))
      skipSpace()
    } while take(",")
    guard take("}") else { throw error("expected , or }") }
    return .object(fields)
  }

  private mutating func array(_ depth: Int) throws(JSONError) -> JSON {
    position += 1
    var items: [JSON] = []
    skipSpace()
    if take("]") { return .array([]) }
    repeat {
      items.append(try value(depth: depth + 1))
      skipSpace()
    } while take(",")
    guard take("]") else { throw error("expected , or ]") }
    return .array(items)
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = position
    while let byte = next, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
    let text = String(decoding: bytes[start ..< position], as: UTF8.self)
    if let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      position = start
      throw error("expected a value")
    }
    return .number(value)
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw error("text is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): try escape(&text)
      case 0 ..< 0x20: throw error("a control character in text")
      default: text.append(byte)
      }
    }
    throw error("text does not end")
  }

  private mutating func escape(_ text: inout [UInt8]) throws(JSONError) {
    guard let byte = next else { throw error("text does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hex()
      if (0xd800 ..< 0xdc00).contains(code) {
        guard take("\\"), take("u") else { throw error("half a character") }
        let low = try hex()
        guard (0xdc00 ..< 0xe000).contains(low) else { throw error("half a character") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("no character") }
      text += Array(String(Character(scalar)).utf8)
    default: throw error("unknown escape")
    }
  }

  private mutating func hex() throws(JSONError) -> UInt32 {
    guard position + 4 <= bytes.count,
      let code = UInt32(
        String(decoding: bytes[position ..< position + 4], as: UTF8.self), radix: 16)
    else { throw error("expected four hexadecimal digits") }
    position += 4
    return code
  }
}
