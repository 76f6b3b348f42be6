import Platform

/// Runs a program's steps one by one with a look at the clock.
struct TracedSteps: Sendable {
  private let trace: Trace
  private let heads: [Trace.Head]

  /// `category`: "shard" for what each shard does, "once" for what is done when the parameters changed.
  ///
  /// `share`: the part of their bytes that a run moves.
  init(_ trace: Trace, _ steps: [Step], _ category: String, share: Double = 1) {
    self.trace = trace
    heads = steps.enumerated().map { number, step in
      let bytes = Int(Double(step.access.bytes) * share)
      let details = "\"step\":\(number),\"size\":\"\(step.sizes)\",\"bytes\":\(bytes)"
      return Trace.head(step.name, category, details)
    }
  }

  /// Runs all `steps`, those that it was made of.
  func run(_ steps: [Step], _ run: (Step) -> Void) {
    var times = [Trace.now()]
    times.reserveCapacity(steps.count + 1)
    for step in steps {
      run(step)
      times.append(Trace.now())
    }
    var text: [UInt8] = []
    text.reserveCapacity(256 * steps.count)
    let thread = trace.thread
    for (index, head) in heads.enumerated() where index + 1 < times.count {
      head.write(times[index], times[index + 1], thread, to: &text)
    }
    if !text.isEmpty { trace.append(text) }
  }
}
