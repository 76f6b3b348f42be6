import Core
import Kernels
import Platform

/// Places spread over the rows of the data: k-means++ and a few rounds of Lloyd's algorithm, on as
/// many rows as take a fraction of a second.
///
/// Arthur & Vassilvitskii (2007), "k-means++: The Advantages of Careful Seeding".
func centres(
  of rows: TrainingRows, dimension d: Int, count: Int, seed: UInt64, memory: Memory,
  into centres: View<Float>
) throws {
  let affordable = 50_000_000 / max(count * d, 1)
  let n = min(rows.count, max(min(20_000, affordable), count))
  let step = Double(rows.count) / Double(n)
  // Very many are taken evenly: spreading them would cost more than it gives.
  guard Double(count) * Double(n) * Double(d) <= 2e8 else {
    for k in 0 ..< count {
      let row = Int(Double(k) * Double(rows.count) / Double(count))
      centres.slice(k * d, d).copy(rows.values.slice(row * d, d))
    }
    return
  }
  func row(_ index: Int) -> View<Float> { rows.values.slice(Int(Double(index) * step) * d, d) }
  func distance(_ a: View<Float>, _ b: View<Float>) -> Double {
    var sum = 0.0
    for j in 0 ..< d {
      let difference = Double(a[j] - b[j])
      sum += difference * difference
    }
    return sum
  }
  func centre(_ k: Int) -> View<Float> { centres.slice(k * d, d) }
  func uniform(_ k: Int) -> Double {
    let words = RandomSource(seed: seed, stream: Stream.centres, step: 0).words(block: UInt32(k))
    return (Double(words[0]) + 0.5) * 0x1p-32
  }
  let nearest = try Storage<Double>(memory, count: n).view
  nearest.fill(.infinity)
  centre(0).copy(row(min(Int(uniform(0) * Double(n)), n - 1)))
  for k in 1 ..< max(count, 1) {
    var total = 0.0
    for i in 0 ..< n {
      nearest[i] = min(nearest[i], distance(row(i), centre(k - 1)))
      total += nearest[i]
    }
    var rest = uniform(k) * total
    var chosen = n - 1
    for i in 0 ..< n {
      rest -= nearest[i]
      if rest < 0 {
        chosen = i
        break
      }
    }
    centre(k).copy(row(chosen))
  }
  // Rounds are for a few centres of many rows; of nearly as many as rows each is its own.
  guard count * 4 <= n, Double(count) * Double(n) * Double(d) <= 2e7 else { return }
  let sums = try Storage<Double>(memory, count: count * d).view
  let members = try Storage<Int32>(memory, count: count).view
  for _ in 0 ..< 8 {
    sums.fill(0)
    members.fill(0)
    for i in 0 ..< n {
      let own = row(i)
      var (best, least) = (0, Double.infinity)
      for k in 0 ..< count {
        let far = distance(own, centre(k))
        if far < least { (best, least) = (k, far) }
      }
      members[best] += 1
      for j in 0 ..< d { sums[best * d + j] += Double(own[j]) }
    }
    for k in 0 ..< count where members[k] > 0 {
      for j in 0 ..< d { centres[k * d + j] = Float(sums[k * d + j] / Double(members[k])) }
    }
  }
}
