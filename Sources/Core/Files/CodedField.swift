/// A property that a file keeps under a name: one declaration writes and reads it.
package struct CodedField<Owner: Sendable>: Sendable {
  package let name: String
  package let write: @Sendable (Owner) -> JSON
  /// false for what no owner has.
  package let read: @Sendable (inout Owner, JSON?) -> Bool

  /// `missing`: what files from before it was kept stand for.
  package init<Value: JSONValue>(
    _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, missing: Value? = nil,
    _ fits: @escaping @Sendable (Value) -> Bool = { _ in true }
  ) {
    self.name = name
    write = { $0[keyPath: path].json }
    read = { owner, json in
      guard let value = json.map(Value.init(json:)) ?? missing, fits(value) else { return false }
      owner[keyPath: path] = value
      return true
    }
  }
}

extension Array {
  /// Every field of an owner, in order.
  package func fields<Owner>(_ owner: Owner) -> [(String, JSON)]
  where Element == CodedField<Owner> {
    map { ($0.name, $0.write(owner)) }
  }

  /// Takes every field from an object; false where one is wrong or absent.
  package func read<Owner>(_ json: JSON, into owner: inout Owner) -> Bool
  where Element == CodedField<Owner> {
    allSatisfy { $0.read(&owner, json[$0.name]) }
  }
}

/// What JSON may stand for.
package protocol JSONValue: Sendable {
  init?(json: JSON)
  var json: JSON { get }
}

extension JSONValue where Self: RawRepresentable, RawValue == String {
  package init?(json: JSON) {
    guard let value = json.string.flatMap(Self.init(rawValue:)) else { return nil }
    self = value
  }

  package var json: JSON { .string(rawValue) }
}

extension Int: JSONValue {
  package init?(json: JSON) {
    guard let value = json.integer else { return nil }
    self = value
  }

  package var json: JSON { .integer(self) }
}

extension Double: JSONValue {
  package init?(json: JSON) {
    guard let value = json.double else { return nil }
    self = value
  }

  package var json: JSON { .number(self) }
}

extension Bool: JSONValue {
  package init?(json: JSON) {
    guard let value = json.bool else { return nil }
    self = value
  }

  package var json: JSON { .bool(self) }
}

extension Array: JSONValue where Element: JSONValue {
  package init?(json: JSON) {
    guard let items = json.array else { return nil }
    let values = items.compactMap(Element.init(json:))
    guard values.count == items.count else { return nil }
    self = values
  }

  package var json: JSON { .array(map(\.json)) }
}
