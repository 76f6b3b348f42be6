import Graph
import Kernels

// A program as text and as a drawing, for people.

extension Program {
  /// What is computed once for all shards, then the steps of a shard: what each reads and writes,
  /// and what it is.
  ///
  ///     3 product 64x512x512: frame[4096], shared[16] -> frame[36880], 1179648 bytes
  package var text: String {
    let head = "\(sharedCount) floats shared, \(frameCount) a frame, \(sums.count) of totals"
    return ([head, "once:"] + lines(shared) + ["each shard:"] + lines(steps)).joined(
      separator: "\n")
  }

  private func lines(_ steps: [Step]) -> [String] {
    steps.enumerated().map { number, step in
      let access = step.access
      func list(_ extents: [Extent]) -> String {
        extents.map(\.slot.description).joined(separator: ", ")
      }
      return
        "  \(number) \(step.name) \(step.sizes): \(list(access.reads)) -> \(list(access.writes)), \(access.bytes) bytes"
    }
  }

  /// The steps as a drawing in the language of Graphviz's `dot`: an arrow leads from the step that
  /// wrote a value to each that reads it.
  package var dot: String {
    var (boxes, arrows) = ([String](), [String]())
    var writers: [(extent: Extent, step: String)] = []
    for (prefix, steps) in [("once", shared), ("step", steps)] {
      for (number, step) in steps.enumerated() {
        let (name, access) = ("\(prefix)\(number)", step.access)
        boxes.append("  \(name) [label=\"\(number) \(step.name)\\n\(step.sizes)\"];")
        for read in access.reads {
          let source = writers.last { $0.extent.overlaps(read) }?.step
          if let source { arrows.append("  \(source) -> \(name);") }
        }
        writers += access.writes.map { ($0, name) }
      }
    }
    return DotText.graph(boxes + arrows)
  }
}

extension Extent {
  func overlaps(_ other: Extent) -> Bool {
    slot.space == other.slot.space && range.overlaps(other.range)
  }
}

extension Slot {
  /// "frame[4096]".
  var description: String {
    switch space {
    case .frame: "frame[\(offset)]"
    case .shared: "shared[\(offset)]"
    case .parameters: "parameters[\(offset)]"
    case .sums: "sums[\(offset)]"
    }
  }
}

extension Step {
  /// The operation's name.
  var name: String {
    switch self {
    case .fusedLoop: "elementwise"
    case .product: "product"
    case .narrowProduct: "narrow product"
    case .toBFloat16: "bfloat16"
    case .transpose: "transpose"
    case .panels: "panels"
    case .convolution: "convolution"
    case .convolutionWeightGradient: "convolution gradient"
    case .flip: "flip"
    case .inverse: "inverse"
    case .logDeterminant: "log determinant"
    case .sum: "sum"
    case .sumProducts: "sum of products"
    case .maximum: "maximum"
    case .read: "strided read"
    case .write: "strided write"
    case .zero: "zero"
    case .gather: "gather"
    case .scatterAdd: "scatter add"
    case .constants: "constants"
    }
  }

  /// How large it is, and for elementwise steps what they do.
  var sizes: String {
    switch self {
    case .fusedLoop(let loop, _): loop.description
    case .product(let product):
      (product.batches.count > 1 ? "\(product.batches.count) of " : "")
        + product.multiply.description
    case .narrowProduct(_, _, _, let rows, let columns, let inner): "\(rows)x\(columns)x\(inner)"
    case .toBFloat16(_, _, let rows, let columns, let form, _): "\(rows)x\(columns) \(form)"
    case .transpose(_, _, let batches, let rows, let columns):
      (batches > 1 ? "\(batches) of " : "") + "\(rows)x\(columns)"
    case .panels(_, _, let rows, let columns, let transposed):
      "\(rows)x\(columns)" + (transposed ? " transposed" : "")
    case .convolution(let convolution, _, _, _, _): convolution.description
    case .convolutionWeightGradient(let product, _, _, _, _, _): product.description
    case .flip(_, _, let taps, let channels, let filters): "\(taps)x\(channels)x\(filters)"
    case .inverse(let matrices, _, _, _), .logDeterminant(let matrices, _, _, _):
      matrices.description
    case .sum(_, _, let outer, let count, let inner, _),
      .sumProducts(_, _, _, let outer, let count, let inner, _),
      .maximum(_, _, let outer, let count, let inner):
      "\(outer)x\(count)x\(inner)"
    case .read(_, _, _, let shape), .write(_, _, _, let shape):
      shape.map(String.init).joined(separator: "x")
    case .zero(_, let count): "\(count)"
    case .gather(_, _, _, let rowLength, let count, _),
      .scatterAdd(_, _, _, let rowLength, let count, _):
      "\(count)x\(rowLength)"
    case .constants(_, let values): "\(values.count)"
    }
  }
}

extension FusedLoop {
  /// "131072 in tiles of 1024: silu, multiply".
  var description: String {
    let names = instructions.map { instruction in
      switch instruction.operation {
      case .unary(let kernel): "\(kernel)"
      case .binary(let kernel): "\(kernel)"
      case .select: "select"
      case .copy: "copy"
      case .multiplyAdd: "multiply-add"
      case .silu: instruction.secondTarget == nil ? "silu" : "silu with slope"
      }
    }
    return "\(count) in tiles of \(tile): \(names.joined(separator: ", "))"
  }
}
