/// Offsets for values that live for a while: a value takes the smallest hole that fits, and leaves
/// it after its last use.
struct Arena {
  /// The most that was ever in use.
  private(set) var count = 0
  private var holes: [(offset: Int, count: Int)] = []

  mutating func take(_ wanted: Int) -> Int {
    var best: Int?
    for (index, hole) in holes.enumerated() where hole.count >= wanted {
      if let known = best, holes[known].count <= hole.count { continue }
      best = index
    }
    if let best {
      let hole = holes[best]
      if hole.count == wanted {
        holes.remove(at: best)
      } else {
        holes[best] = (hole.offset + wanted, hole.count - wanted)
      }
      return hole.offset
    }
    return extend(by: wanted)
  }

  /// Grows at the end, where a last hole helps.
  private mutating func extend(by wanted: Int) -> Int {
    var offset = count
    if let last = holes.last, last.offset + last.count == count {
      offset = last.offset
      holes.removeLast()
    }
    count = offset + wanted
    return offset
  }

  /// Gives back what `take` gave; neighbouring holes join.
  mutating func leave(_ offset: Int, _ wanted: Int) {
    let index = holes.firstIndex { $0.offset > offset } ?? holes.count
    holes.insert((offset, wanted), at: index)
    if index + 1 < holes.count, offset + wanted == holes[index + 1].offset {
      holes[index].count += holes[index + 1].count
      holes.remove(at: index + 1)
    }
    if index > 0, holes[index - 1].offset + holes[index - 1].count == offset {
      holes[index - 1].count += holes[index].count
      holes.remove(at: index)
    }
  }
}
