import Kernels
package import Platform

/// A program with its memory: one frame a worker, so that workers run shards side by side.
///
/// Nothing is allocated after it is made.
package final class Executor: Sendable {
  package let program: Program
  private let parameters: View<Float>
  private let shared: Storage<Float>
  private let frames: [Storage<Float>]
  /// Each frame's own copy of the steps: threads that count references to the same arrays wait for
  /// each other.
  private let steps: [[Step]]
  private let firstSteps: [[Step]]
  // What depends on the parameters alone: first what may be computed side by side, some of it row
  // by row of a parameter, then the rest in order.
  private let striped: [[Step]]
  private let independent: [Step]
  private let dependent: [Step]
  /// Nil unless the context keeps a trace.
  private let trace: Trace?
  private let tracedSteps: [Bool: TracedSteps]

  /// `parameters`: laid out as the program's; must outlive the executor.
  ///
  /// After they change call `prepare()`. `trace`: where the time of every step is written.
  package init(
    _ program: Program, parameters: View<Float>, frames: Int, memory: Memory, trace: Trace? = nil
  ) throws(OutOfMemory) {
    self.trace = trace
    tracedSteps =
      trace.map {
        [
          false: TracedSteps($0, program.steps, "shard"),
          true: TracedSteps($0, program.firstSteps, "shard"),
        ]
      } ?? [:]
    self.program = program
    self.parameters = parameters
    shared = try Storage(memory, count: program.sharedCount)
    var storages: [Storage<Float>] = []
    for _ in 0 ..< frames {
      storages.append(try Storage(memory, count: program.frameCount))
    }
    self.frames = storages
    steps = (0 ..< frames).map { _ in program.steps.map(\.duplicate) }
    firstSteps = (0 ..< frames).map { _ in program.firstSteps.map(\.duplicate) }
    striped = program.parameters.offsets.map { offset in
      program.shared.filter { $0.striped?.parameter.offset == offset }
    }
    independent = program.shared.filter { $0.isOfParametersAlone && $0.striped == nil }
    dependent = program.shared.filter { !$0.isOfParametersAlone }
    prepare()
  }

  /// Computes what depends on the parameters alone.
  package func prepare() {
    for (parameter, steps) in striped.enumerated() {
      for step in steps { prepare(parameter, rows: 0 ..< (step.striped?.rows ?? 0)) }
    }
    for part in 0 ..< parts { prepare(part: part) }
    finishPreparing()
  }

  /// What depends on some rows of one parameter; such calls may run side by side, and come before
  /// those of the parts.
  package func prepare(_ parameter: Int, rows: Range<Int>) {
    guard trace == nil else { return traced(striped[parameter], only: rows) }
    for step in striped[parameter] { unsafe step.run(sharedBases, only: rows) }
  }

  /// So many parts of what is left may be computed side by side, before the rest.
  package var parts: Int { independent.count }

  package func prepare(part: Int) {
    guard trace == nil else { return traced([independent[part]]) }
    unsafe independent[part].run(sharedBases)
  }

  package func finishPreparing() {
    guard trace == nil else { return traced(dependent) }
    for step in dependent { unsafe step.run(sharedBases) }
  }

  /// Runs steps, or some of the rows that they take, with a look at the clock.
  private func traced(_ steps: [Step], only some: Range<Int>? = nil) {
    guard let trace else { return }
    let share = some.map { Double($0.count) / Double(max(steps.first?.striped?.rows ?? 1, 1)) }
    TracedSteps(trace, steps, "once", share: share ?? 1).run(steps) { step in
      if let some { unsafe step.run(sharedBases, only: some) } else { unsafe step.run(sharedBases) }
    }
  }

  private var sharedBases: Bases {
    unsafe Bases(
      frame: shared.view.base, shared: shared.view.base, parameters: parameters.base,
      sums: shared.view.base)
  }

  package func input(_ index: Int, frame: Int) -> View<Float> {
    frames[frame].view.slice(program.inputs[index].offset, program.inputCounts[index])
  }

  package func output(_ index: Int, frame: Int) -> View<Float> {
    let slot = program.rowOutputs[index]
    let count = program.rowOutputCounts[index]
    return switch slot.space {
    case .frame: frames[frame].view.slice(slot.offset, count)
    case .shared: shared.view.slice(slot.offset, count)
    case .parameters: parameters.slice(slot.offset, count)
    case .sums: parameters.slice(0, 0)
    }
  }

  /// Runs one shard on a frame and adds its totals to `sums`, laid out as `program.sums`; `first`:
  /// writes them over what is there.
  package func execute(frame: Int, sums: View<Float>? = nil, first: Bool = false) {
    let overwrites = first && !program.firstSteps.isEmpty
    if first, !overwrites { sums?.fill(0) }
    let memory = frames[frame].view
    let bases = unsafe Bases(
      frame: memory.base, shared: shared.view.base, parameters: parameters.base,
      sums: (sums ?? memory).base)
    if let traced = tracedSteps[overwrites] {
      let steps = overwrites ? firstSteps[frame] : steps[frame]
      return traced.run(steps) { step in unsafe step.run(bases) }
    }
    // In place: a copy of a step would count references to what it holds.
    unsafe (overwrites ? firstSteps[frame] : steps[frame]).withUnsafeBufferPointer { steps in
      for index in steps.indices { unsafe steps[index].run(bases) }
    }
  }
}
