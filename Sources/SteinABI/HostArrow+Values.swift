import CArrow
import Platform
import Stein

extension HostArrow {
  static func bit(_ bitmap: UnsafeRawPointer?, _ index: Int) -> Bool {
    guard let bitmap = unsafe bitmap else { return true }
    return unsafe bitmap.load(fromByteOffset: index >> 3, as: UInt8.self) >> (index & 7) & 1 == 1
  }

  static func value(_ type: Kind, _ data: UnsafeRawPointer, _ index: Int) -> Double {
    func load<T: BitwiseCopyable>(_: T.Type) -> T {
      unsafe data.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self)
    }
    switch type {
    case .int8: return Double(load(Int8.self))
    case .uint8: return Double(load(UInt8.self))
    case .int16: return Double(load(Int16.self))
    case .uint16: return Double(load(UInt16.self))
    case .int32: return Double(load(Int32.self))
    case .uint32: return Double(load(UInt32.self))
    case .int64: return Double(load(Int64.self))
    case .uint64: return Double(load(UInt64.self))
    case .float16: return wide(load(UInt16.self))
    case .float32: return Double(load(Float.self))
    case .float64: return load(Double.self)
    case .boolean: return unsafe bit(data, index) ? 1 : 0
    }
  }

  /// A number of IEEE half precision.
  static func wide(_ bits: UInt16) -> Double {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
    let sign: Double = bits >> 15 == 1 ? -1 : 1
    if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
    if exponent == 0 { return sign * fraction * 0x1p-24 }
    return sign * (1 + fraction / 1024)
      * Double(sign: .plus, exponent: exponent - 15, significand: 1)
  }
}
