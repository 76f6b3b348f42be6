package import Execution

/// Workers and memory. Everything else is made in one.
package final class Context: Sendable {
  package let memory: Memory
  package let workers: Workers

  package init(options: String, allocator: Allocator?) throws {
    memory = Memory(limit: 0, allocator: allocator ?? .system)
    workers = Workers(threads: 1)
  }
}
