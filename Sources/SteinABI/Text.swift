import Glibc
import Platform
import Stein

extension Call {
  /// Text of the caller's: UTF-8 that ends within `limit` bytes.
  private func text(
    _ pointer: UnsafePointer<CChar>?, _ argument: String, limit: Int, _ code: SteinError.Code
  ) throws -> String {
    guard let pointer = unsafe pointer else {
      throw SteinError(.badPointer, "\(argument) is NULL", argument: argument)
    }
    let length = unsafe strnlen(pointer, limit)
    guard length < limit else {
      throw SteinError(code, "\(argument) does not end within \(limit) bytes", argument: argument)
    }
    let bytes = unsafe UnsafeRawBufferPointer(start: pointer, count: length)
    guard let text = unsafe String(validating: bytes, as: UTF8.self) else {
      throw SteinError(code, "\(argument) is not UTF-8", argument: argument)
    }
    return text
  }

  /// NULL is no option.
  func options(_ pointer: UnsafePointer<CChar>?) throws -> String {
    guard unsafe pointer != nil else { return "" }
    return unsafe try text(pointer, "options", limit: 65_536, .badOption)
  }

  func path(_ pointer: UnsafePointer<CChar>?) throws -> String {
    let path = unsafe try text(pointer, "path", limit: 4096, .badValue)
    guard !path.isEmpty else { throw SteinError(.badValue, "path is empty", argument: "path") }
    return path
  }

  func name(_ pointer: UnsafePointer<CChar>?, _ argument: String) throws -> String {
    unsafe try text(pointer, argument, limit: 4096, .badValue)
  }

  /// Where bytes go out to (R8): `needed` is checked first and written always.
  func buffer(_ needed: UnsafeMutablePointer<UInt64>?) throws -> UnsafeMutablePointer<UInt64> {
    unsafe try output(needed, "needed")
  }

  func write(
    _ text: String, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
    _ needed: UnsafeMutablePointer<UInt64>
  ) throws {
    let bytes = Array(text.utf8) + [0]
    unsafe try reserve(bytes.count, buffer.map { UnsafeMutableRawPointer($0) }, capacity, needed)
    if let buffer = unsafe buffer {
      unsafe bytes.withUnsafeBytes { source in
        if let base = source.baseAddress { unsafe memcpy(buffer, base, bytes.count) }
      }
    }
  }

  func write(
    _ bytes: View<UInt8>, _ buffer: UnsafeMutableRawPointer?, _ capacity: UInt64,
    _ needed: UnsafeMutablePointer<UInt64>
  ) throws {
    unsafe try reserve(bytes.count, buffer, capacity, needed)
    if let buffer = unsafe buffer { unsafe memcpy(buffer, bytes.base, bytes.count) }
  }

  /// Numbers: no values for none of them may be NULL.
  func write(
    _ numbers: [Double], _ values: UnsafeMutablePointer<Double>?, _ capacity: UInt64,
    _ needed: UnsafeMutablePointer<UInt64>
  ) throws {
    guard !numbers.isEmpty else {
      unsafe needed.pointee = 0
      return
    }
    unsafe try reserve(
      numbers.count, values.map { UnsafeMutableRawPointer($0) }, capacity, needed,
      named: ("values", "numbers"))
    let values = unsafe try output(values, "values")
    for (place, number) in numbers.enumerated() { unsafe values[place] = number }
  }

  private func reserve(
    _ count: Int, _ buffer: UnsafeMutableRawPointer?, _ capacity: UInt64,
    _ needed: UnsafeMutablePointer<UInt64>,
    named: (buffer: String, items: String) = ("buffer", "bytes")
  ) throws {
    unsafe needed.pointee = UInt64(count)
    guard capacity >= UInt64(count) else {
      throw SteinError(
        .bufferTooSmall,
        "\(named.buffer) holds \(capacity) \(named.items), \(count) are needed",
        argument: "capacity")
    }
    guard unsafe buffer != nil else {
      throw SteinError(
        .badPointer, "\(named.buffer) is NULL, capacity is not 0", argument: named.buffer)
    }
  }
}

// One figure of an object's description, which the four kinds that describe themselves share.
extension Call {
  func writeNumbers(
    of object: any Described, _ name: UnsafePointer<CChar>?,
    _ values: UnsafeMutablePointer<Double>?, _ capacity: UInt64,
    _ needed: UnsafeMutablePointer<UInt64>?
  ) throws {
    let needed = unsafe try buffer(needed)
    let numbers = unsafe try object.figures.numbers(self.name(name, "name"))
    unsafe try write(numbers, values, capacity, needed)
  }

  func writeText(
    of object: any Described, _ name: UnsafePointer<CChar>?, _ index: Int64,
    _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
    _ needed: UnsafeMutablePointer<UInt64>?
  ) throws {
    let needed = unsafe try self.buffer(needed)
    let text = unsafe try object.figures.text(self.name(name, "name"), index)
    unsafe try write(text, buffer, capacity, needed)
  }
}
