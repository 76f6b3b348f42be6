import Kernels

/// One piece of work on whole values.
enum Step: Sendable {
  case fusedLoop(FusedLoop, scratch: Slot)
  case product(Product)
  /// C = A · Bᵀ for a B [columns, inner] of few rows.
  case narrowProduct(Slot, Slot, Slot, rows: Int, columns: Int, inner: Int)
  /// [rows, columns] as bfloat16.
  case toBFloat16(Slot, Slot, rows: Int, columns: Int, BFloat16Layout, scratch: Slot)
  /// [batches, rows, columns] to [batches, columns, rows].
  case transpose(Slot, Slot, batches: Int, rows: Int, columns: Int)
  /// [rows, columns], or its transpose, as the panels that products read.
  case panels(Slot, Slot, rows: Int, columns: Int, transposed: Bool)
  /// Of a picture and a kernel.
  case convolution(Convolution, Slot, Slot, Slot, scratch: Slot)
  /// Of a picture and what its windows gave.
  case convolutionWeightGradient(
    ConvolutionWeightGradient, Slot, Slot, Slot, scratch: Slot, accumulate: Bool)
  /// A kernel as its adjoint takes it.
  case flip(Slot, Slot, taps: Int, channels: Int, filters: Int)
  case inverse(SquareMatrices, Slot, Slot, scratch: Slot)
  case logDeterminant(SquareMatrices, Slot, Slot, scratch: Slot)
  case sum(Slot, Slot, outer: Int, count: Int, inner: Int, accumulate: Bool)
  /// Sums of the products of two values.
  case sumProducts(Slot, Slot, Slot, outer: Int, count: Int, inner: Int, accumulate: Bool)
  case maximum(Slot, Slot, outer: Int, count: Int, inner: Int)
  /// A strided reading of `from` (slice, permutation, broadcast) written in order.
  case read(from: Slot, Slot, strides: [Int], shape: [Int])
  /// `from` in order, written strided (pad, concatenate).
  case write(from: Slot, Slot, strides: [Int], shape: [Int])
  case zero(Slot, count: Int)
  case gather(Slot, indices: Slot, Slot, rowLength: Int, count: Int, rows: Int)
  case scatterAdd(Slot, indices: Slot, Slot, rowLength: Int, count: Int, rows: Int)
  case constants(Slot, [Float])
}

/// C = A · B for each batch.
struct Product: Sendable {
  let multiply: MatrixMultiply
  let a: Slot
  let b: Slot
  let c: Slot
  /// Offsets of each batch's matrices.
  let batches: [(a: Int, b: Int, c: Int)]
}

extension Step {
  /// The total that it adds to.
  var total: Slot? {
    switch self {
    case .product(let product) where product.c.space == .sums: product.c
    case .convolutionWeightGradient(_, _, _, let y, _, true) where y.space == .sums: y
    case .sum(_, let y, _, _, _, true) where y.space == .sums: y
    case .sumProducts(_, _, let y, _, _, _, true) where y.space == .sums: y
    default: nil
    }
  }

  /// What adds to totals over shards, written over them instead; nil where that can't be.
  var overwriting: Step? {
    switch self {
    case .product(let product) where product.c.space == .sums:
      guard Set(product.batches.map(\.c)).count == product.batches.count else { return nil }
      return .product(
        Product(
          multiply: product.multiply.overwriting, a: product.a, b: product.b, c: product.c,
          batches: product.batches))
    case .convolutionWeightGradient(let product, let x, let y, let to, let scratch, true)
    where to.space == .sums:
      return .convolutionWeightGradient(product, x, y, to, scratch: scratch, accumulate: false)
    case .sum(let x, let y, let outer, let count, let inner, true) where y.space == .sums:
      return .sum(x, y, outer: outer, count: count, inner: inner, accumulate: false)
    case .sumProducts(let a, let b, let y, let outer, let count, let inner, true)
    where y.space == .sums:
      return .sumProducts(a, b, y, outer: outer, count: count, inner: inner, accumulate: false)
    default: return self
    }
  }

  /// The same with arrays of its own.
  var duplicate: Step {
    switch self {
    case .fusedLoop(let loop, let scratch): .fusedLoop(loop.duplicate, scratch: scratch)
    case .product(let product):
      .product(
        Product(
          multiply: product.multiply.duplicate, a: product.a, b: product.b, c: product.c,
          batches: product.batches.map { $0 }))
    case .convolution(let convolution, let x, let kernel, let y, let scratch):
      .convolution(convolution.duplicate, x, kernel, y, scratch: scratch)
    case .convolutionWeightGradient(let product, let x, let y, let to, let scratch, let accumulate):
      .convolutionWeightGradient(
        product.duplicate, x, y, to, scratch: scratch, accumulate: accumulate)
    case .read(let from, let to, let strides, let shape):
      .read(from: from, to, strides: strides.map { $0 }, shape: shape.map { $0 })
    case .write(let from, let to, let strides, let shape):
      .write(from: from, to, strides: strides.map { $0 }, shape: shape.map { $0 })
    default: self
    }
  }

  /// Whether it reads parameters alone, so that it may run beside others of the kind.
  var isOfParametersAlone: Bool {
    switch self {
    case .transpose(let x, _, _, _, _), .panels(let x, _, _, _, _),
      .toBFloat16(let x, _, _, _, _, _), .flip(let x, _, _, _, _):
      x.space == .parameters
    default: false
    }
  }

  /// The parameter whose rows it can take a few at a time, and how many there are.
  var striped: (parameter: Slot, rows: Int)? {
    switch self {
    case .transpose(let x, _, 1, let rows, _) where x.space == .parameters: (x, rows)
    case .panels(let x, _, let rows, _, _) where x.space == .parameters: (x, rows)
    default: nil
    }
  }

  /// What `run` does, for some rows of a striped step's parameter.
  func run(_ bases: Bases, only some: Range<Int>) {
    switch self {
    case .transpose(let x, let y, _, let rows, let columns):
      unsafe Kernels.transpose(
        bases[x] + some.lowerBound * columns, rows: some.count, columns: columns,
        bases[y] + some.lowerBound, stride: rows)
    case .panels(let x, let y, let rows, let columns, true):
      unsafe panelsOfTranspose(bases[x], rows: rows, columns: columns, only: some, bases[y])
    case .panels(let x, let y, let rows, let columns, false):
      unsafe Kernels.panels(of: bases[x], rows: rows, columns: columns, only: some, bases[y])
    default: break
    }
  }

  func run(_ bases: Bases) {
    switch self {
    case .fusedLoop(let loop, let scratch): unsafe loop.run(bases, scratch: bases[scratch])
    case .product(let product):
      let (a, b, c) = unsafe (bases[product.a], bases[product.b], bases[product.c])
      for batch in product.batches {
        unsafe product.multiply(a + batch.a, b + batch.b, c + batch.c)
      }
    case .narrowProduct(let a, let b, let c, let rows, let columns, let inner):
      unsafe Kernels.narrowProduct(
        bases[a], bases[b], bases[c], rows: rows, columns: columns, inner: inner)
    case .toBFloat16(let x, let y, let rows, let columns, let form, let scratch):
      unsafe Kernels.toBFloat16(
        bases[x], rows: rows, columns: columns, form, bases[y], scratch: bases[scratch])
    case .transpose(let x, let y, let batches, let rows, let columns):
      for batch in 0 ..< batches {
        let offset = batch * rows * columns
        unsafe Kernels.transpose(bases[x] + offset, rows: rows, columns: columns, bases[y] + offset)
      }
    case .panels(_, _, let rows, _, _): unsafe run(bases, only: 0 ..< rows)
    case .convolution(let convolution, let x, let kernel, let y, let scratch):
      unsafe convolution(bases[x], bases[kernel], bases[y], scratch: bases[scratch])
    case .convolutionWeightGradient(let product, let x, let y, let to, let scratch, let accumulate):
      unsafe product(
        bases[x], bases[y], bases[to], scratch: bases[scratch], accumulate: accumulate)
    case .flip(let x, let y, let taps, let channels, let filters):
      unsafe flipKernel(bases[x], taps: taps, channels: channels, filters: filters, bases[y])
    case .inverse(let matrices, let x, let y, let scratch):
      unsafe matrices.inverse(bases[x], bases[y], scratch: bases[scratch])
    case .logDeterminant(let matrices, let x, let y, let scratch):
      unsafe matrices.logDeterminant(bases[x], bases[y], scratch: bases[scratch])
    case .sum(let x, let y, let outer, let count, let inner, let accumulate):
      unsafe Kernels.sum(
        bases[x], outer: outer, count: count, inner: inner, bases[y], accumulate: accumulate)
    case .sumProducts(let a, let b, let y, let outer, let count, let inner, let accumulate):
      unsafe Kernels.sumProducts(
        bases[a], bases[b], outer: outer, count: count, inner: inner, bases[y],
        accumulate: accumulate)
    case .maximum(let x, let y, let outer, let count, let inner):
      unsafe Kernels.maximum(bases[x], outer: outer, count: count, inner: inner, bases[y])
    case .read(let from, let to, let strides, let shape):
      unsafe readStrided(bases[from], strides: strides, shape: shape, bases[to])
    case .write(let from, let to, let strides, let shape):
      unsafe writeStrided(bases[from], strides: strides, shape: shape, bases[to])
    case .zero(let y, let count): unsafe fill(bases[y], 0, count: count)
    case .gather(let x, let indices, let y, let rowLength, let count, let rows):
      unsafe gatherRows(
        bases[x], rowLength: rowLength, bases[indices], count: count, rows: rows, bases[y])
    case .scatterAdd(let x, let indices, let y, let rowLength, let count, let rows):
      unsafe fill(bases[y], 0, count: rows * rowLength)
      unsafe scatterAddRows(
        bases[x], rowLength: rowLength, bases[indices], count: count, rows: rows, bases[y])
    case .constants(let y, let values):
      let to = unsafe bases[y]
      for (index, value) in values.enumerated() { unsafe to[index] = value }
    }
  }
}
