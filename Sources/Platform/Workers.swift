import Glibc
import Kernels
import Synchronization

/// A fixed set of threads that share out numbered tasks; the caller's thread is worker 0.
///
/// Which worker takes a task is left to chance, so a task's result must depend on its number alone.
/// Threads start with the first run that can use them and sleep between runs. A late or sleeping
/// worker is not waited for: a run ends when its tasks are done.
package final class Workers: @unchecked Sendable {
  package let count: Int
  private let crew = ForkSafe<Crew?>(nil)

  /// - Parameter threads: 0 takes as many as there are processors for the process, by affinity and quota.
  package init(threads: Int) {
    count = threads > 0 ? threads : usableProcessors()
  }

  deinit { crew.withLock { $0?.dismiss() } }

  /// Calls `body(worker, task)` once for each task in 0 ..< tasks.
  ///
  /// While another run of these workers is under way the caller does all its tasks itself.
  ///
  /// `waiting`: called on the caller's thread now and then while only others work.
  package func run(
    tasks: Int, _ body: (_ worker: Int, _ task: Int) -> Void, waiting: () -> Void = {}
  ) {
    withoutActuallyEscaping(body) { run(tasks: tasks, Job($0), waiting: waiting) }
  }

  /// The same for a job that was made before: nothing is allocated.
  package func run(tasks: Int, _ job: Job, waiting: () -> Void = {}) {
    if tasks > 1, count > 1, let crew = begin() {
      crew.run(tasks: tasks, job, waiting: waiting)
      crew.inUse.store(false, ordering: .releasing)
    } else {
      for task in 0 ..< tasks { job.body(0, task) }
    }
  }

  /// The crew, if nobody else is using it.
  ///
  /// After a fork the child hires one of its own.
  private func begin() -> Crew? {
    crew.withLock { crew in
      if crew == nil || crew?.process != getpid() { crew = Crew(helpers: count - 1) }
      guard let crew, !crew.inUse.exchange(true, ordering: .acquiring) else { return nil }
      return crew
    }
  }
}

/// Work by numbered tasks, made once and run many times.
package final class Job: @unchecked Sendable {
  let body: (_ worker: Int, _ task: Int) -> Void

  package init(_ body: @escaping (_ worker: Int, _ task: Int) -> Void) { self.body = body }
}

/// The threads of one process and the run they are at.
///
/// `state` holds, from the top: the run's number (32 bits), whether it is closed to newcomers, and how many helpers are inside it.
private final class Crew: @unchecked Sendable {
  let process = getpid()
  let inUse = Atomic<Bool>(false)
  private let state = Atomic<UInt64>(Crew.closed)
  private let asleep = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  private let bell = Bell()
  private let doneBell = Bell()
  private var tasks = 0
  private var job: Job?
  private var threads: [pthread_t] = []
  private let leaving = Atomic<Bool>(false)

  private static let closed: UInt64 = 1 << 31
  private static let one: UInt64 = 1 << 32
  /// Spins of about 40 ns: long enough for the next step of a training loop, short enough to leave
  /// a busy machine alone.
  private static let spins = 2000

  init(helpers: Int) {
    var everySignal = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&everySignal)
    unsafe pthread_sigmask(SIG_SETMASK, &everySignal, &before)
    for index in 0 ..< helpers {
      guard let thread = startThread({ [self] in work(as: index + 1) }) else { break }
      threads.append(thread)
    }
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
  }

  /// Ends the threads; in a forked child there are none.
  func dismiss() {
    guard process == getpid() else { return }
    leaving.store(true, ordering: .sequentiallyConsistent)
    bell.ring()
    for thread in threads {
      if pthread_equal(thread, pthread_self()) != 0 {
        pthread_detach(thread)
      } else {
        pthread_join(thread, nil)
      }
    }
    threads = []
  }

  func run(tasks: Int, _ job: Job, waiting: () -> Void) {
    self.tasks = tasks
    self.job = job
    next.store(0, ordering: .relaxed)
    let number = (state.load(ordering: .relaxed) >> 32) &+ 1
    state.store(number << 32, ordering: .sequentiallyConsistent)
    if asleep.load(ordering: .sequentiallyConsistent) > 0 { bell.ring() }
    takeTasks(as: 0)
    var now = state.bitwiseOr(Crew.closed, ordering: .sequentiallyConsistent).newValue
    var spins = 0
    while now & (Crew.closed - 1) != 0 {
      spins += 1
      if spins < Crew.spins {
        pauseBriefly()
      } else {
        doneBell.wait(milliseconds: 5) {
          state.load(ordering: .sequentiallyConsistent) & (Crew.closed - 1) != 0
        }
        waiting()
      }
      now = state.load(ordering: .acquiring)
    }
    self.job = nil
  }

  private func takeTasks(as worker: Int) {
    guard let job else { return }
    while true {
      let task = next.add(1, ordering: .relaxed).oldValue
      guard task < tasks else { return }
      job.body(worker, task)
    }
  }

  /// A helper's life: wait for a run that it has not seen, enter it while it is open, work, leave.
  private func work(as worker: Int) {
    setStandardFloatMode()
    var seen: UInt64 = 0
    while true {
      waitForRun(after: seen)
      guard !leaving.load(ordering: .sequentiallyConsistent) else { return }
      let now = state.load(ordering: .acquiring)
      seen = now >> 32
      guard enter(now) else { continue }
      takeTasks(as: worker)
      let after = state.subtract(1, ordering: .sequentiallyConsistent).newValue
      if after & Crew.closed != 0 { doneBell.ring() }
    }
  }

  private func enter(_ seen: UInt64) -> Bool {
    var expected = seen
    while expected >> 32 == seen >> 32, expected & Crew.closed == 0 {
      let (exchanged, original) = state.weakCompareExchange(
        expected: expected, desired: expected + 1, ordering: .acquiringAndReleasing)
      if exchanged { return true }
      expected = original
    }
    return false
  }

  private func waitForRun(after seen: UInt64) {
    var spins = 0
    func idle() -> Bool {
      state.load(ordering: .sequentiallyConsistent) >> 32 == seen
        && !leaving.load(ordering: .sequentiallyConsistent)
    }
    while idle() {
      spins += 1
      if spins < Crew.spins {
        pauseBriefly()
      } else {
        asleep.add(1, ordering: .sequentiallyConsistent)
        bell.wait(milliseconds: -1, while: idle)
        asleep.subtract(1, ordering: .sequentiallyConsistent)
        spins = 0
      }
    }
  }
}

/// Starts a thread with a stack of 1 MiB; nil if the system has none.
private func startThread(_ body: @escaping () -> Void) -> pthread_t? {
  final class Box {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }
  var attributes = pthread_attr_t()
  unsafe pthread_attr_init(&attributes)
  unsafe pthread_attr_setstacksize(&attributes, 1 << 20)
  defer { unsafe pthread_attr_destroy(&attributes) }
  var thread = pthread_t()
  let box = unsafe Unmanaged.passRetained(Box(body))
  let status = unsafe pthread_create(
    &thread, &attributes,
    { argument in
      if let argument = unsafe argument {
        unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
      }
      return nil
    }, box.toOpaque())
  guard status == 0 else {
    unsafe box.release()
    return nil
  }
  return thread
}
