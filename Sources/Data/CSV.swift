import Core
import Platform

/// Tables of numbers as text: one line a row, fields between separators, quotes around a field that
/// holds one.
enum CSV {
  static func read(_ bytes: View<UInt8>, _ options: Options, memory: Memory) throws -> Table {
    let start = bytes.count >= 3 && bytes.bytes(0, 3) == [0xef, 0xbb, 0xbf] ? 3 : 0
    let separator = options[Dataset.Key.separator]?.byte ?? guessSeparator(bytes, from: start)
    var scanner = CSVScanner(bytes: bytes, position: start, separator: separator)
    guard let first = try scanner.row() else {
      throw SteinError(.badFile, "the file holds no row", argument: "path")
    }
    let isHeader =
      options[Dataset.Key.header].map { $0 == "true" }
      ?? first.contains { number($0) == nil && !isMissing($0) }
    let names = isHeader ? first.map { String(decoding: $0, as: UTF8.self) } : nil
    if !isHeader { scanner = CSVScanner(bytes: bytes, position: start, separator: separator) }
    let rows = try count(scanner)
    let (cells, overflow) = rows.multipliedReportingOverflow(by: first.count)
    guard rows > 0, !overflow else {
      throw SteinError(.badFile, "the file holds names but no row", argument: "path")
    }
    let values = try Storage<Double>(memory, count: cells)
    var row = 0
    while let fields = try scanner.row() {
      guard fields.count == first.count else {
        throw SteinError(
          .badFile,
          "line \(scanner.line) has \(fields.count) fields; the first has \(first.count)",
          argument: "path")
      }
      for (column, field) in fields.enumerated() {
        guard let value = number(field) else {
          throw complaint(field, line: scanner.line, column: column, name: names?[column])
        }
        values.view[row * first.count + column] = value
      }
      row += 1
    }
    let width = first.count
    return Table(shape: [rows, width], names: names) { row, out in
      out.copy(values.view.slice(row * width, width))
    }
  }

  private static func count(_ scanner: CSVScanner) throws -> Int {
    var scanner = scanner
    var rows = 0
    while try scanner.row() != nil { rows += 1 }
    return rows
  }

  private static func complaint(
    _ field: [UInt8], line: Int, column: Int, name: String?
  ) -> SteinError {
    let place = "line \(line), column \(column + 1)" + (name.map { " ('\($0)')" } ?? "")
    let text = String(decoding: field.prefix(40), as: UTF8.self)
    let what = isMissing(field) ? "a value is missing" : "'\(text)' is not a number"
    return SteinError(.badFile, "\(place): \(what)", argument: "path")
  }

  private static func isMissing(_ field: [UInt8]) -> Bool {
    ["", "na", "n/a", "null", "none", "?"].contains(
      String(decoding: field, as: UTF8.self).lowercased())
  }

  /// A finite or infinite number; NaN and hexadecimal are none.
  private static func number(_ field: [UInt8]) -> Double? {
    guard field.count <= 64, field.allSatisfy({ "+-.eE0123456789".utf8.contains($0) }) else {
      return nil
    }
    let value = Double(String(decoding: field, as: UTF8.self))
    return value.flatMap { $0.isFinite ? $0 : nil }
  }

  enum Separator: String, CaseIterable, Sendable {
    case comma
    case semicolon
    case tab
    case space
    case pipe

    var byte: UInt8 {
      switch self {
      case .comma: UInt8(ascii: ",")
      case .semicolon: UInt8(ascii: ";")
      case .tab: UInt8(ascii: "\t")
      case .space: UInt8(ascii: " ")
      case .pipe: UInt8(ascii: "|")
      }
    }
  }

  /// The separator that cuts the first lines into equally many fields, the more the better; a comma
  /// if none does.
  private static func guessSeparator(_ bytes: View<UInt8>, from start: Int) -> UInt8 {
    var best: (separator: UInt8, fields: Int) = (UInt8(ascii: ","), 1)
    for candidate in ",;\t| ".utf8 {
      var scanner = CSVScanner(bytes: bytes, position: start, separator: candidate)
      var counts: Set<Int> = []
      for _ in 0 ..< 10 {
        guard let row = try? scanner.row() else { break }
        counts.insert(row.count)
      }
      if counts.count == 1, let fields = counts.first, fields > best.fields {
        best = (candidate, fields)
      }
    }
    return best.separator
  }
}

/// Cuts a file into rows of fields.
///
/// Empty lines are skipped.
private struct CSVScanner {
  let bytes: View<UInt8>
  var position: Int
  let separator: UInt8
  /// The line of the row returned last, from 1.
  private(set) var line = 0
  private var nextLine = 1

  init(bytes: View<UInt8>, position: Int, separator: UInt8) {
    self.bytes = bytes
    self.position = position
    self.separator = separator
  }

  private var atEnd: Bool { position >= bytes.count }

  mutating func row() throws -> [[UInt8]]? {
    while !atEnd {
      line = nextLine
      let fields = try fields()
      if fields.count > 1 || fields.first?.isEmpty == false { return fields }
    }
    return nil
  }

  private mutating func fields() throws -> [[UInt8]] {
    var fields: [[UInt8]] = []
    while true {
      skipBlanks()
      fields.append(try field())
      guard !atEnd else { break }
      let byte = bytes[position]
      position += 1
      if byte == separator { continue }
      if byte == UInt8(ascii: "\r"), !atEnd, bytes[position] == UInt8(ascii: "\n") { position += 1 }
      nextLine += 1
      break
    }
    // A run of spaces is one separator, also at the end of a line.
    if separator == UInt8(ascii: " "), fields.count > 1, fields.last?.isEmpty == true {
      fields.removeLast()
    }
    return fields
  }

  private mutating func skipBlanks() {
    while !atEnd, bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\t"),
      bytes[position] != separator || separator == UInt8(ascii: " ")
    {
      position += 1
    }
  }

  private mutating func field() throws -> [UInt8] {
    if !atEnd, bytes[position] == UInt8(ascii: "\"") { return try quoted() }
    let start = position
    while !atEnd, !isEnd(bytes[position]) { position += 1 }
    var end = position
    while end > start, bytes[end - 1] == UInt8(ascii: " ") { end -= 1 }
    return bytes.bytes(start, end - start)
  }

  private func isEnd(_ byte: UInt8) -> Bool {
    byte == separator || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  private mutating func quoted() throws -> [UInt8] {
    position += 1
    var text: [UInt8] = []
    while !atEnd {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") {
        guard !atEnd, bytes[position] == UInt8(ascii: "\"") else {
          skipBlanks()
          guard atEnd || isEnd(bytes[position]) else {
            throw SteinError(
              .badFile, "line \(line): text behind a closing quote", argument: "path")
          }
          return text
        }
        position += 1
      } else if byte == UInt8(ascii: "\n") {
        nextLine += 1
      }
      text.append(byte)
    }
    throw SteinError(.badFile, "line \(line): a quote is not closed", argument: "path")
  }
}
