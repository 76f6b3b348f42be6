/// Where a value stands: an offset, in elements, into one of the stretches that a step works on.
package struct Slot: Hashable, Sendable {
  package enum Space: Sendable {
    /// A worker's own values, for one shard of rows.
    case frame
    /// Values that depend on the parameters alone, the same for every shard.
    case shared
    case parameters
    /// Totals over shards.
    case sums
  }

  let space: Space
  let offset: Int

  package init(_ space: Space, _ offset: Int) {
    self.space = space
    self.offset = offset
  }

  func advanced(by count: Int) -> Slot { Slot(space, offset + count) }
}

/// The memory behind each space while steps run.
@unsafe
struct Bases {
  let frame: UnsafeMutablePointer<Float>
  let shared: UnsafeMutablePointer<Float>
  let parameters: UnsafeMutablePointer<Float>
  let sums: UnsafeMutablePointer<Float>

  @inline(__always)
  subscript(slot: Slot) -> UnsafeMutablePointer<Float> {
    switch slot.space {
    case .frame: unsafe frame + slot.offset
    case .shared: unsafe shared + slot.offset
    case .parameters: unsafe parameters + slot.offset
    case .sums: unsafe sums + slot.offset
    }
  }
}

/// Elements that a value of `count` takes: whole vectors of 16, and one more that a loop may run
/// into.
func paddedCount(_ count: Int) -> Int { (count + 15) / 16 * 16 + 16 }
