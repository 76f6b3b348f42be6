import CFFI
import Glibc

/// The library under test, called by name through libffi with nothing but the generated signatures.
struct Library {
  private let handle: UnsafeMutableRawPointer

  init(path: String) {
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      fputs("can't open \(path): \(String(cString: dlerror()))\n", stderr)
      exit(3)
    }
    self.handle = handle
  }

  /// Arguments and result are bit patterns; a signature says how each travels.
  func call(_ signature: CSignature, _ arguments: [UInt64]) -> UInt64 {
    guard let function = dlsym(handle, signature.name) else {
      fputs("no function \(signature.name)\n", stderr)
      exit(3)
    }
    var types: [UnsafeMutablePointer<ffi_type>?] = signature.parameters.map { type($0.kind) }
    var cif = ffi_cif()
    guard
      ffi_prep_cif(&cif, FFI_DEFAULT_ABI, UInt32(types.count), type(signature.result), &types)
        == FFI_OK
    else {
      fputs("libffi refuses \(signature.name)\n", stderr)
      exit(3)
    }
    var slots = arguments
    var result: UInt64 = 0
    slots.withUnsafeMutableBufferPointer { buffer in
      var pointers = buffer.indices.map {
        UnsafeMutableRawPointer(buffer.baseAddress! + $0) as UnsafeMutableRawPointer?
      }
      let target = unsafeBitCast(function, to: (@convention(c) () -> Void).self)
      ffi_call(&cif, target, &result, &pointers)
    }
    return result
  }

  private func type(_ kind: CKind) -> UnsafeMutablePointer<ffi_type> {
    switch kind {
    case .pointer: withUnsafeMutablePointer(to: &ffi_type_pointer) { $0 }
    case .int32: withUnsafeMutablePointer(to: &ffi_type_sint32) { $0 }
    case .int64: withUnsafeMutablePointer(to: &ffi_type_sint64) { $0 }
    case .uint64: withUnsafeMutablePointer(to: &ffi_type_uint64) { $0 }
    case .double: withUnsafeMutablePointer(to: &ffi_type_double) { $0 }
    }
  }
}

/// Memory that a call is shown.
///
/// It is kept until the end, or given back by `forget` if it was asked for after `remember`.
func memory(_ bytes: Int, fill: UInt8 = 0) -> UnsafeMutableRawPointer {
  let block = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 16), alignment: 64)
  memset(block, Int32(fill), max(bytes, 16))
  if remembers { remembered.append(block) }
  return block
}

nonisolated(unsafe) private var remembers = false
nonisolated(unsafe) private var remembered: [UnsafeMutableRawPointer] = []

/// From here on memory is of one case.
func remember() { remembers = true }

/// Gives back the memory of a case.
func forget() {
  for block in remembered { block.deallocate() }
  remembered = []
  remembers = false
}

func bits(_ pointer: UnsafeMutableRawPointer?) -> UInt64 { UInt64(UInt(bitPattern: pointer)) }

func text(_ string: String) -> UInt64 { text(Array(string.utf8)) }

func text(_ bytes: [UInt8]) -> UInt64 {
  let block = memory(bytes.count + 1)
  bytes.withUnsafeBytes {
    block.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(block), byteCount: bytes.count)
  }
  return bits(block)
}

/// A stein_tensor written field by field, so that each may be wrong.
struct TensorSpec {
  var data: UnsafeMutableRawPointer? = nil
  var device: (Int32, Int32) = (1, 0)
  var ndim: Int32 = 2
  var dtype: (UInt8, UInt8, UInt16) = (2, 64, 1)
  var shape: [Int64]? = [8, 3]
  var strides: [Int64]? = nil
  var offset: UInt64 = 0

  func written() -> UInt64 {
    let block = memory(48)
    block.storeBytes(of: bits(data), toByteOffset: 0, as: UInt64.self)
    block.storeBytes(of: device.0, toByteOffset: 8, as: Int32.self)
    block.storeBytes(of: device.1, toByteOffset: 12, as: Int32.self)
    block.storeBytes(of: ndim, toByteOffset: 16, as: Int32.self)
    block.storeBytes(of: dtype.0, toByteOffset: 20, as: UInt8.self)
    block.storeBytes(of: dtype.1, toByteOffset: 21, as: UInt8.self)
    block.storeBytes(of: dtype.2, toByteOffset: 22, as: UInt16.self)
    block.storeBytes(of: list(shape), toByteOffset: 24, as: UInt64.self)
    block.storeBytes(of: list(strides), toByteOffset: 32, as: UInt64.self)
    block.storeBytes(of: offset, toByteOffset: 40, as: UInt64.self)
    return bits(block)
  }

  private func list(_ values: [Int64]?) -> UInt64 {
    guard let values else { return 0 }
    let block = memory(8 * max(values.count, 8))
    for (index, value) in values.enumerated() {
      block.storeBytes(of: value, toByteOffset: 8 * index, as: Int64.self)
    }
    return bits(block)
  }
}
