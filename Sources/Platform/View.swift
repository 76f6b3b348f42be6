import Kernels

/// A stretch of elements in a `Storage`, which it keeps alive, or in memory of the caller's.
///
/// The one way in which the subject touches memory: indices are checked in debug builds, and no
/// pointer leaves `Execution`. It is `public`, as is nothing else here, because the compiler
/// carries the bodies of `@inlinable package` members into no other module (Swift 6.3): every
/// element was then a call of generic code. The library exports none of it.
@safe
public struct View<Element: BitwiseCopyable>: @unchecked Sendable {
  /// The first element.
  public let base: UnsafeMutablePointer<Element>
  /// Elements in the stretch.
  public let count: Int
  @usableFromInline let owner: AnyObject?

  /// `owner`: what the memory belongs to; nil for the caller's, which lives for the call.
  @inlinable
  public init(base: UnsafeMutablePointer<Element>, count: Int, owner: AnyObject? = nil) {
    unsafe self.base = unsafe base
    self.count = count
    self.owner = owner
  }

  /// The element at `index`, from 0 on.
  @inlinable
  public subscript(index: Int) -> Element {
    get {
      assert(index >= 0 && index < count)
      return unsafe base[index]
    }
    nonmutating set {
      assert(index >= 0 && index < count)
      unsafe base[index] = newValue
    }
  }

  /// The elements start ..< start + count.
  @inlinable
  public func slice(_ start: Int, _ count: Int) -> View {
    assert(start >= 0 && count >= 0 && start + count <= self.count)
    return unsafe View(base: unsafe base + start, count: count)
  }

  /// Sets every element.
  @inlinable
  public func fill(_ value: Element) {
    for index in 0 ..< count { unsafe base[index] = value }
  }

  /// Copies all of `other`, which must not be longer.
  @inlinable
  public func copy(_ other: View) {
    assert(other.count <= count)
    unsafe UnsafeMutableRawPointer(base).copyMemory(
      from: other.base, byteCount: other.count &* MemoryLayout<Element>.stride)
  }
}

extension View where Element == UInt8 {
  /// A copy of some bytes as an array; for headers, not for data.
  package func bytes(_ start: Int, _ count: Int) -> [UInt8] {
    assert(start >= 0 && count >= 0 && start + count <= self.count)
    return unsafe Array(UnsafeBufferPointer(start: base + start, count: count))
  }

  package func copy(_ array: [UInt8], at start: Int) {
    assert(start >= 0 && start + array.count <= count)
    for (index, byte) in array.enumerated() { self[start + index] = byte }
  }

  /// A number of `T` that stands at byte `offset`, in the machine's order.
  package func load<T: BitwiseCopyable>(_ offset: Int, as type: T.Type) -> T {
    assert(offset >= 0 && offset + MemoryLayout<T>.size <= count)
    return unsafe UnsafeRawPointer(base + offset).loadUnaligned(as: T.self)
  }

  /// Fills `target` with the bytes from `offset` on.
  package func copyOut<T: BitwiseCopyable>(from offset: Int, into target: View<T>) {
    let size = target.count * MemoryLayout<T>.stride
    assert(offset >= 0 && offset + size <= count)
    unsafe UnsafeMutableRawPointer(target.base).copyMemory(from: base + offset, byteCount: size)
  }

  /// The bytes of `source` at `offset`.
  package func copyIn<T: BitwiseCopyable>(_ source: View<T>, at offset: Int) {
    let size = source.count * MemoryLayout<T>.stride
    assert(offset >= 0 && offset + size <= count)
    unsafe UnsafeMutableRawPointer(base + offset).copyMemory(from: source.base, byteCount: size)
  }
}

extension View {
  /// Asks for the first cache line, which will be wanted soon.
  package func prefetch() { unsafe Kernels.prefetch(base) }
}
