import Glibc

/// Times what runs, and writes it into a trace file.
package struct Trace: Sendable {
  private let file: TraceFile

  package init(_ file: TraceFile) { self.file = file }

  package func append(_ events: [UInt8]) { file.append(events) }

  package var thread: Int { file.thread }

  /// Nanoseconds on a clock that only goes forward.
  package static func now() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  /// Times `body`.
  ///
  /// `name` and `details` (JSON, "step": 3) are ours, with nothing that JSON escapes.
  package func span<Result>(
    _ name: String, _ details: String = "", _ body: () throws -> Result
  ) rethrows -> Result {
    let begin = Trace.now()
    defer {
      var text: [UInt8] = []
      Trace.head(name, "call", details).write(begin, Trace.now(), file.thread, to: &text)
      file.append(text)
    }
    return try body()
  }

  /// An event but for its time.
  package struct Head: Sendable {
    let text: [UInt8]

    package func write(_ begin: Int, _ end: Int, _ thread: Int, to out: inout [UInt8]) {
      if !out.isEmpty { out += [0x2c, 0x0a] }
      out += text
      let (start, length) = (Trace.microseconds(begin), Trace.microseconds(end - begin))
      out += "\(thread),\"ts\":\(start),\"dur\":\(length)}".utf8
    }
  }

  package static func head(_ name: String, _ category: String, _ details: String) -> Head {
    let fields = "\"name\":\"\(name)\",\"cat\":\"\(category)\",\"args\":{\(details)}"
    return Head(text: Array("{\"ph\":\"X\",\(fields),\"pid\":\(getpid()),\"tid\":".utf8))
  }

  /// With three digits behind the point.
  private static func microseconds(_ nanoseconds: Int) -> String {
    let rest = String(nanoseconds % 1000)
    return "\(nanoseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }
}
