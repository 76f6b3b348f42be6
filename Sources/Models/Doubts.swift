extension ModelDescription {
  /// Shapes that are taken as they are and probably not meant: each a sentence with what to write
  /// instead.
  func doubts(rows: Int, axesGiven: Bool) -> [String] {
    let own = Array(shape.dropFirst())
    if own.count == 1, rows <= 8, own[0] >= 16 * rows {
      return [
        "there are \(rows) rows of \(own[0]) columns; rows come first, so if these are \(own[0]) rows of \(rows) columns give them transposed"
      ]
    }
    guard family.isOnGrid else { return [] }
    // So few channels stand beside lengths that a grid may have.
    func isChannels(_ length: Int) -> Bool { length <= 4 }
    func isLength(_ length: Int) -> Bool { length >= 8 }
    switch own.count {
    case 3 where isChannels(own[0]) && isLength(own[1]) && !isChannels(own[2]):
      return [
        "rows \(own) are read as [height, width, channels], pictures of \(own[0]) by \(own[1]) in \(own[2]) channels; if channels come first move them to the end: in NumPy x.transpose(0, 2, 3, 1)"
      ]
    case 2 where isChannels(own[0]) && isLength(own[1]):
      return [
        "rows \(own) are read as \(network.spatialAxes == 2 ? "[height, width]" : "[length, channels]"); if they are signals of \(own[1]) points in \(own[0]) channels give them as [n, \(own[1]), \(own[0])] with spatial_axes=1: in NumPy x.transpose(0, 2, 1)"
      ]
    case 2 where !axesGiven && isLength(own[0]) && isChannels(own[1]):
      return [
        "rows \(own) are read as pictures of \(own[0]) by \(own[1]); if they are signals of \(own[0]) points in \(own[1]) channels say spatial_axes=1, and if not spatial_axes=2"
      ]
    default: return []
    }
  }
}
