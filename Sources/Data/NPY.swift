import Core
package import Platform

/// NumPy's array files: a magic word, a version, a Python dictionary as text, the values.
///
/// Versions 1 to 3, real numbers, integers and booleans, both byte orders, rows or columns first.
/// The format is NEP 1's.
enum NPY {
  static func read(_ bytes: Storage<UInt8>, memory: Memory) throws -> Table {
    let view = bytes.view
    func bad(_ what: String) -> SteinError {
      SteinError(.badFile, "not a .npy file that can be read: \(what)", argument: "path")
    }
    guard view.count >= 10, view.bytes(0, 6) == [0x93] + Array("NUMPY".utf8) else {
      throw bad("it does not begin with \\x93NUMPY")
    }
    let version = view[6]
    guard (1 ... 3).contains(version), version == 1 || view.count >= 12 else {
      throw bad("version \(version)")
    }
    let lengthBytes = version == 1 ? 2 : 4
    let length =
      version == 1 ? Int(view.load(8, as: UInt16.self)) : Int(view.load(8, as: UInt32.self))
    let start = 8 + lengthBytes + length
    guard length <= 1 << 20, start <= view.count else {
      throw bad("its header does not fit the file")
    }
    guard let header = NPYHeader(view.bytes(8 + lengthBytes, length)) else {
      throw bad("its header is not a dictionary of descr, fortran_order and shape")
    }
    guard let element = NPYElement(header.descr) else {
      throw bad("values of type '\(header.descr)'; it takes f2, f4, f8, i1 to i8, u1 to u8 and b1")
    }
    guard header.shape.count >= 1, header.shape.count <= 5 else {
      throw bad("\(header.shape.count) axes; it takes 1 to 5")
    }
    guard !header.shape.contains(0) else {
      throw bad("shape \(header.shape) holds nothing; it takes a row and a column")
    }
    var count = 1
    for axis in header.shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: axis)
      guard !overflow, product < 1 << 48 else { throw bad("its shape is too large") }
      count = product
    }
    let (size, overflow) = count.multipliedReportingOverflow(by: element.size)
    guard !overflow, size <= view.count - start else {
      throw bad("it is shorter than its shape \(header.shape) asks for")
    }
    let shape = header.shape.count == 1 ? header.shape + [1] : header.shape
    return Table(shape: shape, names: nil, isSingle: element.fitsSingle) { row, out in
      for index in 0 ..< out.count {
        let position =
          header.fortranOrder ? columnMajor(row, index, shape) : row * out.count + index
        out[index] = element.value(bytes.view, start + position * element.size)
      }
    }
  }

  /// Where element `index` of a row stands when the first axis varies fastest.
  private static func columnMajor(_ row: Int, _ index: Int, _ shape: [Int]) -> Int {
    var rest = index
    var position = 0
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropFirst() { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    for axis in shape.indices.dropFirst().reversed() {
      position += rest % shape[axis] * strides[axis]
      rest /= shape[axis]
    }
    return position + row
  }
}

/// One value's type in a file.
private struct NPYElement {
  let kind: Character
  let size: Int
  let swapped: Bool

  init?(_ descr: String) {
    var text = descr[...]
    guard let order = text.first, "<>=|".contains(order) else { return nil }
    text.removeFirst()
    guard let kind = text.popFirst(), let size = Int(text) else { return nil }
    let sizes: [Character: [Int]] = [
      "f": [2, 4, 8], "i": [1, 2, 4, 8], "u": [1, 2, 4, 8], "b": [1],
    ]
    guard sizes[kind]?.contains(size) == true else { return nil }
    self.kind = kind
    self.size = size
    swapped = order == ">"
  }

  /// Whether float32 holds every value of the type.
  var fitsSingle: Bool { kind == "f" ? size <= 4 : size <= 2 }

  func value(_ bytes: View<UInt8>, _ offset: Int) -> Double {
    func bits<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> T {
      let raw = bytes.load(offset, as: T.self)
      return swapped ? raw.byteSwapped : raw
    }
    switch (kind, size) {
    case ("f", 2): return Double(half(bits(UInt16.self)))
    case ("f", 4): return Double(Float(bitPattern: bits(UInt32.self)))
    case ("f", _): return Double(bitPattern: bits(UInt64.self))
    case ("i", 1): return Double(bits(Int8.self))
    case ("i", 2): return Double(bits(Int16.self))
    case ("i", 4): return Double(bits(Int32.self))
    case ("i", _): return Double(bits(Int64.self))
    case ("b", _): return bits(UInt8.self) == 0 ? 0 : 1
    case (_, 1): return Double(bits(UInt8.self))
    case (_, 2): return Double(bits(UInt16.self))
    case (_, 4): return Double(bits(UInt32.self))
    default: return Double(bits(UInt64.self))
    }
  }

  /// IEEE half precision.
  private func half(_ bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 1 ? -1 : 1
    let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023))
    if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
    if exponent == 0 { return sign * fraction * 0x1p-24 }
    return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
  }
}

extension TensorView {
  /// Writes the tensor as a .npy file of version 1, row-major.
  package func save(path: String, memory: Memory) throws {
    let descr =
      switch type {
      case .float32: "<f4"
      case .float64: "<f8"
      case .int8: "|i1"
      case .int16: "<i2"
      case .int32: "<i4"
      case .int64: "<i8"
      case .uint8: "|u1"
      case .uint16: "<u2"
      case .uint32: "<u4"
      case .uint64: "<u8"
      }
    let lengths = shape.map { "\($0)," }.joined(separator: " ")
    var header = "{'descr': '\(descr)', 'fortran_order': False, 'shape': (\(lengths)), }"
    // Values begin at a multiple of 64 bytes, behind a line's end.
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    let count = header.utf8.count
    let front =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 255), UInt8(count >> 8)]
      + Array(header.utf8)
    let (size, overflow) = rowCount.multipliedReportingOverflow(by: type.size)
    let (total, over) = size.multipliedReportingOverflow(by: rows)
    guard !overflow, !over, total < 1 << 48 else {
      throw SteinError(.badShape, "no file holds shape \(shape)", argument: "tensor")
    }
    let file = try Storage<UInt8>(memory, count: front.count + total)
    file.view.copy(front, at: 0)
    for row in 0 ..< rows { copyRow(row, to: file.view, at: front.count + row * size) }
    try saveFile(path, [file.view])
  }
}

/// The three fields of the header's dictionary.
private struct NPYHeader {
  let descr: String
  let fortranOrder: Bool
  let shape: [Int]

  init?(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self),
      let descr = NPYHeader.field("descr", text),
      let order = NPYHeader.field("fortran_order", text),
      let shape = NPYHeader.field("shape", text), descr.count >= 2, shape.first == "("
    else { return nil }
    guard let quote = descr.first, quote == "'" || quote == "\"",
      let close = descr.dropFirst().firstIndex(of: quote)
    else { return nil }
    self.descr = String(descr[descr.index(after: descr.startIndex) ..< close])
    guard order.hasPrefix("True") || order.hasPrefix("False") else { return nil }
    fortranOrder = order.hasPrefix("True")
    guard let end = shape.firstIndex(of: ")") else { return nil }
    var lengths: [Int] = []
    for part in shape[..<end].dropFirst().split(separator: ",") {
      let digits = part.filter { $0 != " " }
      if digits.isEmpty { continue }
      guard let length = Int(digits), length >= 0 else { return nil }
      lengths.append(length)
    }
    self.shape = lengths
  }

  /// The text behind 'name': .
  private static func field(_ name: String, _ text: String) -> Substring? {
    for quote in ["'", "\""] {
      let key = quote + name + quote
      var rest = text[...]
      while let start = rest.firstIndex(of: Character(quote)) {
        rest = rest[start...]
        if rest.hasPrefix(key) {
          let behind = rest.dropFirst(key.count).drop { $0 == " " }
          guard behind.first == ":" else { return nil }
          return behind.dropFirst().drop { $0 == " " }
        }
        rest.removeFirst()
      }
    }
    return nil
  }
}
