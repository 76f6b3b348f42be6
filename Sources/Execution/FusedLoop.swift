import Kernels

/// Elementwise operations of one shape, run together over tiles that stay in the first cache.
///
/// A tile is a stretch of the flattened shape. What is broadcast is expanded tile by tile, so every
/// instruction is a flat loop.
struct FusedLoop: Sendable {
  enum Operand: Equatable, Sendable {
    case immediate(Float)
    case tile(Int)
    /// As large as the loop's shape.
    case value(Slot)
    /// Element i is element i mod `period`, a multiple of the tile.
    case wrapped(Slot, period: Int)
  }

  /// What is expanded into a tile of scratch before the instructions run.
  enum Source: Hashable, Sendable {
    case immediate(Float)
    /// Element i is element i mod `period`: trailing axes.
    case periodic(Slot, period: Int)
    /// Element i is element i / `run`: leading axes.
    case repeated(Slot, run: Int)
    /// Element i is element (i / `run`) · `period` + i mod `period`.
    case between(Slot, period: Int, run: Int)
  }

  enum Operation: Sendable {
    case unary(UnaryKernel)
    case binary(BinaryKernel)
    case select
    case copy
    /// a b + c.
    case multiplyAdd
    /// x σ(x) of x, or of the sum of two operands; its derivative goes to the second target.
    case silu
  }

  struct Instruction: Sendable {
    let operation: Operation
    let count: Int
    // Not an array, which every tile would retain and release.
    let first: Operand
    let second: Operand
    let third: Operand
    /// Where the result is written: a whole value that others read, or a tile of scratch.
    let target: Target
    /// Of an operation with two results.
    let secondTarget: Target?

    init(
      operation: Operation, operands: [Operand], target: Target, secondTarget: Target? = nil
    ) {
      self.operation = operation
      count = operands.count
      first = operands.first ?? .tile(0)
      second = operands.dropFirst().first ?? .tile(0)
      third = operands.dropFirst(2).first ?? .tile(0)
      self.target = target
      self.secondTarget = secondTarget
    }

    var operands: [Operand] { Array([first, second, third].prefix(count)) }
  }

  enum Target: Sendable {
    case value(Slot)
    case tile(Int)
  }

  struct Expansion: Sendable {
    let source: Source
    let tile: Int
    /// The same for every tile, so done with the first.
    let once: Bool
  }

  let count: Int
  let tile: Int
  let instructions: [Instruction]
  let expansions: [Expansion]
  let tiles: Int

  /// The same with arrays of its own.
  var duplicate: FusedLoop {
    FusedLoop(
      count: count, tile: tile, instructions: instructions.map { $0 },
      expansions: expansions.map { $0 }, tiles: tiles)
  }

  /// Elements of scratch that a run needs.
  var scratchCount: Int { tiles * FusedLoop.pitch(tile) }

  static func pitch(_ tile: Int) -> Int { paddedCount(tile) }

  /// A tile is about 4 KiB and whole rows where rows are shorter, so that a row vector is expanded
  /// once.
  static func tileSize(count: Int, rowLength: Int) -> Int {
    let most = 1024
    guard count > most + most / 2 else { return count }
    guard rowLength <= most else { return most }
    let rows = most / max(rowLength, 1)
    var unit = 16
    while unit > 1, rowLength % (16 / unit * 2) == 0 { unit /= 2 }
    return (rows >= unit ? rows / unit * unit : rows) * max(rowLength, 1)
  }
}

extension FusedLoop {
  func run(_ bases: Bases, scratch: UnsafeMutablePointer<Float>) {
    let pitch = FusedLoop.pitch(tile)
    var start = 0
    while start < count {
      let length = min(tile, count - start)
      for expansion in expansions where start == 0 || !expansion.once {
        unsafe expand(expansion.source, bases, scratch + expansion.tile * pitch, start, length)
      }
      // In place: a copy of an instruction costs as much as a short tile's work.
      unsafe instructions.withUnsafeBufferPointer { instructions in
        for index in instructions.indices {
          unsafe execute(instructions[index], bases, scratch, pitch, start, length)
        }
      }
      start += tile
    }
  }

  @inline(__always)
  private func pointer(
    _ operand: Operand, _ bases: Bases, _ scratch: UnsafeMutablePointer<Float>, _ pitch: Int,
    _ start: Int
  ) -> UnsafeMutablePointer<Float> {
    switch operand {
    case .immediate: unsafe scratch
    case .tile(let index): unsafe scratch + index * pitch
    case .value(let slot): unsafe bases[slot] + start
    case .wrapped(let slot, let period): unsafe bases[slot] + start % period
    }
  }

  @inline(__always)
  private func place(
    _ target: Target, _ bases: Bases, _ scratch: UnsafeMutablePointer<Float>, _ pitch: Int,
    _ start: Int
  ) -> UnsafeMutablePointer<Float> {
    switch target {
    case .value(let slot): unsafe bases[slot] + start
    case .tile(let index): unsafe scratch + index * pitch
    }
  }

  private func execute(
    _ instruction: Instruction, _ bases: Bases, _ scratch: UnsafeMutablePointer<Float>,
    _ pitch: Int, _ start: Int, _ length: Int
  ) {
    let y = unsafe place(instruction.target, bases, scratch, pitch, start)
    let (first, second, third) = (instruction.first, instruction.second, instruction.third)
    switch instruction.operation {
    case .unary(let kernel):
      unsafe elementwise(
        kernel, pointer(first, bases, scratch, pitch, start), y, count: length)
    case .binary(let kernel):
      if case .immediate(let b) = second {
        let a = unsafe pointer(first, bases, scratch, pitch, start)
        unsafe elementwise(kernel, a, scalar: b, y, count: length)
      } else if case .immediate(let a) = first {
        let b = unsafe pointer(second, bases, scratch, pitch, start)
        unsafe elementwise(kernel, scalar: a, b, y, count: length)
      } else {
        let a = unsafe pointer(first, bases, scratch, pitch, start)
        let b = unsafe pointer(second, bases, scratch, pitch, start)
        unsafe elementwise(kernel, a, b, y, count: length)
      }
    case .select, .multiplyAdd:
      let a = unsafe pointer(first, bases, scratch, pitch, start)
      let b = unsafe pointer(second, bases, scratch, pitch, start)
      let c = unsafe pointer(third, bases, scratch, pitch, start)
      if case .select = instruction.operation {
        unsafe select(a, b, c, y, count: length)
      } else {
        unsafe multiplyAdd(a, b, c, y, count: length)
      }
    case .copy:
      let x = unsafe pointer(first, bases, scratch, pitch, start)
      unsafe copy(x, y, count: length)
    case .silu:
      let a = unsafe pointer(first, bases, scratch, pitch, start)
      let b =
        instruction.count > 1 ? unsafe pointer(second, bases, scratch, pitch, start) : nil
      let slope =
        if let target = instruction.secondTarget {
          unsafe Optional(place(target, bases, scratch, pitch, start))
        } else {
          unsafe UnsafeMutablePointer<Float>?.none
        }
      unsafe silu(a, plus: b, y, slope: slope, count: length)
    }
  }

  private func expand(
    _ source: Source, _ bases: Bases, _ y: UnsafeMutablePointer<Float>, _ start: Int, _ length: Int
  ) {
    switch source {
    case .immediate(let value): unsafe fill(y, value, count: length)
    case .periodic(let slot, let period):
      let x = unsafe bases[slot]
      if period == 1 { return unsafe fill(y, x[0], count: length) }
      unsafe cycle(x, period, phase: start % period, y, length)
    case .repeated(let slot, let run):
      let x = unsafe bases[slot]
      var (done, index) = (0, start / run)
      var next = (index + 1) * run - start
      while done < length {
        let stop = min(next, length)
        unsafe fill(y + done, x[index], count: stop - done)
        done = stop
        index += 1
        next += run
      }
    case .between(let slot, let period, let run):
      let x = unsafe bases[slot]
      var (done, block, phase) = (0, start / run, start % run)
      while done < length {
        let count = min(run - phase, length - done)
        unsafe cycle(x + block * period, period, phase: phase % period, y + done, count)
        done += count
        (block, phase) = (block + 1, 0)
      }
    }
  }

  /// Writes x again and again, from element `phase` on: once, then twice as much of it with every
  /// copy.
  private func cycle(
    _ x: UnsafePointer<Float>, _ period: Int, phase: Int, _ y: UnsafeMutablePointer<Float>,
    _ length: Int
  ) {
    let rest = min(period - phase, length)
    unsafe copy(x + phase, y, count: rest)
    var done = min(period, length)
    if done > rest { unsafe copy(x, y + rest, count: done - rest) }
    while done < length {
      // Whole periods, so that what follows them is their beginning.
      let more = min(done, length - done)
      unsafe copy(y, y + done, count: more)
      done += more
    }
  }
}
