import Kernels

extension Step {
  /// The same step with its values elsewhere.
  func moved(_ place: (Slot) -> Slot) -> Step {
    switch self {
    case .fusedLoop(let loop, let scratch):
      .fusedLoop(loop.moved(place), scratch: place(scratch))
    case .product(let product):
      .product(
        Product(
          multiply: product.multiply, a: place(product.a), b: place(product.b),
          c: place(product.c), batches: product.batches))
    case .narrowProduct(let a, let b, let c, let rows, let columns, let inner):
      .narrowProduct(place(a), place(b), place(c), rows: rows, columns: columns, inner: inner)
    case .toBFloat16(let x, let y, let rows, let columns, let form, let scratch):
      .toBFloat16(place(x), place(y), rows: rows, columns: columns, form, scratch: place(scratch))
    case .transpose(let x, let y, let batches, let rows, let columns):
      .transpose(place(x), place(y), batches: batches, rows: rows, columns: columns)
    case .panels(let x, let y, let rows, let columns, let transposed):
      .panels(place(x), place(y), rows: rows, columns: columns, transposed: transposed)
    case .convolution(let convolution, let x, let kernel, let y, let scratch):
      .convolution(convolution, place(x), place(kernel), place(y), scratch: place(scratch))
    case .convolutionWeightGradient(let product, let x, let y, let to, let scratch, let accumulate):
      .convolutionWeightGradient(
        product, place(x), place(y), place(to), scratch: place(scratch), accumulate: accumulate)
    case .flip(let x, let y, let taps, let channels, let filters):
      .flip(place(x), place(y), taps: taps, channels: channels, filters: filters)
    case .inverse(let matrices, let x, let y, let scratch):
      .inverse(matrices, place(x), place(y), scratch: place(scratch))
    case .logDeterminant(let matrices, let x, let y, let scratch):
      .logDeterminant(matrices, place(x), place(y), scratch: place(scratch))
    case .sum(let x, let y, let outer, let count, let inner, let accumulate):
      .sum(place(x), place(y), outer: outer, count: count, inner: inner, accumulate: accumulate)
    case .sumProducts(let a, let b, let y, let outer, let count, let inner, let accumulate):
      .sumProducts(
        place(a), place(b), place(y), outer: outer, count: count, inner: inner,
        accumulate: accumulate)
    case .maximum(let x, let y, let outer, let count, let inner):
      .maximum(place(x), place(y), outer: outer, count: count, inner: inner)
    case .read(let from, let to, let strides, let shape):
      .read(from: place(from), place(to), strides: strides, shape: shape)
    case .write(let from, let to, let strides, let shape):
      .write(from: place(from), place(to), strides: strides, shape: shape)
    case .zero(let y, let count): .zero(place(y), count: count)
    case .gather(let x, let indices, let y, let rowLength, let count, let rows):
      .gather(
        place(x), indices: place(indices), place(y), rowLength: rowLength, count: count, rows: rows)
    case .scatterAdd(let x, let indices, let y, let rowLength, let count, let rows):
      .scatterAdd(
        place(x), indices: place(indices), place(y), rowLength: rowLength, count: count, rows: rows)
    case .constants(let y, let values): .constants(place(y), values)
    }
  }
}

extension FusedLoop {
  fileprivate func moved(_ place: (Slot) -> Slot) -> FusedLoop {
    FusedLoop(
      count: count, tile: tile, instructions: instructions.map { $0.moved(place) },
      expansions: expansions.map {
        Expansion(source: $0.source.moved(place), tile: $0.tile, once: $0.once)
      }, tiles: tiles)
  }
}

extension FusedLoop.Instruction {
  fileprivate func moved(_ place: (Slot) -> Slot) -> FusedLoop.Instruction {
    FusedLoop.Instruction(
      operation: operation, operands: operands.map { $0.moved(place) },
      target: target.moved(place), secondTarget: secondTarget?.moved(place))
  }
}

extension FusedLoop.Operand {
  fileprivate func moved(_ place: (Slot) -> Slot) -> FusedLoop.Operand {
    switch self {
    case .immediate, .tile: self
    case .value(let slot): .value(place(slot))
    case .wrapped(let slot, let period): .wrapped(place(slot), period: period)
    }
  }
}

extension FusedLoop.Target {
  fileprivate func moved(_ place: (Slot) -> Slot) -> FusedLoop.Target {
    switch self {
    case .value(let slot): .value(place(slot))
    case .tile: self
    }
  }
}

extension FusedLoop.Source {
  fileprivate func moved(_ place: (Slot) -> Slot) -> FusedLoop.Source {
    switch self {
    case .immediate: self
    case .periodic(let slot, let period): .periodic(place(slot), period: period)
    case .repeated(let slot, let run): .repeated(place(slot), run: run)
    case .between(let slot, let period, let run):
      .between(place(slot), period: period, run: run)
    }
  }
}
