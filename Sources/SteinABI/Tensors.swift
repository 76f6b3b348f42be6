import CStein
import Platform
import Stein

/// A tensor of the caller's that was found sound, and the bytes that it covers.
struct BoundTensor {
  let view: TensorView
  let strides: [Int]
  /// First byte, and the one after the last.
  let bytes: Range<UInt>
  /// The element at index 0.
  let origin: UInt
}

extension Call {
  func tensor(_ pointer: UnsafePointer<stein_tensor>?, _ argument: String) throws -> BoundTensor {
    guard let pointer = unsafe pointer else {
      throw SteinError(.badPointer, "\(argument) is NULL", argument: argument)
    }
    guard unsafe Int(bitPattern: pointer) % MemoryLayout<stein_tensor>.alignment == 0 else {
      throw SteinError(.badPointer, "\(argument) is not aligned", argument: argument)
    }
    return unsafe try bind(pointer.pointee, argument)
  }

  func optionalTensor(_ pointer: UnsafePointer<stein_tensor>?, _ argument: String) throws
    -> BoundTensor?
  {
    guard unsafe pointer != nil else { return nil }
    return unsafe try tensor(pointer, argument)
  }

  /// A tensor to be written: floating, no element twice, and clear of the inputs or exactly one of
  /// them.
  func outputTensor(
    _ pointer: UnsafePointer<stein_tensor>?, _ argument: String, inputs: [BoundTensor?]
  ) throws -> TensorView {
    let out = unsafe try tensor(pointer, argument)
    func bad(_ what: String) -> SteinError {
      SteinError(.badShape, "\(argument) \(what)", argument: argument)
    }
    guard out.view.type.isFloat else {
      throw bad("is \(out.view.type); it must be float32 or float64")
    }
    return try cleared(out, argument, inputs: inputs).view
  }

  /// The same of int64 [n], for classes.
  func outputLabels(_ pointer: UnsafePointer<stein_tensor>?, _ argument: String) throws
    -> TensorView
  {
    let out = unsafe try tensor(pointer, argument)
    guard out.view.type == .int64, out.view.shape.count == 1 else {
      throw SteinError(
        .badShape, "\(argument) is \(out.view.type) of shape \(out.view.shape); it needs int64 [n]",
        argument: argument)
    }
    return try cleared(out, argument, inputs: []).view
  }

  private func cleared(_ out: BoundTensor, _ argument: String, inputs: [BoundTensor?]) throws
    -> BoundTensor
  {
    func bad(_ what: String) -> SteinError {
      SteinError(.badShape, "\(argument) \(what)", argument: argument)
    }
    guard isInjective(out) else { throw bad("has elements that overlap each other") }
    for case let input? in inputs where input.bytes.overlaps(out.bytes) {
      let same =
        input.origin == out.origin && input.strides == out.strides
        && input.view.shape == out.view.shape && input.view.type == out.view.type
      guard same else { throw bad("overlaps an input without being it") }
    }
    return out
  }

  /// Two outputs must not overlap.
  func checkApart(
    _ first: UnsafePointer<stein_tensor>?, _ second: UnsafePointer<stein_tensor>?,
    _ argument: String
  ) throws {
    let (one, other) = unsafe (try tensor(first, argument), try tensor(second, argument))
    guard !one.bytes.overlaps(other.bytes) else {
      throw SteinError(.badShape, "\(argument) overlaps another output", argument: argument)
    }
  }

  private func bind(_ tensor: stein_tensor, _ argument: String) throws -> BoundTensor {
    func bad(_ what: String) -> SteinError {
      SteinError(.badShape, "\(argument) \(what)", argument: argument)
    }
    guard unsafe tensor.device.device_type == 1, unsafe tensor.device.device_id == 0 else {
      throw bad(
        unsafe "is on device {\(tensor.device.device_type), \(tensor.device.device_id)}; the CPU is {1, 0}"
      )
    }
    guard unsafe (1 ... 5).contains(tensor.ndim) else {
      throw bad(unsafe "has \(tensor.ndim) axes; it takes 1 to 5")
    }
    guard let type = unsafe elementType(tensor.dtype) else {
      throw bad(
        unsafe "has dtype {\(tensor.dtype.code), \(tensor.dtype.bits), \(tensor.dtype.lanes)}; it takes float32 {2, 32, 1}, float64 {2, 64, 1} and integers {0 or 1, 8 to 64, 1}"
      )
    }
    guard let lengths = unsafe tensor.shape else {
      throw SteinError(.badPointer, "the shape of \(argument) is NULL", argument: argument)
    }
    let axes = unsafe Int(tensor.ndim)
    let shape = (0 ..< axes).map { unsafe Int(lengths[$0]) }
    guard shape.allSatisfy({ $0 >= 0 }) else {
      throw bad("has shape \(shape); lengths can't be negative")
    }
    var strides = [Int](repeating: 1, count: axes)
    if let given = unsafe tensor.strides {
      strides = (0 ..< axes).map { unsafe Int(given[$0]) }
    } else {
      for axis in stride(from: axes - 2, through: 0, by: -1) {
        let (step, overflow) = strides[axis + 1].multipliedReportingOverflow(
          by: max(shape[axis + 1], 1))
        guard !overflow else { throw bad("has shape \(shape), which no memory holds") }
        strides[axis] = step
      }
    }
    let extent = try extent(shape, strides, type.size, argument)
    guard !shape.contains(0) else { return empty(type, shape, strides) }
    guard let data = unsafe tensor.data else {
      throw SteinError(.badPointer, "the data of \(argument) is NULL", argument: argument)
    }
    let (origin, wrapped) = unsafe UInt(bitPattern: data).addingReportingOverflow(
      UInt(tensor.byte_offset))
    guard !wrapped, origin % UInt(type.size) == 0 else {
      throw bad("has data that are not aligned to its elements")
    }
    let (low, under) = origin.subtractingReportingOverflow(UInt(extent.below))
    let (high, over) = origin.addingReportingOverflow(UInt(extent.above))
    guard !under, !over, let base = unsafe UnsafeMutableRawPointer(bitPattern: origin) else {
      throw bad("reaches beyond the address space")
    }
    return unsafe BoundTensor(
      view: TensorView(type: type, shape: shape, strides: strides, base: base), strides: strides,
      bytes: low ..< high, origin: origin)
  }

  /// Bytes that the elements reach below and above the first.
  private func extent(_ shape: [Int], _ strides: [Int], _ size: Int, _ argument: String) throws -> (
    below: Int, above: Int
  ) {
    var (below, above, count) = (0, size, 1)
    for (length, step) in zip(shape, strides) {
      let (product, first) = count.multipliedReportingOverflow(by: max(length, 1))
      let (span, second) = step.multipliedReportingOverflow(by: max(length, 1) - 1)
      let (bytes, third) = span.multipliedReportingOverflow(by: size)
      let (sum, fourth) = (bytes < 0 ? below : above).addingReportingOverflow(
        bytes == .min ? .max : abs(bytes))
      guard !first, !second, !third, !fourth, product < 1 << 60 else {
        throw SteinError(
          .badShape, "\(argument) has shape \(shape) and strides \(strides), which no memory holds",
          argument: argument)
      }
      count = product
      if bytes < 0 { below = sum } else { above = sum }
    }
    return (below, above)
  }

  private func empty(_ type: ElementType, _ shape: [Int], _ strides: [Int]) -> BoundTensor {
    // Nothing is ever read there.
    let nowhere =
      unsafe UnsafeMutableRawPointer(bitPattern: 64)
      ?? UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
    return unsafe BoundTensor(
      view: TensorView(type: type, shape: shape, strides: strides, base: nowhere), strides: strides,
      bytes: 0 ..< 0, origin: 0)
  }

  private func elementType(_ dtype: stein_dtype) -> ElementType? {
    guard dtype.lanes == 1 else { return nil }
    return switch (dtype.code, dtype.bits) {
    case (2, 32): .float32
    case (2, 64): .float64
    case (0, 8): .int8
    case (0, 16): .int16
    case (0, 32): .int32
    case (0, 64): .int64
    case (1, 8): .uint8
    case (1, 16): .uint16
    case (1, 32): .uint32
    case (1, 64): .uint64
    default: nil
    }
  }

  /// Whether no two indices share an element: each stride, from the smallest on, steps over all
  /// that is inside.
  private func isInjective(_ tensor: BoundTensor) -> Bool {
    guard !tensor.view.shape.contains(0) else { return true }
    let axes = zip(tensor.view.shape, tensor.strides).filter { $0.0 > 1 }
      .map { (length: $0, step: abs($1)) }.sorted { $0.step < $1.step }
    var inside = 1
    for axis in axes {
      guard axis.step >= inside else { return false }
      inside = axis.step * axis.length
    }
    return true
  }
}
