// A stream of one batch with one column of four float64, in the layout of the Arrow C stream
// interface.

extension World {
  /// A stream that has not been moved.
  func arrowStream() -> UInt64 {
    let stream = memory(40, fill: 0)
    let getSchema: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer) -> Int32 = {
      _, out in
      let (child, children) = (memory(72, fill: 0), memory(8))
      child.storeBytes(of: text("g"), as: UInt64.self)
      child.storeBytes(of: text("a"), toByteOffset: 8, as: UInt64.self)
      children.storeBytes(of: bits(child), as: UInt64.self)
      out.initializeMemory(as: UInt8.self, repeating: 0, count: 72)
      out.storeBytes(of: text("+s"), as: UInt64.self)
      out.storeBytes(of: 1, toByteOffset: 32, as: Int64.self)
      out.storeBytes(of: bits(children), toByteOffset: 40, as: UInt64.self)
      out.storeBytes(of: releaseAt56, toByteOffset: 56, as: UInt64.self)
      return 0
    }
    let getNext: @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Int32 = {
      stream, out in
      out.initializeMemory(as: UInt8.self, repeating: 0, count: 80)
      // The private word says whether the one batch was given.
      guard stream.load(fromByteOffset: 32, as: UInt64.self) == 0 else { return 0 }
      stream.storeBytes(of: 1, toByteOffset: 32, as: UInt64.self)
      let (child, children, buffers, values) = (
        memory(80, fill: 0), memory(8), memory(16, fill: 0), memory(32)
      )
      for row in 0 ..< 4 {
        values.storeBytes(of: Double(row * row), toByteOffset: 8 * row, as: Double.self)
      }
      buffers.storeBytes(of: bits(values), toByteOffset: 8, as: UInt64.self)
      children.storeBytes(of: bits(child), as: UInt64.self)
      for (array, count) in [(child, 2), (out, 1)] {
        array.storeBytes(of: 4, as: Int64.self)
        array.storeBytes(of: Int64(count), toByteOffset: 24, as: Int64.self)
        array.storeBytes(of: bits(buffers), toByteOffset: 40, as: UInt64.self)
      }
      out.storeBytes(of: 1, toByteOffset: 32, as: Int64.self)
      out.storeBytes(of: bits(children), toByteOffset: 48, as: UInt64.self)
      out.storeBytes(of: releaseAt64, toByteOffset: 64, as: UInt64.self)
      return 0
    }
    let release: @convention(c) (UnsafeMutableRawPointer) -> Void = { stream in
      stream.storeBytes(of: 0, toByteOffset: 24, as: UInt64.self)
    }
    stream.storeBytes(
      of: place(unsafeBitCast(getSchema, to: UnsafeRawPointer.self)), as: UInt64.self)
    stream.storeBytes(
      of: place(unsafeBitCast(getNext, to: UnsafeRawPointer.self)), toByteOffset: 8, as: UInt64.self
    )
    stream.storeBytes(
      of: place(unsafeBitCast(release, to: UnsafeRawPointer.self)), toByteOffset: 24,
      as: UInt64.self)
    return bits(stream)
  }
}

private func place(_ function: UnsafeRawPointer) -> UInt64 { UInt64(UInt(bitPattern: function)) }

/// Of a schema.
private let releaseAt56: UInt64 = {
  let release: @convention(c) (UnsafeMutableRawPointer) -> Void = {
    $0.storeBytes(of: 0, toByteOffset: 56, as: UInt64.self)
  }
  return place(unsafeBitCast(release, to: UnsafeRawPointer.self))
}()

/// Of a batch.
private let releaseAt64: UInt64 = {
  let release: @convention(c) (UnsafeMutableRawPointer) -> Void = {
    $0.storeBytes(of: 0, toByteOffset: 64, as: UInt64.self)
  }
  return place(unsafeBitCast(release, to: UnsafeRawPointer.self))
}()
