import Kernels

/// A program with its memory: one frame a worker, so that workers run shards side by side.
///
/// Nothing is allocated after it is made.
package final class Executor: Sendable {
  package let program: Program
  private let parameters: View<Float>
  private let shared: Storage<Float>
  private let frames: [Storage<Float>]
  /// Each frame's own copy of the steps: threads that count references to the same arrays wait for each other.
  private let steps: [[Step]]
  private let firstSteps: [[Step]]
  // What depends on the parameters alone: first what may be computed side by side, then the rest in order.
  private let independent: [Step]
  private let dependent: [Step]

  /// `parameters`: laid out as the program's; must outlive the executor.
  ///
  /// After they change call `prepare()`.
  package init(_ program: Program, parameters: View<Float>, frames: Int, memory: Memory)
    throws(OutOfMemory)
  {
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
    independent = program.shared.filter(\.isOfParametersAlone)
    dependent = program.shared.filter { !$0.isOfParametersAlone }
    prepare()
  }

  /// Computes what depends on the parameters alone.
  package func prepare() {
    for part in 0 ..< parts { prepare(part: part) }
    finishPreparing()
  }

  /// So many parts of that may be computed side by side, before the rest.
  package var parts: Int { independent.count }

  package func prepare(part: Int) { unsafe independent[part].run(sharedBases) }

  package func finishPreparing() {
    for step in dependent { unsafe step.run(sharedBases) }
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

  /// Runs one shard on a frame and adds its totals to `sums`, laid out as `program.sums`; `first`: writes them over what is there.
  package func execute(frame: Int, sums: View<Float>? = nil, first: Bool = false) {
    let overwrites = first && !program.firstSteps.isEmpty
    if first, !overwrites { sums?.fill(0) }
    let memory = frames[frame].view
    let bases = unsafe Bases(
      frame: memory.base, shared: shared.view.base, parameters: parameters.base,
      sums: (sums ?? memory).base)
    for step in overwrites ? firstSteps[frame] : steps[frame] { unsafe step.run(bases) }
  }
}
