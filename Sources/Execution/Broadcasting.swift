import Graph

/// How a broadcast operand's elements follow those of the result, both flattened.
enum Broadcasting: Equatable {
  case full
  /// Element i is element i mod `period`.
  case periodic(Int)
  /// Element i is element i / `run`.
  case repeated(Int)
  /// Element i is element (i / `run`) · `period` + i mod `period`: axes on both sides of those that
  /// are stretched.
  case between(period: Int, run: Int)
  /// Anything else: read with strides.
  case strided([Int])

  init(of operand: Shape, in result: Shape) {
    let lengths = result.dims
    let own = [Int](repeating: 1, count: max(0, lengths.count - operand.rank)) + operand.dims
    if operand.count == result.count {
      self = .full
    } else if let first = own.firstIndex(where: { $0 != 1 }) {
      let last = own.lastIndex { $0 != 1 } ?? first
      if own[first...] == lengths[first...] {
        self = .periodic(operand.count)
      } else if own[...last] == lengths[...last] {
        self = .repeated(lengths[(last + 1)...].reduce(1, *))
      } else if let between = Broadcasting.between(own, lengths) {
        self = between
      } else {
        self = .strided(Broadcasting.strides(own, lengths))
      }
    } else {
      self = .periodic(1)
    }
  }

  private static func between(_ own: [Int], _ lengths: [Int]) -> Broadcasting? {
    let same = own.indices.filter { own[$0] == lengths[$0] }
    guard let first = own.indices.first(where: { own[$0] != lengths[$0] }),
      let last = own.indices.last(where: { own[$0] != lengths[$0] }),
      same == Array(0 ..< first) + Array(last + 1 ..< own.count)
    else { return nil }
    return .between(
      period: lengths[(last + 1)...].reduce(1, *), run: lengths[first...].reduce(1, *))
  }

  /// Row-major strides of `own`, 0 along what is broadcast.
  static func strides(_ own: [Int], _ lengths: [Int]) -> [Int] {
    var strides = [Int](repeating: 0, count: own.count)
    var step = 1
    for axis in own.indices.reversed() {
      strides[axis] = own[axis] == 1 ? 0 : step
      step *= own[axis]
    }
    return strides
  }
}
