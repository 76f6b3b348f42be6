package import Core
import Platform

// A file of chains: where each is, what it adapted, what was counted, and how far all are. The
// density is the caller's, and given again.

extension Chains {
  private static let format = "stein-chains-1"

  package func save(path: String) throws {
    let table = try ChainsTable(self)
    table.read(self)
    let state = JSON.object([
      ("options", .string(options.text)), ("dimension", .integer(density.dimension)),
      ("start", .bool(hasStart)), ("progress", progress.json),
      (
        "counts",
        .array(
          counts.map { .array($0.integers.map(JSON.integer)) })
      ),
    ])
    let bytes = try Safetensors.serialize(
      metadata: [("format", Chains.format), ("chains", state.text)], table.entries, memory: memory)
    try saveFile(path, [bytes.view])
  }

  package static func resume(
    _ density: any LogDensity, context: Context, path: String
  ) throws -> Chains {
    let bytes = try loadFile(path, memory: context.memory)
    do {
      return try resume(density, context, SafetensorsArchive(bytes.view))
    } catch let error as SteinError where error.code == .badFile || error.code == .badOption {
      throw SteinError(.badFile, "'\(path)': \(error.message)", argument: "path")
    }
  }

  private static func bad(_ what: String) -> SteinError {
    SteinError(.badFile, "the file has no valid \(what) of chains", argument: "path")
  }

  private static func resume(
    _ density: any LogDensity, _ context: Context, _ archive: SafetensorsArchive
  ) throws -> Chains {
    guard archive.metadata["format"] == format else {
      throw SteinError(.badFile, "not chains of this library")
    }
    let state: JSON
    do throws(JSONError) {
      state = try JSON.parse(Array((archive.metadata["chains"] ?? "").utf8))
    } catch {
      throw SteinError(.badFile, "the chains' description: \(error.message)")
    }
    guard let text = state["options"]?.string, let hasStart = state["start"]?.bool,
      let d = state["dimension"]?.integer, d >= 1
    else { throw bad("description") }
    let options = try Options(text, .chains, isSaved: true)
    let counts = (state["counts"]?.array ?? []).map { $0.integers ?? [] }
    let made = try Chains(density, context: context, hasStart: hasStart, options: options) {
      count, dimension in
      guard archive.shape("place") == [count, d], counts.count == count else { throw bad("number") }
      guard d == dimension else {
        throw SteinError(
          .badValue,
          "the chains are of \(d) dimensions, the density of \(dimension): resume them with the density that they were on",
          argument: "density")
      }
    }
    made.progress = try ChainsProgress(state["progress"] ?? .null)
    for (index, integers) in counts.enumerated() {
      guard made.counts[index].take(integers) else { throw bad("counts") }
    }
    let table = try ChainsTable(made)
    for entry in table.entries {
      if case .float64(let view) = entry.values {
        guard archive.shape(entry.name) == entry.shape else { throw bad(entry.name) }
        try archive.read(entry.name, into: view)
        // Sums may have left the numbers; then they tell nothing, as they did in the chains.
        guard ChainsTable.finite.contains(entry.name) else { continue }
        for index in 0 ..< view.count where !view[index].isFinite { throw bad(entry.name) }
      }
    }
    guard table.write(made) else { throw bad("numbers") }
    made.isRestored = true
    return made
  }
}

/// The chains' numbers as tensors, a row each.
private struct ChainsTable {
  /// Name, shape of a chain's part, all chains' parts.
  private let tensors: [(name: String, shape: [Int], view: View<Double>)]
  private let count: Int
  /// Log density, transitions that the metric has seen, the step's adaptation [5], energies [5],
  /// the sum of acceptances.
  private static let numbers = 13

  private static let momentum = 2
  static let finite: Set<String> = ["place", "score", "momentum", "metric"]

  init(_ chains: Chains) throws {
    count = chains.chains.count
    let d = chains.density.dimension
    let metric = chains.chains.first?.metric.kind == .dense ? [d, d] : [d]
    let shapes: [(String, [Int])] = [
      ("place", [d]), ("score", [d]), ("momentum", [d]), ("metric", metric),
      ("metric.mean", [d]), ("metric.square", metric), ("metric.score_mean", [d]),
      ("metric.score_square", [d]), ("numbers", [ChainsTable.numbers]),
    ]
    let (memory, count) = (chains.memory, count)
    tensors = try shapes.map { name, shape in
      let storage = try Storage<Double>(memory, count: count * shape.reduce(1, *))
      return (name, shape, storage.view)
    }
  }

  var entries: [Safetensors.Entry] {
    tensors.map { .init(name: $0.name, shape: [count] + $0.shape, values: .float64($0.view)) }
  }

  private func row(_ tensor: Int, _ chain: Int) -> View<Double> {
    let size = tensors[tensor].view.count / count
    return tensors[tensor].view.slice(chain * size, size)
  }

  private func vectors(_ chain: Chain) -> [View<Double>] {
    let sums = chain.metric.sums
    return [
      chain.place, chain.score, chain.momentum, chain.metric.factor, sums.mean, sums.square,
      sums.scoreMean, sums.scoreSquare,
    ]
  }

  /// Takes the chains' numbers.
  func read(_ chains: Chains) {
    for (index, chain) in chains.chains.enumerated() {
      for (tensor, vector) in vectors(chain).enumerated() { row(tensor, index).copy(vector) }
      // The others draw theirs anew, and may have left the numbers with the last one.
      if chains.kernel != .underdamped { row(ChainsTable.momentum, index).fill(0) }
      let numbers =
        [chain.logDensity, Double(chain.metric.count)] + chain.adaptation.state
        + chains.counts[index].energies.state + [chains.counts[index].acceptance]
      for (place, number) in numbers.enumerated() { row(tensors.count - 1, index)[place] = number }
    }
  }

  /// Gives the chains their numbers; false if they are none of chains.
  func write(_ chains: Chains) -> Bool {
    for (index, chain) in chains.chains.enumerated() {
      for (tensor, vector) in vectors(chain).enumerated() { vector.copy(row(tensor, index)) }
      let numbers = (0 ..< ChainsTable.numbers).map { row(tensors.count - 1, index)[$0] }
      guard numbers[0].isFinite, let seen = Int(exactly: numbers[1]), seen >= 0,
        chain.metric.isPositive,
        chain.adaptation.take(Array(numbers[2 ..< 7])),
        let energies = EnergySums(state: Array(numbers[7 ..< 12]))
      else { return false }
      chain.settle(numbers[0], chain.score)
      chain.metric.count = seen
      chains.counts[index].energies = energies
      chains.counts[index].acceptance = numbers[12]
    }
    return true
  }
}

extension ChainsProgress {
  var json: JSON {
    var fields: [(String, JSON)] = [
      ("transitions", .integer(transitions)), ("settled", .bool(isSettled)),
      ("awaits_search", .bool(awaitsSearch)), ("metric_given", .bool(hasMetric)),
      ("stuck", .integer(stuck)),
    ]
    if let wrong = wrongGradient {
      fields.append(
        (
          "wrong_gradient",
          .array([
            .integer(wrong.count), .integer(wrong.chain), .number(wrong.told),
            .number(wrong.measured),
          ])
        ))
    }
    if let rHat {
      fields.append(
        ("rhat", .array([.number(rHat.value), .integer(rHat.coordinate), .integer(rHat.draws)])))
    }
    return .object(fields)
  }

  init(_ json: JSON) throws {
    func bad(_ key: String) -> SteinError {
      SteinError(.badFile, "the file has no valid '\(key)' of chains")
    }
    func integer(_ json: JSON?, _ key: String) throws -> Int {
      guard let value = json?.integer, value >= 0, value <= 1 << 60 else { throw bad(key) }
      return value
    }
    func flag(_ key: String) throws -> Bool {
      guard let value = json[key]?.bool else { throw bad(key) }
      return value
    }
    transitions = try integer(json["transitions"], "transitions")
    stuck = try integer(json["stuck"], "stuck")
    isSettled = try flag("settled")
    awaitsSearch = try flag("awaits_search")
    hasMetric = try flag("metric_given")
    if let wrong = json["wrong_gradient"]?.array {
      guard wrong.count == 4, let told = wrong[2].double, let measured = wrong[3].double else {
        throw bad("wrong_gradient")
      }
      wrongGradient = (
        try integer(wrong[0], "wrong_gradient"), try integer(wrong[1], "wrong_gradient"), told,
        measured
      )
    }
    if let figures = json["rhat"]?.array {
      guard figures.count == 3 else { throw bad("rhat") }
      // Infinity is written as null.
      rHat = (
        figures[0].double ?? .infinity, try integer(figures[1], "rhat"),
        try integer(figures[2], "rhat")
      )
    }
  }
}

extension ChainCounts {
  fileprivate var integers: [Int] { [draws, divergences, notFinite, deepest, saturated] }

  /// Takes what a file has; false if it is no such.
  fileprivate mutating func take(_ integers: [Int]) -> Bool {
    guard integers.count == 5, integers.allSatisfy({ $0 >= 0 && $0 <= 1 << 40 }) else {
      return false
    }
    (draws, divergences, notFinite) = (integers[0], integers[1], integers[2])
    (deepest, saturated) = (integers[3], integers[4])
    return true
  }
}
