package import Execution

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
    memory = Memory(limit: options.value("memory_limit"), allocator: allocator ?? .system)
    workers = Workers(threads: options.value("threads"))
    let path: String = options.value("trace")
    traceFile = try path.isEmpty ? nil : Context.traceFile(path)
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
}
