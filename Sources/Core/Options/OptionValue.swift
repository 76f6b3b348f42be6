// An option has one default, and the table holds it. `value` reads the options that have one there and is never nil, so that no
// second default can stand behind it; `integer`, `number` and their like read those that are auto or empty, where the reader decides.

/// What the text of an option stands for.
package protocol OptionValue {
  /// nil for text that is no such value.
  init?(option items: [String])

  /// What stands in where the table's own default is none: no table that the tests have seen.
  static var nothing: Self { get }
}

extension OptionValue where Self: LosslessStringConvertible {
  package init?(option items: [String]) {
    guard items.count == 1 else { return nil }
    self.init(items[0])
  }
}

extension Int: OptionValue {
  package static var nothing: Int { 0 }
}

/// Of seeds and numbers of rows.
extension UInt64: OptionValue {
  package static var nothing: UInt64 { 0 }
}

extension Double: OptionValue {
  package static var nothing: Double { 0 }
}

extension Bool: OptionValue {
  package static var nothing: Bool { false }
}

extension String: OptionValue {
  package static var nothing: String { "" }
}

extension Array: OptionValue where Element: LosslessStringConvertible {
  package init?(option items: [String]) {
    let values = items.compactMap { Element($0) }
    guard values.count == items.count else { return nil }
    self = values
  }

  package static var nothing: [Element] { [] }
}

extension Options {
  /// The value of an option that has a default.
  package func value<T: OptionValue>(_ key: String) -> T {
    read(key, nothing: .nothing) { T(option: $0) }
  }

  /// The choice of an option that has a default.
  package func value<T: RawRepresentable & CaseIterable>(_ key: String) -> T
  where T.RawValue == String {
    read(key, nothing: T.allCases[T.allCases.startIndex]) { items in
      items.first.flatMap { T(rawValue: $0) }
    }
  }
}
