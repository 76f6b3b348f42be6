package import Platform

/// Workers and memory.
///
/// Everything else is made in one.
package final class Context: Sendable {
  package let memory: Memory
  package let workers: Workers

  package init(options: String, allocator: Allocator?) throws {
    let options = try Options(options, .context)
    memory = Memory(limit: options[Key.memoryLimit], allocator: allocator ?? .system)
    workers = Workers(threads: options[Key.threads])
  }

  enum Key {
    static let threads = OptionKey<Int>(
      "threads", 0 ... 1024, default: 0,
      "Worker threads; 0: as many as the process may use processors, by affinity and quota")
    static let memoryLimit = OptionKey<Int>(
      "memory_limit", 0 ... 1 << 62, default: 0,
      "Bytes that data, models and work may take together; 0: no limit")
  }
}

extension OptionTable {
  package static let context = OptionTable(
    "context", [Context.Key.threads, Context.Key.memoryLimit])
}
