import Kernels

/// Floats of memory, one after the other.
package struct Extent: Hashable, Sendable {
  let slot: Slot
  let count: Int

  package init(_ slot: Slot, _ count: Int) {
    self.slot = slot
    self.count = count
  }

  var range: Range<Int> { slot.offset ..< slot.offset + count }
}

/// The memory that a step touches.
package struct Access: Sendable {
  var reads: [Extent] = []
  /// What an accumulating step adds to is here too.
  var writes: [Extent] = []
  /// Of no use before and after.
  var scratch: [Extent] = []

  /// That a run moves, scratch left out.
  var bytes: Int { (reads + writes).reduce(0) { $0 + $1.count } * MemoryLayout<Float>.size }

  package init(_ reads: [Extent], _ writes: [Extent], scratch: [Extent] = []) {
    self.reads = reads
    self.writes = writes
    self.scratch = scratch.filter { $0.count > 0 }
  }
}

extension Step {
  var access: Access {
    switch self {
    case .fusedLoop(let loop, let scratch): loop.access(scratch)
    case .product(let product): product.access
    case .narrowProduct(let a, let b, let c, let rows, let columns, let inner):
      Access(
        [Extent(a, rows * inner), Extent(b, columns * inner)], [Extent(c, rows * columns)])
    case .toBFloat16(let x, let y, let rows, let columns, let form, let scratch):
      Access(
        [Extent(x, rows * columns)], [Extent(y, (rows * columns + 1) / 2)],
        scratch: form.isTransposed ? [Extent(scratch, (rows * columns + 1) / 2)] : [])
    case .transpose(let x, let y, let batches, let rows, let columns):
      Access([Extent(x, batches * rows * columns)], [Extent(y, batches * rows * columns)])
    case .panels(let x, let y, let rows, let columns, _):
      Access([Extent(x, rows * columns)], [Extent(y, rows * columns)])
    case .convolution(let convolution, let x, let kernel, let y, let scratch):
      Access(
        [Extent(x, convolution.extents.x), Extent(kernel, convolution.extents.kernel)],
        [Extent(y, convolution.extents.y)], scratch: [Extent(scratch, convolution.scratchCount)])
    case .convolutionWeightGradient(let product, let x, let y, let to, let scratch, _):
      Access(
        [Extent(x, product.extents.x), Extent(y, product.extents.y)],
        [Extent(to, product.extents.kernel)], scratch: [Extent(scratch, product.scratchCount)])
    case .flip(let x, let y, let taps, let channels, let filters):
      Access([Extent(x, taps * channels * filters)], [Extent(y, taps * channels * filters)])
    case .inverse(let matrices, let x, let y, let scratch):
      Access(
        [Extent(x, matrices.count)], [Extent(y, matrices.count)],
        scratch: [Extent(scratch, matrices.scratchCount)])
    case .logDeterminant(let matrices, let x, let y, let scratch):
      Access(
        [Extent(x, matrices.count)], [Extent(y, matrices.batchCount)],
        scratch: [Extent(scratch, matrices.scratchCount)])
    case .sum(let x, let y, let outer, let count, let inner, _),
      .maximum(let x, let y, let outer, let count, let inner):
      Access([Extent(x, outer * count * inner)], [Extent(y, outer * inner)])
    case .sumProducts(let a, let b, let y, let outer, let count, let inner, _):
      Access(
        [Extent(a, outer * count * inner), Extent(b, outer * count * inner)],
        [Extent(y, outer * inner)])
    case .read(let from, let to, let strides, let shape):
      Access([Extent(from, span(strides, shape))], [Extent(to, shape.reduce(1, *))])
    case .write(let from, let to, let strides, let shape):
      Access([Extent(from, shape.reduce(1, *))], [Extent(to, span(strides, shape))])
    case .zero(let y, let count): Access([], [Extent(y, count)])
    case .gather(let x, let indices, let y, let rowLength, let count, let rows):
      Access(
        [Extent(x, rows * rowLength), Extent(indices, count)], [Extent(y, count * rowLength)])
    case .scatterAdd(let x, let indices, let y, let rowLength, let count, let rows):
      Access(
        [Extent(x, count * rowLength), Extent(indices, count)], [Extent(y, rows * rowLength)])
    case .constants(let y, let values): Access([], [Extent(y, values.count)])
    }
  }

  /// From the first element that strides reach to behind the last.
  private func span(_ strides: [Int], _ shape: [Int]) -> Int {
    shape.contains(0) ? 0 : zip(strides, shape).reduce(1) { $0 + $1.0 * ($1.1 - 1) }
  }
}

extension Product {
  fileprivate var access: Access {
    func extents(_ slot: Slot, _ count: Int, _ offset: KeyPath<(a: Int, b: Int, c: Int), Int>)
      -> [Extent]
    {
      var seen: Set<Int> = []
      return batches.map { $0[keyPath: offset] }.filter { seen.insert($0).inserted }.map {
        Extent(slot.advanced(by: $0), count)
      }
    }
    let counts = multiply.extents
    return Access(
      extents(a, counts.a, \.a) + extents(b, counts.b, \.b), extents(c, counts.c, \.c))
  }
}

extension FusedLoop {
  fileprivate func access(_ scratch: Slot) -> Access {
    var (reads, writes) = ([Extent](), [Extent]())
    for expansion in expansions {
      switch expansion.source {
      case .immediate: break
      case .periodic(let slot, let period): reads.append(Extent(slot, period))
      case .repeated(let slot, let run): reads.append(Extent(slot, count / max(run, 1)))
      case .between(let slot, let period, let run):
        reads.append(Extent(slot, count / max(run, 1) * period))
      }
    }
    for instruction in instructions {
      for operand in instruction.operands {
        switch operand {
        case .immediate, .tile: break
        case .value(let slot): reads.append(Extent(slot, count))
        case .wrapped(let slot, let period): reads.append(Extent(slot, period))
        }
      }
      for case .value(let slot) in [instruction.target, instruction.secondTarget] {
        writes.append(Extent(slot, count))
      }
    }
    let own = Set(writes)
    return Access(
      reads.filter { !own.contains($0) }, writes, scratch: [Extent(scratch, scratchCount)])
  }
}
