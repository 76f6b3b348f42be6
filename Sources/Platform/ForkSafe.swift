import Glibc
import Synchronization

/// A lock for a few instructions that a forked child can take even if another thread of its parent
/// held it at the fork.
package final class ForkSafeLock: Sendable {
  /// The process that holds it, or 0.
  private let holder = Atomic<Int32>(0)

  package init() {}

  package func lock() {
    let own = getpid()
    var spins = 0
    while true {
      let (done, seen) = holder.compareExchange(expected: 0, desired: own, ordering: .acquiring)
      if done { return }
      // Held by a process that is not this one: by a thread that this child does not have.
      if seen != own,
        holder.compareExchange(expected: seen, desired: own, ordering: .acquiring).exchanged
      {
        return
      }
      spins += 1
      if spins % 64 == 0 { sched_yield() }
    }
  }

  package func unlock() { holder.store(0, ordering: .releasing) }
}

/// A value behind such a lock, whose parts are replaced one reference at a time: a child sees each
/// as it was or as it is.
package final class ForkSafe<Value>: @unchecked Sendable {
  private let lock = ForkSafeLock()
  private var value: Value

  package init(_ value: Value) { self.value = value }

  package func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&value)
  }
}
