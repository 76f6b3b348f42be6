import Glibc

/// What the system said when a file could not be read or written.
package struct FileError: Error, Sendable {
  package enum Reason: Sendable {
    case missing
    /// A directory, a pipe, a device.
    case notAFile
    case changed
    case system
  }

  package let reason: Reason
  /// "No space left on device".
  package let message: String

  static func now(_ reason: Reason = .system) -> FileError {
    let code = errno
    let text = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    return FileError(reason: code == ENOENT ? .missing : reason, message: text)
  }
}

/// Called again for as long as a signal of the host's comes in between.
func uninterrupted(_ call: () -> Int32) -> Int32 {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}

/// The bytes of a regular file.
///
/// No mapping: a file that shrinks meanwhile is an error, not a signal.
package func readFile(_ path: String, memory: Memory) throws -> Storage<UInt8> {
  // Opening a pipe would wait for its other end.
  let descriptor = uninterrupted { unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
  guard descriptor >= 0 else { throw FileError.now() }
  defer { close(descriptor) }
  var status = stat()
  guard unsafe fstat(descriptor, &status) == 0 else { throw FileError.now() }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw FileError(reason: .notAFile, message: "not a regular file")
  }
  let storage = try Storage<UInt8>(memory, count: Int(status.st_size))
  var done = 0
  while done < storage.count {
    let got = unsafe read(descriptor, storage.view.base + done, storage.count - done)
    if got < 0 {
      if errno == EINTR { continue }
      throw FileError.now()
    }
    guard got > 0 else {
      throw FileError(reason: .changed, message: "the file became shorter while it was read")
    }
    done += got
  }
  return storage
}

/// Replaces a file whole or not at all: written beside it, synced, renamed.
package func writeAtomically(_ path: String, _ chunks: [View<UInt8>]) throws(FileError) {
  var status = stat()
  let known = unsafe stat(path, &status) == 0
  if known, status.st_mode & S_IFMT != S_IFREG {
    throw FileError(reason: .notAFile, message: "not a regular file")
  }
  let (temporary, descriptor) = try openBeside(path)
  do throws(FileError) {
    if known { fchmod(descriptor, status.st_mode & 0o777) }
    try withoutSizeSignal { () throws(FileError) in
      for chunk in chunks { try write(chunk, to: descriptor) }
    }
    guard uninterrupted({ fsync(descriptor) }) == 0 else { throw FileError.now() }
  } catch {
    close(descriptor)
    unsafe unlink(temporary)
    throw error
  }
  // Interrupted, it is closed all the same.
  guard close(descriptor) == 0 || errno == EINTR, unsafe rename(temporary, path) == 0 else {
    let error = FileError.now()
    unsafe unlink(temporary)
    throw error
  }
  syncDirectory(of: path)
}

/// A new file in the same directory, by a name that nobody else has.
private func openBeside(_ path: String) throws(FileError) -> (String, Int32) {
  for attempt in 0 ..< 100 {
    let name = "\(path).\(getpid()).\(attempt).tmp"
    let descriptor = uninterrupted {
      unsafe open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    }
    if descriptor >= 0 { return (name, descriptor) }
    guard errno == EEXIST else { throw FileError.now() }
  }
  throw FileError.now()
}

/// Holds back the signal of a limit on the size of files, which would end the host: the write says
/// it too.
func withoutSizeSignal(_ body: () throws(FileError) -> Void) throws(FileError) {
  var (signal, before, pending) = (sigset_t(), sigset_t(), sigset_t())
  unsafe sigemptyset(&signal)
  unsafe sigaddset(&signal, SIGXFSZ)
  unsafe pthread_sigmask(SIG_BLOCK, &signal, &before)
  unsafe sigpending(&pending)
  defer {
    var none = timespec()
    if unsafe sigismember(&pending, SIGXFSZ) == 0 { unsafe sigtimedwait(&signal, nil, &none) }
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
  }
  try body()
}

private func write(_ chunk: View<UInt8>, to descriptor: Int32) throws(FileError) {
  var done = 0
  while done < chunk.count {
    let put = unsafe Glibc.write(descriptor, chunk.base + done, chunk.count - done)
    if put < 0 {
      if errno == EINTR { continue }
      throw FileError.now()
    }
    done += put
  }
}

/// Makes the new name last; a directory that can't be opened or synced is no reason to fail.
private func syncDirectory(of path: String) {
  let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
  let descriptor = unsafe open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard descriptor >= 0 else { return }
  fsync(descriptor)
  close(descriptor)
}
