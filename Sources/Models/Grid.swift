import Graph

/// How the numbers of a row lie on a grid, channels last; a signal has height 1.
struct Grid: Sendable {
  let height: Int
  let width: Int
  let channels: Int
  /// For each number of the grid the column of u, or how many these are where it is constant; nil
  /// where every one varies.
  private let columns: [Int]?
  /// Where u's columns stand.
  private let active: [Int]

  /// Nil where a row of this shape lies on no grid with so many axes.
  ///
  /// `shape`: of one row. `axes`: 1 for signals, 2 for pictures. `active`: what varies, in order.
  init?(shape: [Int], axes: Int, active: [Int]) {
    switch (shape.count, axes) {
    case (1, 1): (height, width, channels) = (1, shape[0], 1)
    case (2, 1): (height, width, channels) = (1, shape[0], shape[1])
    case (2, 2): (height, width, channels) = (shape[0], shape[1], 1)
    case (3, 2): (height, width, channels) = (shape[0], shape[1], shape[2])
    default: return nil
    }
    self.active = active
    let count = shape.reduce(1, *)
    guard active.count < count else {
      columns = nil
      return
    }
    var places = [Int](repeating: active.count, count: count)
    for (column, place) in active.enumerated() { places[place] = column }
    columns = places
  }

  /// A length along each axis; 1 along one that is not there.
  func lengths(_ length: Int) -> Window.Lengths {
    Window.Lengths(height > 1 ? length : 1, width > 1 ? length : 1)
  }

  /// Times that the grid can be halved before it has one place.
  var halvings: Int {
    var (side, count) = (max(height, width), 0)
    while side > 1 { (side, count) = ((side + 1) / 2, count + 1) }
    return count
  }

  /// u [R, D] as [R, h, w, C], with 0 where nothing varies.
  func placed(_ graph: inout Graph, _ u: Node) -> Node {
    let rows = graph.shape(of: u)[0]
    let whole: Shape = [rows, height, width, channels]
    guard let columns else { return graph.reshape(u, whole) }
    let padded = graph.pad(u, starts: [0, 0], shape: [rows, active.count + 1])
    return graph.reshape(chosen(&graph, padded, columns), whole)
  }

  /// The numbers that vary of x [R, h, w, C]: [R, D].
  func taken(_ graph: inout Graph, _ x: Node) -> Node {
    let rows = graph.shape(of: x)[0]
    let flat = graph.reshape(x, [rows, height * width * channels])
    return columns == nil ? flat : chosen(&graph, flat, active)
  }

  private func chosen(_ graph: inout Graph, _ x: Node, _ columns: [Int]) -> Node {
    let indices = graph.literal(Literal(shape: [columns.count], values: columns.map(Double.init)))
    return graph.transpose(graph.gather(graph.transpose(x, [1, 0]), indices: indices), [1, 0])
  }
}
