/// The element types that cross the boundary.
package enum ElementType: Sendable, Equatable {
  case float32
  case float64
  case int8
  case int16
  case int32
  case int64
  case uint8
  case uint16
  case uint32
  case uint64

  package var isFloat: Bool { self == .float32 || self == .float64 }

  /// Whether float32 holds every value of the type.
  package var fitsSingle: Bool {
    switch self {
    case .float32, .int8, .int16, .uint8, .uint16: true
    case .float64, .int32, .int64, .uint32, .uint64: false
    }
  }

  package var size: Int {
    switch self {
    case .int8, .uint8: 1
    case .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }
}

/// A tensor in the caller's memory, any strides: rows are read and written one at a time.
///
/// Whoever makes one has checked that its memory is what it says; it lives for one call.
@safe
package struct TensorView: @unchecked Sendable {
  package let type: ElementType
  package let shape: [Int]
  let strides: [Int]
  let base: UnsafeMutableRawPointer

  /// `strides`: in elements, one for each axis; `base`: the element at index 0 of every axis.
  package init(type: ElementType, shape: [Int], strides: [Int], base: UnsafeMutableRawPointer) {
    self.type = type
    self.shape = shape
    self.strides = strides
    unsafe self.base = unsafe base
  }

  /// n, the length of the first axis.
  package var rows: Int { shape.first ?? 0 }

  /// Elements in one row: the product of the other lengths.
  package var rowCount: Int { shape.dropFirst().reduce(1, *) }

  /// The stretch [first, second, …] of a tensor of three axes, as one row.
  package func line(_ first: Int, _ second: Int) -> TensorView {
    let offset = (first * strides[0] + second * strides[1]) * type.size
    return unsafe TensorView(
      type: type, shape: [1, shape[2]], strides: [0, strides[2]], base: base + offset)
  }

  /// The first `count` of the first axis, and of the second every `step`-th, from the last back; of
  /// a tensor of three axes.
  package func part(_ count: Int, every step: Int) -> TensorView {
    let kept = shape[1] / step
    let skipped = (shape[1] - 1 - (kept - 1) * step) * strides[1] * type.size
    return unsafe TensorView(
      type: type, shape: [count, kept, shape[2]],
      strides: [strides[0], strides[1] * step, strides[2]],
      base: base + skipped)
  }

  /// The element at three places of a tensor of as many axes, as `Double`.
  package func element(_ i: Int, _ j: Int, _ k: Int) -> Double {
    value(i * strides[0] + j * strides[1] + k * strides[2])
  }

  /// Row `row` in row-major order, as `Double`.
  package func readRow(_ row: Int, into out: View<Double>) {
    forEachElement(ofRow: row) { index, offset in out[index] = value(offset) }
  }

  /// Whether numbers are finite ones of the tensor's type.
  package func holds(_ values: View<Double>) -> Bool {
    (0 ..< values.count).allSatisfy {
      type == .float32 ? Float(values[$0]).isFinite : values[$0].isFinite
    }
  }

  /// Writes a row in row-major order; only floating types are written.
  package func writeRow(_ row: Int, from values: View<Double>) {
    forEachElement(ofRow: row) { index, offset in
      switch type {
      case .float32:
        unsafe base.storeBytes(of: Float(values[index]), toByteOffset: offset * 4, as: Float.self)
      case .float64:
        unsafe base.storeBytes(of: values[index], toByteOffset: offset * 8, as: Double.self)
      default: assertionFailure("outputs are floating")
      }
    }
  }

  /// Writes the element [row] of an int64 tensor of one axis.
  package func write(_ value: Int64, at row: Int) {
    assert(type == .int64 && shape.count == 1)
    unsafe base.storeBytes(
      of: value, toByteOffset: row * (strides.first ?? 1) * 8, as: Int64.self)
  }

  /// The element [row] of an integer tensor of one axis; nil if it does not fit.
  package func integer(_ row: Int) -> Int64? {
    let offset = row * (strides.first ?? 1) * type.size
    return switch type {
    case .int8: Int64(unsafe base.load(fromByteOffset: offset, as: Int8.self))
    case .int16: Int64(unsafe base.load(fromByteOffset: offset, as: Int16.self))
    case .int32: Int64(unsafe base.load(fromByteOffset: offset, as: Int32.self))
    case .int64: unsafe base.load(fromByteOffset: offset, as: Int64.self)
    case .uint8: Int64(unsafe base.load(fromByteOffset: offset, as: UInt8.self))
    case .uint16: Int64(unsafe base.load(fromByteOffset: offset, as: UInt16.self))
    case .uint32: Int64(unsafe base.load(fromByteOffset: offset, as: UInt32.self))
    case .uint64: Int64(exactly: unsafe base.load(fromByteOffset: offset, as: UInt64.self))
    case .float32, .float64: nil
    }
  }

  /// The bytes of row `row` in row-major order, to place `start` of `target` on.
  package func copyRow(_ row: Int, to target: View<UInt8>, at start: Int) {
    let size = type.size
    assert(start + rowCount * size <= target.count)
    forEachElement(ofRow: row) { index, offset in
      unsafe UnsafeMutableRawPointer(target.base + start + index * size).copyMemory(
        from: base + offset * size, byteCount: size)
    }
  }

  private func value(_ offset: Int) -> Double {
    switch type {
    case .float32: Double(unsafe base.load(fromByteOffset: offset * 4, as: Float.self))
    case .float64: unsafe base.load(fromByteOffset: offset * 8, as: Double.self)
    case .int8: Double(unsafe base.load(fromByteOffset: offset, as: Int8.self))
    case .int16: Double(unsafe base.load(fromByteOffset: offset * 2, as: Int16.self))
    case .int32: Double(unsafe base.load(fromByteOffset: offset * 4, as: Int32.self))
    case .int64: Double(unsafe base.load(fromByteOffset: offset * 8, as: Int64.self))
    case .uint8: Double(unsafe base.load(fromByteOffset: offset, as: UInt8.self))
    case .uint16: Double(unsafe base.load(fromByteOffset: offset * 2, as: UInt16.self))
    case .uint32: Double(unsafe base.load(fromByteOffset: offset * 4, as: UInt32.self))
    case .uint64: Double(unsafe base.load(fromByteOffset: offset * 8, as: UInt64.self))
    }
  }

  /// Calls `body` with each index in the row and its offset in elements.
  private func forEachElement(ofRow row: Int, _ body: (Int, Int) -> Void) {
    let start = row * (strides.first ?? 0)
    guard shape.count != 2 else {
      for column in 0 ..< shape[1] { body(column, start + column * strides[1]) }
      return
    }
    for index in 0 ..< rowCount {
      var rest = index
      var offset = start
      for axis in stride(from: shape.count - 1, to: 0, by: -1) {
        offset += rest % shape[axis] * strides[axis]
        rest /= shape[axis]
      }
      body(index, offset)
    }
  }
}

extension Storage where Element == Double {
  /// The elements as a tensor [count], which does not keep them alive.
  package var tensor: TensorView {
    unsafe TensorView(type: .float64, shape: [view.count], strides: [1], base: view.base)
  }
}
