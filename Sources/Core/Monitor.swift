/// How a long call is watched and stopped.
///
/// The boundary implements it over the caller's `stein_monitor`.
package protocol Monitor: Sendable {
  /// Tells that the call does `steps` steps (or rows) in all; 0 while unknown.
  func begin(steps: Int)
  func report(step: Int)
  func report(loss: Double, validation: Double)
  /// True once the caller cancelled or the deadline passed; for any thread.
  var stopRequested: Bool { get }
  /// Runs the progress callback where it is due, and throws `cancelled`, `deadline` or `callbackFailed`. On the caller's thread only.
  func poll() throws(SteinError)
}

/// Nobody watches.
package struct Unwatched: Monitor {
  package init() {}
  package func begin(steps: Int) {}
  package func report(step: Int) {}
  package func report(loss: Double, validation: Double) {}
  package var stopRequested: Bool { false }
  package func poll() throws(SteinError) {}
}

/// Passes on requests to stop, but reports no steps: for work within a step of another.
package struct SilentMonitor: Monitor {
  let monitor: any Monitor
  package init(_ monitor: any Monitor) { self.monitor = monitor }
  package func begin(steps: Int) {}
  package func report(step: Int) {}
  package func report(loss: Double, validation: Double) {}
  package var stopRequested: Bool { monitor.stopRequested }
  package func poll() throws(SteinError) { try monitor.poll() }
}
