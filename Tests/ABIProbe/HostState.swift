import Glibc

/// What a call must leave as it found it (R11): all of the process and of the calling thread that a
/// program could notice.
struct HostState: Equatable {
  let signals: [String]
  let mask: [UInt]
  let alternateStack: [UInt]
  let descriptors: [String]
  let environment: [String]
  let locale: String
  let directory: String
  let rounding: Int32
  let floatMode: [UInt32]
  let umask: UInt32
  let limits: [UInt]
  let timers: [Int]
  let standardStreams: [Int]

  static func now() -> HostState {
    HostState(
      signals: (1 ..< 65).map(handler), mask: bytesOfMask(), alternateStack: alternate(),
      descriptors: openDescriptors(), environment: variables(),
      locale: setlocale(LC_ALL, nil).map { String(cString: $0) } ?? "", directory: folderNow(),
      rounding: fegetround(), floatMode: floatMode(), umask: fileMask(),
      limits: allLimits(),
      timers: allTimers(), standardStreams: [1, 2].map(size))
  }

  /// The names of what differs.
  func changes(to other: HostState) -> [String] {
    zip(Mirror(reflecting: self).children, Mirror(reflecting: other).children).compactMap { a, b in
      "\(a.value)" == "\(b.value)" ? nil : "\(a.label ?? "?"): \(a.value) became \(b.value)"
    }
  }

  private static func handler(_ signal: Int32) -> String {
    var action = sigaction()
    guard sigaction(signal, nil, &action) == 0 else { return "none" }
    return withUnsafeBytes(of: &action) { $0.prefix(8).map { String($0) }.joined(separator: ".") }
      + "/\(action.sa_flags)"
  }

  /// Rounding, flush-to-zero and exception masks, of SSE and of x87.
  private static func floatMode() -> [UInt32] {
    var environment = fenv_t()
    fegetenv(&environment)
    let modes = [environment.__mxcsr & ~0x3f, UInt32(environment.__control_word)]
    fesetenv(&environment)  // reading it masks x87's exceptions
    return modes
  }

  private static func bytesOfMask() -> [UInt] {
    var mask = sigset_t()
    pthread_sigmask(SIG_SETMASK, nil, &mask)
    return withUnsafeBytes(of: &mask) { Array($0.bindMemory(to: UInt.self)) }
  }

  private static func alternate() -> [UInt] {
    var stack = stack_t()
    sigaltstack(nil, &stack)
    return [UInt(bitPattern: stack.ss_sp), UInt(stack.ss_flags), UInt(stack.ss_size)]
  }

  /// Each open descriptor and what it is of.
  private static func openDescriptors() -> [String] {
    (0 ..< 256).compactMap { (number: Int32) -> String? in
      var status = stat()
      return fstat(number, &status) == 0 ? "\(number) of \(status.st_dev)/\(status.st_ino)" : nil
    }
  }

  private static func variables() -> [String] {
    var list: [String] = []
    var place = environ
    while let text = place.pointee {
      list.append(String(cString: text))
      place += 1
    }
    return list
  }

  private static func folderNow() -> String {
    guard let text = getcwd(nil, 0) else { return "" }
    defer { free(text) }
    return String(cString: text)
  }

  private static func fileMask() -> UInt32 {
    let mask = Glibc.umask(0)
    _ = Glibc.umask(mask)
    return mask
  }

  private static func allLimits() -> [UInt] {
    (0 ..< 16).flatMap { (number: UInt32) -> [UInt] in
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(number), &limit)
      return [limit.rlim_cur, limit.rlim_max]
    }
  }

  private static func allTimers() -> [Int] {
    (0 ..< 3).map { (number: UInt32) in
      var timer = itimerval()
      getitimer(__itimer_which_t(number), &timer)
      return timer.it_interval.tv_sec + timer.it_interval.tv_usec
    }
  }

  /// How much was written to a stream: the probe's are files.
  private static func size(_ descriptor: Int32) -> Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? status.st_size : -1
  }
}

/// Calls `body` with standard output and error going to files of their own, and says what it
/// changed in the process.
func changesOfHost(in folder: String, _ body: () -> Void) -> [String] {
  fflush(stdout)
  let kept = [dup(1), dup(2)]
  for (number, name) in [(Int32(1), "/stdout"), (2, "/stderr")] {
    let file = open(folder + name, O_CREAT | O_TRUNC | O_WRONLY, 0o600)
    dup2(file, number)
    close(file)
  }
  let before = HostState.now()
  body()
  fflush(stdout)
  let after = HostState.now()
  for (number, descriptor) in zip([Int32(1), 2], kept) {
    dup2(descriptor, number)
    close(descriptor)
  }
  return before == after ? [] : before.changes(to: after)
}
