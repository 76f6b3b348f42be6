import Core
import Execution
import Kernels
import Models
import Platform

/// One row of work: which row of the data, at what level, and which class it shows (-1: none).
struct Draw {
  let row: Int
  let sigma: Double
  let classIndex: Int
  let weight: Double
  /// λ of its level.
  var level = 1.0
}

/// An objective's program with its memory and its data: fills frames with rows and noise, and runs
/// them.
final class ObjectiveRunner: Sendable {
  let program: ObjectiveProgram
  let data: TrainingRows
  private let executor: Executor
  private let uniforms: [Storage<Float>]
  /// The rows that a shard takes.
  private let picked: [Storage<Int>]

  static let uniformsPerRow = 4

  init(
    _ program: ObjectiveProgram, _ data: TrainingRows, weights: View<Float>, context: Context
  ) throws {
    self.program = program
    self.data = data
    let frames = context.workers.count
    executor = try Executor(
      program.program, parameters: weights, frames: frames, memory: context.memory,
      trace: context.trace)
    picked = try (0 ..< frames).map { _ in try Storage(context.memory, count: program.rows) }
    uniforms = try (0 ..< frames).map { _ in
      try Storage(context.memory, count: program.rows * ObjectiveRunner.uniformsPerRow)
    }
  }

  /// After the weights changed.
  func prepare() { executor.prepare() }

  /// The same in pieces: first what follows from each stripe of the parameters, then parts, each
  /// side by side, then the rest.
  func prepare(_ stripe: ParameterLayout.Stripe) {
    executor.prepare(stripe.parameter, rows: stripe.rows)
  }
  var parts: Int { executor.parts }
  func prepare(part: Int) { executor.prepare(part: part) }
  func finishPreparing() { executor.finishPreparing() }

  /// Runs one shard of numbered draws and returns the loss of each of its rows.
  ///
  /// `draw`: what draw i is, given four uniforms of its own; nil behind the last. `numbers`: those of the draws, from the first
  /// of the shard on, where they do not follow each other. `ahead`: asks for what `draw` will read
  /// of memory.
  /// `sums`: where gradients are added, or written by the first shard; nil for none. `supplied`: noisy rows by number, for noise of the caller's.
  func run(
    frame: Int, first: Int, _ source: DrawSource, numbers: View<Int32>? = nil,
    sums: View<Float>? = nil, isFirst: Bool = false, supplied: SuppliedRows? = nil,
    ahead: (_ uniforms: View<Float>) -> Void = { _ in },
    _ draw: (_ index: Int, _ uniforms: View<Float>) -> Draw?
  ) -> View<Float> {
    let rows = program.rows
    let u = uniforms[frame].view
    let perRow = ObjectiveRunner.uniformsPerRow
    if let numbers {
      u.fillUniform(columns: perRow, source.source(Stream.rows), numbers: numbers)
    } else {
      u.fillUniform(
        rows: rows, columns: perRow, source.source(Stream.rows), firstRow: UInt64(first))
    }
    let x = executor.input(program.x, frame: frame)
    let sigma = executor.input(program.sigma, frame: frame)
    let level = executor.input(program.level, frame: frame)
    let label = program.label.map { executor.input($0, frame: frame) }
    let weight = program.weight.map { executor.input($0, frame: frame) }
    label?.fill(0)
    let d = program.dimension
    let (picked, values) = (picked[frame].view, data.values)
    for r in 0 ..< min(rows, numbers?.count ?? rows) { ahead(u.slice(r * perRow, perRow)) }
    for r in 0 ..< rows {
      // After the last draw the first row fills the shard, with weight 0.
      let number = numbers.map { r < $0.count ? Int($0[r]) : nil } ?? first + r
      let known = number.flatMap { draw($0, u.slice(r * perRow, perRow)) }
      let row = known ?? Draw(row: 0, sigma: data.sigmaData, classIndex: -1, weight: 0)
      // Rows lie anywhere in the data: all are asked for before the first is copied.
      picked[r] = row.row
      values.slice(row.row * d, d).prefetch()
      sigma[r] = Float(row.sigma)
      level[r] = Float(row.level)
      if row.classIndex >= 0 { label?[r * program.classes + row.classIndex] = 1 }
      weight?[r] = Float(row.weight)
    }
    for r in 0 ..< rows { x.slice(r * d, d).copy(values.slice(picked[r] * d, d)) }
    for input in program.random {
      let view = executor.input(input.input, frame: frame)
      let size = rows * input.columns
      for index in 0 ..< input.count {
        var own = source.source(input.stream)
        own.seed &+= UInt64(input.number + index) &* 0x9E37_79B9_7F4A_7C15
        let part = view.slice(index * size, size)
        if let numbers {
          if input.isNormal {
            part.fillNormal(columns: input.columns, own, numbers: numbers)
          } else {
            part.fillUniform(columns: input.columns, own, numbers: numbers)
          }
        } else if input.isNormal {
          part.fillNormal(rows: rows, columns: input.columns, own, firstRow: UInt64(first))
        } else {
          part.fillUniform(rows: rows, columns: input.columns, own, firstRow: UInt64(first))
        }
      }
    }
    if let supplied, let target = program.suppliedTarget {
      supplied.copy(first, rows, into: x, executor.input(target, frame: frame))
    }
    executor.execute(frame: frame, sums: sums, first: isFirst)
    return executor.output(0, frame: frame)
  }
}
