package import Platform

/// Files of named tensors with text metadata: the length of a JSON header (8 bytes, little-endian),
/// the header, the values.
///
/// The format is Hugging Face's safetensors 0.x. Here values are float32, float64 or uint64.
package struct Safetensors {
  package enum Values {
    case float32(View<Float>)
    case float64(View<Double>)
    case uint64(View<UInt64>)

    var type: String {
      switch self {
      case .float32: "F32"
      case .float64: "F64"
      case .uint64: "U64"
      }
    }

    var bytes: Int {
      switch self {
      case .float32(let view): view.count * 4
      case .float64(let view): view.count * 8
      case .uint64(let view): view.count * 8
      }
    }
  }

  package struct Entry {
    package let name: String
    package let shape: [Int]
    package let values: Values

    package init(name: String, shape: [Int], values: Values) {
      (self.name, self.shape, self.values) = (name, shape, values)
    }
  }

  /// The bytes of a file.
  ///
  /// Metadata and entries are written in the order given.
  package static func serialize(
    metadata: [(String, String)], _ entries: [Entry], memory: Memory
  ) throws -> Storage<UInt8> {
    var fields: [(String, JSON)] = [
      ("__metadata__", .object(metadata.map { ($0.0, .string($0.1)) }))
    ]
    var offset = 0
    for entry in entries {
      let end = offset + entry.values.bytes
      let description: [(String, JSON)] = [
        ("dtype", .string(entry.values.type)), ("shape", .array(entry.shape.map(JSON.integer))),
        ("data_offsets", .array([.integer(offset), .integer(end)])),
      ]
      fields.append((entry.name, .object(description)))
      offset = end
    }
    var header = Array(JSON.object(fields).text.utf8)
    header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
    let storage = try Storage<UInt8>(memory, count: 8 + header.count + offset)
    for index in 0 ..< 8 {
      storage.view[index] = UInt8(truncatingIfNeeded: header.count >> (8 * index))
    }
    storage.view.copy(header, at: 8)
    var position = 8 + header.count
    for entry in entries {
      switch entry.values {
      case .float32(let view): storage.view.copyIn(view, at: position)
      case .float64(let view): storage.view.copyIn(view, at: position)
      case .uint64(let view): storage.view.copyIn(view, at: position)
      }
      position += entry.values.bytes
    }
    return storage
  }
}

/// A file of named tensors, checked whole before anything is taken from it.
package struct SafetensorsArchive {
  package let metadata: [String: String]
  private let tensors: [String: (type: String, shape: [Int], offset: Int, count: Int)]
  private let bytes: View<UInt8>

  private static let sizes = [
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2,
    "U16": 2,
    "I8": 1, "U8": 1, "BOOL": 1,
  ]

  package init(_ bytes: View<UInt8>) throws {
    self.bytes = bytes
    func bad(_ what: String) -> SteinError {
      SteinError(.badFile, "not a safetensors file: \(what)")
    }
    guard bytes.count >= 8 else { throw bad("shorter than its header's length") }
    let length = bytes.load(0, as: UInt64.self)
    guard length <= 64 << 20, length <= UInt64(bytes.count - 8) else {
      throw bad("its header does not fit the file")
    }
    let start = 8 + Int(length)
    let header: JSON
    do throws(JSONError) {
      header = try JSON.parse(bytes.bytes(8, Int(length)))
    } catch {
      throw bad(error.message)
    }
    guard let fields = header.fields else { throw bad("its header is not an object") }
    var metadata: [String: String] = [:]
    var tensors: [String: (type: String, shape: [Int], offset: Int, count: Int)] = [:]
    var ranges: [(Int, Int)] = []
    for (name, value) in fields {
      if name == "__metadata__" {
        for (key, text) in value.fields ?? [] { metadata[key] = text.string }
        continue
      }
      guard let type = value["dtype"]?.string, let size = SafetensorsArchive.sizes[type],
        let shape = value["shape"]?.integers, let offsets = value["data_offsets"]?.integers,
        offsets.count == 2, let count = SafetensorsArchive.count(shape),
        offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= bytes.count - start,
        count.multipliedReportingOverflow(by: size) == (offsets[1] - offsets[0], false)
      else { throw bad("tensor '\(name)' is not described as one") }
      tensors[name] = (type, shape, start + offsets[0], count)
      ranges.append((offsets[0], offsets[1]))
    }
    ranges.sort { $0 < $1 }
    var end = 0
    for range in ranges {
      guard range.0 == end else { throw bad("its tensors overlap or leave holes") }
      end = range.1
    }
    guard end == bytes.count - start else { throw bad("something stands behind its tensors") }
    self.metadata = metadata
    self.tensors = tensors
  }

  private static func count(_ shape: [Int]) -> Int? {
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow else { return nil }
      count = product
    }
    return count
  }

  package func has(_ name: String) -> Bool { tensors[name] != nil }

  package var names: [String] { tensors.keys.sorted() }

  package func shape(_ name: String) -> [Int]? { tensors[name]?.shape }

  /// Copies tensor `name` into `target`; its type and number of elements must be as expected.
  package func read(_ name: String, into target: View<Float>) throws {
    try read(name, "F32", target)
    for index in 0 ..< target.count where !target[index].isFinite {
      throw SteinError(.badFile, "tensor '\(name)' holds a value that is not finite")
    }
  }

  package func read(_ name: String, into target: View<Double>) throws {
    try read(name, "F64", target)
  }

  private func read<T>(_ name: String, _ type: String, _ target: View<T>) throws {
    guard let tensor = tensors[name] else {
      throw SteinError(.badFile, "tensor '\(name)' is missing")
    }
    guard tensor.type == type, tensor.count == target.count else {
      throw SteinError(
        .badFile,
        "tensor '\(name)' has \(tensor.count) values of \(tensor.type), not \(target.count) of \(type)"
      )
    }
    bytes.copyOut(from: tensor.offset, into: target)
  }
}
