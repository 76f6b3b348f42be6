import Glibc

/// Times what runs, and writes it into a trace file.
package struct Trace: Sendable {
  private let file: TraceFile

  package init(_ file: TraceFile) { self.file = file }

  func append(_ events: [UInt8]) { file.append(events) }

  var thread: Int { file.thread }

  /// Nanoseconds on a clock that only goes forward.
  static func now() -> Int {
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
  struct Head: Sendable {
    let text: [UInt8]

    func write(_ begin: Int, _ end: Int, _ thread: Int, to out: inout [UInt8]) {
      if !out.isEmpty { out += [0x2c, 0x0a] }
      out += text
      let (start, length) = (Trace.microseconds(begin), Trace.microseconds(end - begin))
      out += "\(thread),\"ts\":\(start),\"dur\":\(length)}".utf8
    }
  }

  static func head(_ name: String, _ category: String, _ details: String) -> Head {
    let fields = "\"name\":\"\(name)\",\"cat\":\"\(category)\",\"args\":{\(details)}"
    return Head(text: Array("{\"ph\":\"X\",\(fields),\"pid\":\(getpid()),\"tid\":".utf8))
  }

  /// With three digits behind the point.
  private static func microseconds(_ nanoseconds: Int) -> String {
    let rest = String(nanoseconds % 1000)
    return "\(nanoseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }
}

/// Runs a program's steps one by one with a look at the clock.
struct TracedSteps: Sendable {
  private let trace: Trace
  private let heads: [Trace.Head]

  /// `category`: "shard" for what each shard does, "once" for what is done when the parameters changed.
  ///
  /// `share`: the part of their bytes that a run moves.
  init(_ trace: Trace, _ steps: [Step], _ category: String, share: Double = 1) {
    self.trace = trace
    heads = steps.enumerated().map { number, step in
      let bytes = Int(Double(step.access.bytes) * share)
      let details = "\"step\":\(number),\"size\":\"\(step.sizes)\",\"bytes\":\(bytes)"
      return Trace.head(step.name, category, details)
    }
  }

  /// Runs all `steps`, those that it was made of.
  func run(_ steps: [Step], _ run: (Step) -> Void) {
    var times = [Trace.now()]
    times.reserveCapacity(steps.count + 1)
    for step in steps {
      run(step)
      times.append(Trace.now())
    }
    var text: [UInt8] = []
    text.reserveCapacity(256 * steps.count)
    let thread = trace.thread
    for (index, head) in heads.enumerated() where index + 1 < times.count {
      head.write(times[index], times[index + 1], thread, to: &text)
    }
    if !text.isEmpty { trace.append(text) }
  }
}
