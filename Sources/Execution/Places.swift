import Graph

/// Memory that is taken while a plan is lowered, as if there were no end of it: no address is used
/// twice.
struct Stretch: Hashable {
  /// The address.
  let start: Int
  let count: Int
}

/// What one group takes of a frame.
struct GroupMemory {
  /// In the order in which it is taken.
  var taken: [Stretch] = []
  /// Those of them that only the group itself needs.
  var temporaries: [Stretch] = []
}

/// Places in a frame for all stretches: where a value's last use is over, another takes its place.
struct Places {
  /// Floats of the frame.
  let count: Int
  /// Addresses, rising.
  private let starts: [Int]
  /// The place of each.
  private let offsets: [Int]

  /// Takes and gives back memory group by group.
  ///
  /// `inputs`: stretches that are never given back. `deaths`: what is given back after each group.
  init(inputs: [Stretch], _ groups: [GroupMemory], deaths: [[Stretch]]) {
    var arena = Arena()
    var places: [(start: Int, offset: Int)] = []
    var offsets: [Stretch: Int] = [:]
    func take(_ stretch: Stretch) {
      let offset = arena.take(stretch.count)
      offsets[stretch] = offset
      places.append((stretch.start, offset))
    }
    inputs.forEach(take)
    for (group, dead) in zip(groups, deaths) {
      group.taken.forEach(take)
      for stretch in group.temporaries + dead {
        if let offset = offsets[stretch] { arena.leave(offset, stretch.count) }
      }
    }
    count = arena.count
    (starts, self.offsets) = (places.map(\.start), places.map(\.offset))
  }

  /// The place of an address in a frame; other slots stay.
  func callAsFunction(_ slot: Slot) -> Slot {
    guard slot.space == .frame, !starts.isEmpty else { return slot }
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= slot.offset { low = middle } else { high = middle }
    }
    return Slot(.frame, offsets[low] + slot.offset - starts[low])
  }
}
