import CXSMM
import Synchronization

/// Lets threads sleep until another rings, without losing a ring: a counter behind a futex.
@safe
package final class Bell: @unchecked Sendable {
  private let word: UnsafeMutablePointer<Atomic<UInt32>>

  package init() {
    unsafe word = .allocate(capacity: 1)
    unsafe word.initialize(to: Atomic(0))
  }

  deinit {
    unsafe word.deinitialize(count: 1)
    unsafe word.deallocate()
  }

  package func ring() {
    unsafe word.pointee.add(1, ordering: .sequentiallyConsistent)
    unsafe cxsmm_futex_wake(word)
  }

  /// Sleeps until a ring, for at most `milliseconds` (negative: without limit), unless `condition`
  /// is false by then.
  package func wait(milliseconds: Int32, while condition: () -> Bool) {
    let value = unsafe word.pointee.load(ordering: .sequentiallyConsistent)
    guard condition() else { return }
    unsafe cxsmm_futex_wait(word, value, milliseconds)
  }
}
