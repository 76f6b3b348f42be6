package import Platform

/// Workers and memory.
///
/// Everything else is made in one.
package final class Context: Sendable {
  package let memory: Memory
  package let workers: Workers
  /// Nil where nothing is traced.
  package let trace: Trace?
  private let traceFile: TraceFile?

  package init(options: String, allocator: Allocator?) throws {
    let options = try Options(options, .context)
    memory = Memory(limit: options[Key.memoryLimit], allocator: allocator ?? .system)
    workers = Workers(threads: options[Key.threads])
    traceFile = try options[Key.trace].map { try Context.traceFile($0) }
    trace = traceFile.map { Trace($0) }
  }

  private static func traceFile(_ path: String) throws(SteinError) -> TraceFile {
    do {
      return try TraceFile(path)
    } catch {
      throw traceError(error, option: "trace")
    }
  }

  private static func traceError(_ error: FileError, option: String = "") -> SteinError {
    SteinError(
      error.reason == .missing ? .noFile : error.reason == .notAFile ? .badFile : .io,
      "the trace can't be written: \(error.message)", argument: option.isEmpty ? "" : "options",
      option: option)
  }

  /// Throws where events are missing from the trace's file.
  package func checkTrace() throws(SteinError) {
    if let failure = traceFile?.failure { throw Context.traceError(failure) }
  }

  enum Key {
    static let threads = OptionKey<Int>(
      "threads", 0 ... 1024, default: 0,
      "Worker threads; 0: as many as the process may use processors, by affinity and quota")
    static let memoryLimit = OptionKey<Int>(
      "memory_limit", 0 ... 1 << 62, default: 0,
      "Bytes that data, models and work may take together; 0: no limit")
    static let trace = OptionKey<String?>(
      "trace",
      "A file for the time, sizes and bytes of every step that runs, with its thread, in Chrome's trace format (chrome://tracing, Perfetto), up to 1 GiB; without it nothing is timed"
    )
  }
}

extension OptionTable {
  package static let context = OptionTable(
    "context", [Context.Key.threads, Context.Key.memoryLimit, Context.Key.trace])
}
