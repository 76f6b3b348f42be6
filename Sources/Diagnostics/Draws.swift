import Core
import Platform

/// A sample as the caller gives it: rows [n, …], or draws of chains [chains, n, d], which count as
/// chains · n rows.
struct Draws {
  let chains: Int
  /// Of one chain.
  let length: Int
  let columns: Int
  private let tensor: TensorView
  private let argument: String
  private let isOfChains: Bool

  /// `canBeChains`: whether three axes mean chains, and more are refused.
  init(_ tensor: TensorView, _ argument: String, canBeChains: Bool = false) throws {
    (self.tensor, self.argument) = (tensor, argument)
    isOfChains = canBeChains && tensor.shape.count == 3
    chains = isOfChains ? tensor.shape[0] : 1
    length = isOfChains ? tensor.shape[1] : tensor.rows
    columns = isOfChains ? tensor.shape[2] : tensor.rowCount
    let axes = tensor.shape.count
    guard axes >= 2, !canBeChains || axes <= 3, columns >= 1, chains * length >= 2 else {
      let wanted = canBeChains ? "[n, d] or [chains, n, d]" : "[n, ...]"
      throw SteinError(
        .badShape, "\(argument) has shape \(tensor.shape); it needs \(wanted), two rows or more",
        argument: argument)
    }
  }

  var rows: Int { chains * length }

  /// Copies every row to those of `blocks` from `first` on; what is not finite is an error with its
  /// place.
  func copy(into blocks: RowBlocks, from first: Int, memory: Memory, monitor: any Monitor) throws {
    let row = try Storage<Double>(memory, count: columns)
    let step = max(1, (1 << 16) / columns)
    for r in 0 ..< rows {
      if r % step == 0 { try monitor.poll() }
      if isOfChains {
        tensor.line(r / length, r % length).readRow(0, into: row.view)
      } else {
        tensor.readRow(r, into: row.view)
      }
      for c in 0 ..< columns {
        guard row.view[c].isFinite else {
          throw SteinError(
            .notFinite, "row \(r), column \(c) of \(argument) is \(row.view[c])",
            argument: argument)
        }
        blocks[first + r, c] = row.view[c]
      }
    }
  }
}
