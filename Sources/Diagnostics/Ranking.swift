import Platform

/// Orders numbers by the digits of their bits, 11 at a time from the last: stable, and in time that
/// is linear in their number.
struct Ranking {
  private let keys: View<UInt64>
  private let otherKeys: View<UInt64>
  private let places: View<Int32>
  private let otherPlaces: View<Int32>
  private let counts: View<Int32>
  private static let digits = 11

  /// `limit`: the most numbers that will be ordered.
  init(limit: Int, memory: Memory) throws {
    keys = try Storage<UInt64>(memory, count: limit).view
    otherKeys = try Storage<UInt64>(memory, count: limit).view
    places = try Storage<Int32>(memory, count: limit).view
    otherPlaces = try Storage<Int32>(memory, count: limit).view
    counts = try Storage<Int32>(memory, count: 1 << Ranking.digits).view
  }

  /// The places of `values`, the smallest first; none is NaN.
  func order(_ values: [Double]) -> View<Int32> {
    let n = values.count
    for (index, value) in values.enumerated() {
      // −0 is 0; negative numbers come before, their bits inverted.
      let bits = (value + 0.0).bitPattern
      keys[index] = bits >> 63 == 1 ? ~bits : bits | 1 << 63
      places[index] = Int32(truncatingIfNeeded: index)
    }
    var (from, to) = ((keys, places), (otherKeys, otherPlaces))
    let mask = UInt64(1 << Ranking.digits - 1)
    for shift in stride(from: UInt64(0), to: 64, by: Ranking.digits) {
      counts.fill(0)
      for i in 0 ..< n { counts[Int(from.0[i] >> shift & mask)] += 1 }
      // All alike: nothing to move.
      if n > 0, Int(counts[Int(from.0[0] >> shift & mask)]) == n { continue }
      var sum: Int32 = 0
      for digit in 0 ... Int(mask) {
        let count = counts[digit]
        counts[digit] = sum
        sum += count
      }
      for i in 0 ..< n {
        let digit = Int(from.0[i] >> shift & mask)
        let target = Int(counts[digit])
        counts[digit] += 1
        to.0[target] = from.0[i]
        to.1[target] = from.1[i]
      }
      swap(&from, &to)
    }
    return from.1
  }
}
