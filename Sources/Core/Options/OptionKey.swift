/// An option as who reads it declares it: name, range, default and meaning in one place, with the
/// type that `options[key]` has.
///
/// `Value` is optional where the default is auto or nothing: who reads it then chooses.
package struct OptionKey<Value: Sendable>: AnyOptionKey {
  package let spec: OptionSpec
  let fallback: Value
  /// nil for text that is no such value, which the parser lets nobody give.
  let parse: @Sendable ([String]) -> Value?

  package var name: String { spec.name }

  private init(
    _ name: String, _ kind: OptionSpec.Kind, _ written: String, _ meaning: String, _ needs: [Need],
    _ fallback: Value, _ parse: @escaping @Sendable ([String]) -> Value?
  ) {
    spec = OptionSpec(
      name: name, kind: kind, defaultValue: written, meaning: meaning, needs: needs)
    (self.fallback, self.parse) = (fallback, parse)
  }
}

/// A key of any type.
package protocol AnyOptionKey: Sendable {
  var spec: OptionSpec { get }
}

// ---- Numbers

extension OptionKey where Value == Int {
  package init(
    _ name: String, _ range: ClosedRange<Int>, default value: Int, _ meaning: String,
    for needs: Need...
  ) {
    self.init(name, .integer(range), String(value), meaning, needs, value) {
      $0.first.flatMap(Int.init)
    }
  }
}

extension OptionKey where Value == Int? {
  package init(_ name: String, _ range: ClosedRange<Int>, _ meaning: String, for needs: Need...) {
    self.init(name, .integer(range), "auto", meaning, needs, nil) { $0.first.flatMap(Int.init) }
  }
}

/// Seeds and numbers of rows.
extension OptionKey where Value == UInt64 {
  package init(_ name: String, _ range: ClosedRange<Int>, _ meaning: String) {
    self.init(name, .integer(range), "0", meaning, [], 0) { $0.first.flatMap(UInt64.init) }
  }

  package init(_ name: String, _ meaning: String) { self.init(name, 0 ... .max, meaning) }
}

extension OptionKey where Value == Double {
  package init(
    _ name: String, _ range: ClosedRange<Double>, default value: Double, _ meaning: String,
    for needs: Need...
  ) {
    self.init(name, .number(range), written(value), meaning, needs, value) {
      $0.first.flatMap(Double.init)
    }
  }
}

extension OptionKey where Value == Double? {
  package init(
    _ name: String, _ range: ClosedRange<Double>, _ meaning: String, for needs: Need...
  ) {
    self.init(name, .number(range), "auto", meaning, needs, nil) { $0.first.flatMap(Double.init) }
  }
}

/// As people write it: 7, 0.16, 1e-5.
private func written(_ value: Double) -> String {
  if let whole = Int(exactly: value) { return String(whole) }
  guard value == 1e-4 || value == 1e-5 else { return "\(value)" }
  return value == 1e-4 ? "1e-4" : "1e-5"
}

// ---- Choices and flags

extension OptionKey where Value == Bool {
  package init(_ name: String, default value: Bool, _ meaning: String, for needs: Need...) {
    self.init(name, .flag, String(value), meaning, needs, value) { $0 == ["true"] }
  }
}

extension OptionKey where Value == Bool? {
  package init(_ name: String, _ meaning: String, for needs: Need...) {
    self.init(name, .flag, "auto", meaning, needs, nil) { $0 == ["true"] }
  }
}

extension OptionKey where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// `choices`: nil for every case.
  package init(
    _ name: String, choices: [Value]? = nil, default value: Value, _ meaning: String,
    for needs: Need...
  ) {
    let names = (choices ?? Array(Value.allCases)).map(\.rawValue)
    self.init(name, .choice(names), value.rawValue, meaning, needs, value) {
      $0.first.flatMap(Value.init(rawValue:))
    }
  }
}

extension OptionKey {
  package init<T: RawRepresentable & CaseIterable>(
    _ name: String, _ meaning: String, for needs: Need...
  ) where Value == T?, T.RawValue == String {
    let names = ["auto"] + T.allCases.map(\.rawValue)
    self.init(name, .choice(names), "auto", meaning, needs, nil) {
      $0.first.flatMap(T.init(rawValue:))
    }
  }
}

extension OptionKey where Value == String {
  package init(
    _ name: String, choices: [String], default value: String, _ meaning: String, for needs: Need...
  ) {
    self.init(name, .choice(choices), value, meaning, needs, value, \.first)
  }
}

extension OptionKey where Value == String? {
  /// Of some choices; auto is one more.
  package init(_ name: String, choices: [String], _ meaning: String, for needs: Need...) {
    self.init(name, .choice(["auto"] + choices), "auto", meaning, needs, nil) {
      $0 == ["auto"] ? nil : $0.first
    }
  }

  /// Any text; nil where none is given.
  package init(_ name: String, _ meaning: String, for needs: Need...) {
    self.init(name, .text, "", meaning, needs, nil) { $0.first }
  }
}

// ---- Lists

extension OptionKey where Value == [Int] {
  package init(
    _ name: String, _ range: ClosedRange<Int>, default value: [Int], _ meaning: String,
    for needs: Need...
  ) {
    let text = value.map(String.init).joined(separator: ",")
    self.init(name, .integers(range), text, meaning, needs, value) { $0.compactMap(Int.init) }
  }
}

extension OptionKey where Value == [Int]? {
  package init(_ name: String, _ range: ClosedRange<Int>, _ meaning: String, for needs: Need...) {
    self.init(name, .integers(range), "auto", meaning, needs, nil) { $0.compactMap(Int.init) }
  }
}

extension OptionKey where Value == [Double] {
  package init(_ name: String, default value: [Double], _ meaning: String, for needs: Need...) {
    let text = value.map(written).joined(separator: ",")
    self.init(name, .numbers, text, meaning, needs, value) { $0.compactMap(Double.init) }
  }
}

extension OptionKey where Value == [Double]? {
  package init(_ name: String, _ meaning: String, for needs: Need...) {
    self.init(name, .numbers, "auto", meaning, needs, nil) { $0.compactMap(Double.init) }
  }
}

extension OptionKey where Value == [String]? {
  package init(_ name: String, _ meaning: String, for needs: Need...) {
    self.init(name, .texts, "", meaning, needs, nil) { $0 }
  }
}
