import Glibc

/// A file of timed events in Chrome's trace format, an array of JSON objects, for chrome://tracing
/// and Perfetto.
///
/// After each write the array is closed, and the next one begins where the bracket stood. So the
/// file is whole JSON also where the process ends without freeing its context. What can't be
/// written ends the trace, never the work: `failure` says why.
package final class TraceFile: Sendable {
  fileprivate struct State {
    /// Negative once the trace has ended.
    var descriptor: Int32
    /// Where the closing bracket stands.
    var end = 1
    var failure: FileError?
    /// Those that wrote, by number from 1.
    var threads: [pthread_t] = []
  }

  private let state: ForkSafe<State>
  /// A forked child has the same file open, which is its parent's.
  private let process = getpid()

  /// More than any viewer opens: behind it nothing is written.
  private static let longest = 1 << 30
  private static let closing = Array("\n]\n".utf8)

  /// Begins the file anew.
  package init(_ path: String) throws(FileError) {
    let descriptor = try TraceFile.open(path)
    state = ForkSafe(State(descriptor: descriptor))
    state.withLock { _ = $0.write(Array("[".utf8) + TraceFile.closing, at: 0) }
    if let failure {
      close(descriptor)
      throw failure
    }
  }

  deinit {
    state.withLock { state in
      if state.descriptor >= 0 { close(state.descriptor) }
    }
  }

  /// Why events are missing; nil if none are.
  package var failure: FileError? { state.withLock { $0.failure } }

  /// A small number for the thread that asks.
  package var thread: Int {
    state.withLock { state in
      let own = pthread_self()
      if let known = state.threads.firstIndex(where: { pthread_equal($0, own) != 0 }) {
        return known + 1
      }
      state.threads.append(own)
      return state.threads.count
    }
  }

  /// Adds events that are separated by commas.
  package func append(_ events: [UInt8]) {
    guard getpid() == process else { return }
    state.withLock { state in
      guard state.descriptor >= 0, state.end + events.count < TraceFile.longest else { return }
      let text = Array((state.end > 1 ? ",\n" : "\n").utf8) + events
      if state.write(text + TraceFile.closing, at: state.end) {
        state.end += text.count
      } else {
        state.abandon()
      }
    }
  }

  private static func open(_ path: String) throws(FileError) -> Int32 {
    // Opening a pipe would wait for its other end.
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK
    var descriptor = uninterrupted { unsafe Glibc.open(path, flags, 0o666) }
    guard descriptor >= 0 else { throw FileError.now() }
    if descriptor <= 2 {
      // Not in the place of a standard stream that the host closed.
      let higher = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
      close(descriptor)
      guard higher >= 0 else { throw FileError.now() }
      descriptor = higher
    }
    do throws(FileError) {
      var status = stat()
      guard unsafe fstat(descriptor, &status) == 0 else { throw FileError.now() }
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw FileError(reason: .notAFile, message: "not a regular file")
      }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        throw FileError(reason: .system, message: "another context writes its trace there")
      }
      guard ftruncate(descriptor, 0) == 0 else { throw FileError.now() }
    } catch {
      close(descriptor)
      throw error
    }
    return descriptor
  }
}

extension TraceFile.State {
  /// False where the system refuses, which is kept.
  @discardableResult
  fileprivate mutating func write(_ bytes: [UInt8], at start: Int) -> Bool {
    do throws(FileError) {
      try withoutSizeSignal { () throws(FileError) in
        var done = 0
        while done < bytes.count {
          let put = unsafe bytes.withUnsafeBytes { source in
            unsafe source.baseAddress.map {
              unsafe pwrite(descriptor, $0 + done, bytes.count - done, start + done)
            } ?? 0
          }
          if put < 0, errno == EINTR { continue }
          guard put > 0 else { throw FileError.now() }
          done += put
        }
      }
      return true
    } catch {
      failure = failure ?? error
      return false
    }
  }

  /// Ends the trace with the events that are whole.
  fileprivate mutating func abandon() {
    ftruncate(descriptor, end)
    write(Array("\n]\n".utf8), at: end)
    close(descriptor)
    descriptor = -1
  }
}
