package import Core
package import Platform

/// Lines of a density that are asked for together, two places of each a round.
struct LineChecks {
  private let density: any LogDensity
  private let x: View<Double>
  private let logDensity: View<Double>
  private let score: View<Double>
  let limit: Int

  init(_ density: any LogDensity, limit: Int, memory: Memory) throws {
    (self.density, self.limit) = (density, limit)
    x = try Storage<Double>(memory, count: 2 * limit * density.dimension).view
    logDensity = try Storage<Double>(memory, count: 2 * limit).view
    score = try Storage<Double>(memory, count: 2 * limit * density.dimension).view
  }

  /// `fill` writes x + h v of line `index` for h.
  func run(
    _ lines: inout [LineCheck], monitor: any Monitor,
    fill: (_ index: Int, _ h: Double, View<Double>) -> Void
  ) throws {
    let d = density.dimension
    var active = Array(lines.indices.prefix(limit))
    while !active.isEmpty {
      for (place, index) in active.enumerated() {
        fill(index, lines[index].step, x.slice(2 * place * d, d))
        fill(index, -lines[index].step, x.slice((2 * place + 1) * d, d))
      }
      let count = 2 * active.count
      try monitor.poll()
      try density.evaluate(
        count: count, x: x.slice(0, count * d), logDensity: logDensity.slice(0, count),
        score: score.slice(0, count * d))
      var going: [Int] = []
      for (place, index) in active.enumerated() {
        if lines[index].absorb(logDensity[2 * place], logDensity[2 * place + 1]) {
          going.append(index)
        }
      }
      active = going
    }
  }
}

/// A density's score against central differences of its log density, coordinate by coordinate.
package struct DensityCheck {
  private let density: any LogDensity
  private let memory: Memory
  private static let drawnPoints = 4

  package init(_ density: any LogDensity, memory: Memory) {
    (self.density, self.memory) = (density, memory)
  }

  /// Fills out [d, 3]: the largest relative error of a coordinate, the score there and the
  /// difference there; and `places` [d, d].
  ///
  /// `points`: [n, d]; nil: as chains begin.
  package func run(
    points: TensorView?, out: View<Double>, places: View<Double>?, monitor: any Monitor
  ) throws {
    let d = density.dimension
    let n = points?.rows ?? DensityCheck.drawnPoints
    let (x, logDensity) = (
      try Storage<Double>(memory, count: n * d).view, try Storage<Double>(memory, count: n).view
    )
    let score = try Storage<Double>(memory, count: n * d).view
    if let points {
      for row in 0 ..< n { try StartPlaces.read(points, row, into: x.slice(row * d, d), "points") }
    } else {
      for row in 0 ..< n {
        StartPlaces.draw(seed: 0, chain: row, attempt: 0, into: x.slice(row * d, d))
      }
    }
    monitor.begin(steps: n)
    try monitor.poll()
    try density.evaluate(count: n, x: x, logDensity: logDensity, score: score)
    if points == nil {
      try redraw(x, logDensity, score, monitor)
      for round in 0 ..< 3 { try approach(round, x, logDensity, score, monitor) }
    }
    try check(x, logDensity, score, out, places, monitor)
  }

  /// Other places for those where the density is not finite.
  private func redraw(
    _ x: View<Double>, _ logDensity: View<Double>, _ score: View<Double>, _ monitor: any Monitor
  ) throws {
    let d = density.dimension
    for row in 0 ..< logDensity.count {
      for attempt in 1 ... StartPlaces.attempts {
        if StartPlaces.isFinite(logDensity[row], score.slice(row * d, d)) { break }
        try monitor.poll()
        StartPlaces.draw(seed: 0, chain: row, attempt: attempt, into: x.slice(row * d, d))
        try density.evaluate(
          count: 1, x: x.slice(row * d, d), logDensity: logDensity.slice(row, 1),
          score: score.slice(row * d, d))
      }
    }
  }

  /// Moves drawn points nearer to the mass, where a log density is not so large that a coordinate's
  /// part is lost in it: a Newton step by the diagonal that places and scores give, and as far
  /// again at random.
  private func approach(
    _ round: Int, _ x: View<Double>, _ logDensity: View<Double>, _ score: View<Double>,
    _ monitor: any Monitor
  ) throws {
    let (d, n) = (density.dimension, logDensity.count)
    let (y, value) = (
      try Storage<Double>(memory, count: n * d).view, try Storage<Double>(memory, count: n).view
    )
    let slope = try Storage<Double>(memory, count: n * d).view
    func deviation(_ v: View<Double>, _ j: Int) -> Double {
      let mean = (0 ..< n).reduce(0) { $0 + v[$1 * d + j] } / Double(n)
      return (0 ..< n).reduce(0) { $0 + (v[$1 * d + j] - mean) * (v[$1 * d + j] - mean) }
        .squareRoot()
    }
    y.copy(x)
    for j in 0 ..< d {
      guard let variance = Metric.secant(deviation(x, j), deviation(score, j)) else { continue }
      for row in 0 ..< n {
        var random = ChainRandom(seed: UInt64(j), chain: row, transition: -1 - round)
        let place = row * d + j
        y[place] = x[place] + variance * score[place] + variance.squareRoot() * random.normal()
      }
    }
    try monitor.poll()
    try density.evaluate(count: n, x: y, logDensity: value, score: slope)
    for row in 0 ..< n {
      let part = slope.slice(row * d, d)
      guard StartPlaces.isFinite(value[row], part), value[row] > logDensity[row] else { continue }
      logDensity[row] = value[row]
      score.slice(row * d, d).copy(part)
      x.slice(row * d, d).copy(y.slice(row * d, d))
    }
  }

  private func check(
    _ x: View<Double>, _ logDensity: View<Double>, _ score: View<Double>, _ out: View<Double>,
    _ places: View<Double>?, _ monitor: any Monitor
  ) throws {
    let (d, n) = (density.dimension, logDensity.count)
    let checks = try LineChecks(density, limit: min(d, 64), memory: memory)
    out.fill(.nan)
    places?.fill(.nan)
    var judged = 0
    for row in 0 ..< n {
      let (place, slopes) = (x.slice(row * d, d), score.slice(row * d, d))
      if StartPlaces.isFinite(logDensity[row], slopes) {
        judged += 1
        for first in stride(from: 0, to: d, by: checks.limit) {
          let columns = first ..< min(first + checks.limit, d)
          var lines = columns.map { j -> LineCheck in
            let scale = slopes[j] != 0 ? 1 / abs(slopes[j]) : max(abs(place[j]), 1)
            return LineCheck(
              value: logDensity[row], slope: slopes[j], step: min(max(scale, 1e-280), 1e280),
              isBrief: false)
          }
          try checks.run(&lines, monitor: monitor) { index, h, point in
            point.copy(place)
            point[first + index] += h
          }
          for (index, line) in lines.enumerated() {
            let j = first + index
            guard let error = line.error, let difference = line.difference,
              !(error <= out[3 * j])
            else { continue }
            (out[3 * j], out[3 * j + 1], out[3 * j + 2]) = (error, line.slope, difference)
            places?.slice(j * d, d).copy(place)
          }
        }
      }
      monitor.report(step: row + 1)
    }
    guard judged > 0 else {
      throw SteinError(
        .badValue,
        "the density is not finite at any of the \(n) points: give points where it is",
        argument: "points")
    }
  }
}
