import Glibc
import Synchronization

/// Thrown when the machine, the caller's allocator or the limit refuses memory.
package struct OutOfMemory: Error, Sendable {
  package let bytes: Int
}

/// Where memory comes from: two functions of the host, or the C library's.
@safe
package struct Allocator: Sendable {
  package typealias Allocate =
    @Sendable (_ bytes: Int, _ alignment: Int) -> UnsafeMutableRawPointer?
  package typealias Deallocate =
    @Sendable (_ memory: UnsafeMutableRawPointer, _ bytes: Int, _ alignment: Int) -> Void

  package let allocate: Allocate
  package let deallocate: Deallocate

  package init(allocate: @escaping Allocate, deallocate: @escaping Deallocate) {
    unsafe self.allocate = allocate
    unsafe self.deallocate = deallocate
  }

  package static let system = unsafe Allocator(
    allocate: { bytes, alignment in
      var memory: UnsafeMutableRawPointer?
      let isLarge = bytes >= hugePage
      let status = unsafe posix_memalign(&memory, isLarge ? hugePage : alignment, bytes)
      guard status == 0 else { return nil }
      // A hint, which a kernel without such pages refuses.
      if isLarge { unsafe hint(memory, bytes) }
      return unsafe memory
    },
    deallocate: { memory, _, _ in unsafe free(memory) })
}

/// Bytes of a large page of x86-64: to large blocks the system is asked to give these, which spares
/// most misses of address translation.
private let hugePage = 1 << 21

private func hint(_ memory: UnsafeMutableRawPointer?, _ bytes: Int) {
  let before = errno
  _ = unsafe madvise(memory, bytes, MADV_HUGEPAGE)
  errno = before
}

/// All memory that grows with data or models: counted, limited, and refused with an error where
/// Swift's own would abort.
package final class Memory: Sendable {
  private let allocator: Allocator
  private let limit: Int
  private let used = Atomic<Int>(0)

  /// `limit`: in bytes; 0 is none.
  package init(limit: Int = 0, allocator: Allocator = .system) {
    self.limit = limit
    self.allocator = allocator
  }

  package var bytesInUse: Int { used.load(ordering: .relaxed) }

  static let alignment = 64

  func allocate(bytes: Int) throws(OutOfMemory) -> UnsafeMutableRawPointer {
    let after = used.add(bytes, ordering: .relaxed).newValue
    guard limit == 0 || after <= limit,
      let memory = unsafe allocator.allocate(bytes, Memory.alignment),
      Int(bitPattern: memory) % Memory.alignment == 0
    else {
      used.subtract(bytes, ordering: .relaxed)
      throw OutOfMemory(bytes: bytes)
    }
    return unsafe memory
  }

  func deallocate(_ memory: UnsafeMutableRawPointer, bytes: Int) {
    unsafe allocator.deallocate(memory, bytes, Memory.alignment)
    used.subtract(bytes, ordering: .relaxed)
  }
}

/// `count` elements, zero at first, freed with the object.
///
/// The block is a multiple of 64 bytes with 64 more behind it, so that kernels may run over whole
/// vectors.
@safe
package final class Storage<Element: BitwiseCopyable>: @unchecked Sendable {
  private let memory: Memory
  private let bytes: Int
  private let base: UnsafeMutablePointer<Element>
  package let count: Int

  package init(_ memory: Memory, count: Int) throws(OutOfMemory) {
    let (size, overflow) = max(count, 0).multipliedReportingOverflow(
      by: MemoryLayout<Element>.stride)
    guard !overflow, size < Int.max - 256 else { throw OutOfMemory(bytes: .max) }
    self.memory = memory
    self.count = max(count, 0)
    bytes = (size + 63) / 64 * 64 + 64
    let block = unsafe try memory.allocate(bytes: bytes)
    unsafe memset(block, 0, bytes)
    unsafe base = block.assumingMemoryBound(to: Element.self)
  }

  deinit { unsafe memory.deallocate(UnsafeMutableRawPointer(base), bytes: bytes) }

  package var view: View<Element> { unsafe View(base: unsafe base, count: count, owner: self) }
}
