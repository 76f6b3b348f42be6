import Core
import Graph
import Platform

/// A message of Protocol Buffers as it grows: fields by number.
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func integer(_ field: Int, _ value: Int) {
    varint(UInt64(field) << 3)
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// The beginning of a field of `count` bytes that follow.
  mutating func begin(_ field: Int, count: Int) {
    varint(UInt64(field) << 3 | 2)
    varint(UInt64(count))
  }

  mutating func data(_ field: Int, _ content: [UInt8]) {
    begin(field, count: content.count)
    bytes += content
  }

  mutating func text(_ field: Int, _ text: String) { data(field, Array(text.utf8)) }

  mutating func message(_ field: Int, _ build: (inout ProtobufMessage) -> Void) {
    var inner = ProtobufMessage()
    build(&inner)
    data(field, inner.bytes)
  }
}

/// A model of ONNX (operator set 17) as it grows: nodes in order, constants, inputs and outputs by
/// name.
///
/// Field numbers are those of onnx.proto.
struct ONNXGraph {
  enum Element: Int {
    case float = 1
    case int64 = 7
  }

  enum Attribute {
    case integer(Int)
    case integers([Int])
    case text(String)
  }

  /// Weights are written from where they stand.
  private enum Values {
    case floats([Float])
    case integers([Int])
    case weights(View<Float>)

    var byteCount: Int {
      switch self {
      case .floats(let values): 4 * values.count
      case .integers(let values): 8 * values.count
      case .weights(let view): 4 * view.count
      }
    }
  }

  private var nodes = ProtobufMessage()
  private var ends = ProtobufMessage()
  private var tensors: [(header: [UInt8], values: Values)] = []
  private var count = 0

  private mutating func fresh() -> String {
    count += 1
    return "v\(count)"
  }

  /// Appends an operation and returns the name of its result.
  mutating func node(
    _ op: String, _ inputs: [String], _ attributes: [(String, Attribute)] = [],
    named name: String? = nil
  ) -> String {
    let result = name ?? fresh()
    nodes.message(1) { node in
      for input in inputs { node.text(1, input) }
      node.text(2, result)
      node.text(4, op)
      for (key, value) in attributes {
        node.message(5) { attribute in
          attribute.text(1, key)
          switch value {
          case .integer(let number):
            attribute.integer(3, number)
            attribute.integer(20, 2)
          case .integers(let numbers):
            for number in numbers { attribute.integer(8, number) }
            attribute.integer(20, 7)
          case .text(let text):
            attribute.text(4, text)
            attribute.integer(20, 3)
          }
        }
      }
    }
    return result
  }

  mutating func constant(_ values: [Float], _ dims: [Int]) -> String {
    tensor(fresh(), dims, .float, .floats(values))
  }

  mutating func constant(_ values: [Int]) -> String {
    tensor(fresh(), [values.count], .int64, .integers(values))
  }

  mutating func weights(_ name: String, _ dims: [Int], _ view: View<Float>) -> String {
    tensor(name, dims, .float, .weights(view))
  }

  private mutating func tensor(
    _ name: String, _ dims: [Int], _ type: Element, _ values: Values
  ) -> String {
    var header = ProtobufMessage()
    for length in dims { header.integer(1, length) }
    header.integer(2, type.rawValue)
    header.text(8, name)
    header.begin(9, count: values.byteCount)
    tensors.append((header.bytes, values))
    return name
  }

  mutating func input(_ name: String, _ type: Element, _ dims: [Int]) {
    end(11, name, type, dims)
  }

  mutating func output(_ name: String, _ dims: [Int]) { end(12, name, .float, dims) }

  /// The first axis is free.
  private mutating func end(_ field: Int, _ name: String, _ type: Element, _ dims: [Int]) {
    ends.message(field) { value in
      value.text(1, name)
      value.message(2) { kind in
        kind.message(1) { tensor in
          tensor.integer(1, type.rawValue)
          tensor.message(2) { shape in
            shape.message(1) { $0.text(2, "n") }
            for length in dims { shape.message(1) { $0.integer(1, length) } }
          }
        }
      }
    }
  }

  /// The bytes of the file.
  func serialized(_ description: String, memory: Memory) throws -> Storage<UInt8> {
    let heads = tensors.map { tensor in
      var head = ProtobufMessage()
      head.begin(5, count: tensor.header.count + tensor.values.byteCount)
      return head.bytes + tensor.header
    }
    var name = ProtobufMessage()
    name.text(2, "stein")
    let size =
      nodes.bytes.count + name.bytes.count + ends.bytes.count
      + zip(heads, tensors).reduce(0) { $0 + $1.0.count + $1.1.values.byteCount }
    guard size < 1 << 31 else {
      throw SteinError(.unsupported, "an ONNX file holds at most 2 GiB", argument: "model")
    }
    var model = ProtobufMessage()
    model.integer(1, 8)
    model.text(2, "stein")
    model.text(6, description)
    model.message(8) { $0.integer(2, 17) }
    model.begin(7, count: size)
    let storage = try Storage<UInt8>(memory, count: model.bytes.count + size)
    var place = 0
    func put(_ bytes: [UInt8]) {
      storage.view.copy(bytes, at: place)
      place += bytes.count
    }
    put(model.bytes)
    put(nodes.bytes)
    put(name.bytes)
    for (head, tensor) in zip(heads, tensors) {
      put(head)
      switch tensor.values {
      case .floats(let values): put(values.flatMap { littleEndian(UInt64($0.bitPattern), 4) })
      case .integers(let values):
        put(values.flatMap { littleEndian(UInt64(bitPattern: Int64($0)), 8) })
      case .weights(let view):
        storage.view.copyIn(view, at: place)
        place += 4 * view.count
      }
    }
    put(ends.bytes)
    return storage
  }
}

private func littleEndian(_ bits: UInt64, _ count: Int) -> [UInt8] {
  (0 ..< count).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
}
