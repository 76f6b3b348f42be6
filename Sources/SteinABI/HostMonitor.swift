import CStein
import Glibc
import Platform
import Stein
import Synchronization

/// The caller's `stein_monitor`: its fields are read and written whole, by atomics on our side.
@safe
final class HostMonitor: Monitor, @unchecked Sendable {
  private let monitor: UnsafeMutablePointer<stein_monitor>
  private let hostMode: FloatMode
  /// When the callback ran last, in nanoseconds.
  private var lastCallback: Int64 = 0
  /// What the callback ended the call with: it is not asked again.
  private var ended: SteinError?

  private static let callbackInterval: Int64 = 20_000_000

  init(_ monitor: UnsafeMutablePointer<stein_monitor>, hostMode: FloatMode) {
    unsafe self.monitor = unsafe monitor
    self.hostMode = hostMode
    let nan = Double.nan.bitPattern
    unsafe field(24, UInt64.self).pointee.store(nan, ordering: .relaxed)
    unsafe field(32, UInt64.self).pointee.store(nan, ordering: .relaxed)
    unsafe field(8, Int64.self).pointee.store(0, ordering: .relaxed)
    unsafe field(16, Int64.self).pointee.store(0, ordering: .relaxed)
  }

  /// A field at its offset, which the layout tests hold against the header.
  private func field<T: AtomicRepresentable>(_ offset: Int, _ type: T.Type) -> UnsafeMutablePointer<
    Atomic<T>
  > {
    unsafe (UnsafeMutableRawPointer(monitor) + offset).assumingMemoryBound(to: Atomic<T>.self)
  }

  func begin(steps: Int) {
    unsafe field(16, Int64.self).pointee.store(Int64(steps), ordering: .relaxed)
  }

  func report(step: Int) {
    unsafe field(8, Int64.self).pointee.store(Int64(step), ordering: .relaxed)
  }

  func report(loss: Double, validation: Double) {
    unsafe field(24, UInt64.self).pointee.store(loss.bitPattern, ordering: .relaxed)
    unsafe field(32, UInt64.self).pointee.store(validation.bitPattern, ordering: .relaxed)
  }

  private var isCancelled: Bool {
    unsafe field(4, Int32.self).pointee.load(ordering: .relaxed) != 0
  }

  private var isLate: Bool {
    let deadline = unsafe field(40, Int64.self).pointee.load(ordering: .relaxed)
    return deadline != 0 && now() >= deadline
  }

  var stopRequested: Bool { isCancelled || isLate }

  func poll() throws(SteinError) {
    if isCancelled { throw SteinError(.cancelled, "the call was cancelled") }
    if isLate { throw SteinError(.deadline, "the deadline passed") }
    if let ended { throw ended }
    guard let progress = unsafe monitor.pointee.progress else { return }
    let time = now()
    guard time - lastCallback >= HostMonitor.callbackInterval else { return }
    let code = InsideCallback.run { () -> Int32 in
      hostMode.restore()
      defer { _ = FloatMode.enterStandard() }
      return unsafe progress(monitor.pointee.user, monitor)
    }
    lastCallback = now()
    let failure: SteinError
    switch code {
    case 0: return
    case 1: failure = SteinError(.cancelled, "the progress callback cancelled the call")
    default:
      failure = SteinError(
        .callbackFailed, "the progress callback returned \(code)", argument: "monitor",
        callbackCode: code)
    }
    ended = failure
    throw failure
  }

  private func now() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}

extension Call {
  /// The monitor of a call that may take long; refused inside a callback (R10).
  func monitor(_ pointer: UnsafeMutablePointer<stein_monitor>?) throws -> any Monitor {
    guard !InsideCallback.isActive else {
      throw SteinError(.busy, "a callback may not begin work of its own", argument: "monitor")
    }
    guard unsafe pointer != nil else { return Unwatched() }
    let monitor = unsafe try output(pointer, "monitor")
    let size = unsafe Int(monitor.pointee.struct_size)
    guard unsafe size >= MemoryLayout<stein_monitor>.size else {
      throw SteinError(
        .badPointer,
        unsafe "monitor has struct_size \(size), not \(MemoryLayout<stein_monitor>.size)",
        argument: "monitor")
    }
    return unsafe HostMonitor(monitor, hostMode: hostMode)
  }
}

/// Whether this thread is inside a callback of the host's.
enum InsideCallback {
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    unsafe pthread_key_create(&key, nil)
    return key
  }()

  static var isActive: Bool { unsafe pthread_getspecific(key) != nil }

  static func run(_ body: () -> Int32) -> Int32 {
    unsafe pthread_setspecific(key, UnsafeRawPointer(bitPattern: 1))
    defer { pthread_setspecific(key, nil) }
    return body()
  }
}
