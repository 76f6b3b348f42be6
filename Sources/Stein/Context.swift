package import Execution

/// Workers and memory.
///
/// Everything else is made in one.
package final class Context: Sendable {
  package let memory: Memory
  package let workers: Workers

  package init(options: String, allocator: Allocator?) throws {
    let options = try Options(options, .context)
    memory = Memory(limit: options.integer("memory_limit") ?? 0, allocator: allocator ?? .system)
    workers = Workers(threads: options.integer("threads") ?? 0)
  }
}
