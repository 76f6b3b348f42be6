import Graph

/// Follows a plan's steps through memory and finds the first that would go wrong.
///
/// Each step is known twice: as it was lowered, where no address is used twice and so an address
/// stands for a value, and in its place. Of every 16 floats of memory it is noted which address was
/// written there last. A step that reads must find there what it was lowered to read. That says at
/// once that a value is written before it is read, lives until its last use, and that no two values
/// that live lie in one place.
package struct PlanVerifier {
  /// One step: what it touches as it was lowered and in its place.
  package struct Entry: Sendable {
    let lowered: Access
    let placed: Access

    package init(lowered: Access, placed: Access) {
      (self.lowered, self.placed) = (lowered, placed)
    }
  }

  /// Floats of each space.
  private let sizes: [Slot.Space: Int]
  /// By space: the address, in blocks, that was last written into each block; nil: none, or
  /// scratch.
  private var contents: [Slot.Space: [Int?]]

  private static let block = 16

  /// All parameters are there from the beginning, and so are `inputs`, in frames.
  package init(
    frame: Int, shared: Int, parameters: Int, sums: Int,
    inputs: [(lowered: Extent, placed: Extent)]
  ) {
    sizes = [.frame: frame, .shared: shared, .parameters: parameters, .sums: sums]
    contents = sizes.mapValues { count in
      [Int?](repeating: nil, count: (count + PlanVerifier.block - 1) / PlanVerifier.block)
    }
    contents[.parameters] = contents[.parameters]?.indices.map { $0 }
    for input in inputs { write(input.lowered, input.placed) }
  }

  /// Runs the steps; then `outputs` must be there.
  ///
  /// - Returns: what is wrong, or nil.
  package mutating func fault(
    _ entries: [Entry], outputs: [(lowered: Extent, placed: Extent)]
  ) -> String? {
    for (number, entry) in entries.enumerated() {
      if let fault = fault(entry) { return "step \(number) \(fault)" }
    }
    for (number, output) in outputs.enumerated() {
      if let fault = readFault(output.lowered, output.placed) { return "output \(number) \(fault)" }
    }
    return nil
  }

  private mutating func fault(_ entry: Entry) -> String? {
    let placed = entry.placed
    for extent in placed.reads + placed.writes + placed.scratch {
      if let fault = boundsFault(extent) { return fault }
    }
    for (lowered, place) in zip(entry.lowered.reads, placed.reads) {
      if let fault = readFault(lowered, place) { return fault }
    }
    if let fault = overlapFault(placed) { return fault }
    for (lowered, place) in zip(entry.lowered.writes, placed.writes) { write(lowered, place) }
    for (lowered, place) in zip(entry.lowered.scratch, placed.scratch) {
      write(lowered, place, isValue: false)
    }
    return nil
  }

  private func boundsFault(_ extent: Extent) -> String? {
    let size = sizes[extent.slot.space] ?? 0
    guard extent.count >= 0, extent.slot.offset >= 0, extent.range.upperBound <= size else {
      return "touches \(extent.description), behind the \(size) floats that there are"
    }
    return nil
  }

  private func readFault(_ lowered: Extent, _ placed: Extent) -> String? {
    guard placed.slot.space != .sums else { return "reads a total" }
    guard (lowered.slot.offset - placed.slot.offset) % PlanVerifier.block == 0 else {
      return "reads \(placed.description), which is not aligned as what was lowered"
    }
    for (address, place) in zip(lowered.blocks, placed.blocks) {
      let found = contents[placed.slot.space]?[place]
      guard found == address else {
        return found.flatMap { $0 } == nil
          ? "reads \(placed.description) before it is written"
          : "reads \(placed.description), where another value lies"
      }
    }
    return nil
  }

  /// What a step writes must lie apart from what it reads, and its scratch from both.
  private func overlapFault(_ placed: Access) -> String? {
    for write in placed.writes where placed.reads.contains(where: { $0.overlaps(write) }) {
      return "writes over \(write.description), which it reads"
    }
    let values = placed.reads + placed.writes
    for scratch in placed.scratch where values.contains(where: { $0.overlaps(scratch) }) {
      return "has scratch at \(scratch.description), where its values lie"
    }
    return nil
  }

  private mutating func write(_ lowered: Extent, _ placed: Extent, isValue: Bool = true) {
    for (address, place) in zip(lowered.blocks, placed.blocks) {
      contents[placed.slot.space]?[place] = isValue ? address : nil
    }
  }
}

extension Extent {
  /// The stretches of 16 floats that it touches.
  fileprivate var blocks: Range<Int> {
    count == 0 ? 0 ..< 0 : slot.offset / 16 ..< (slot.offset + count - 1) / 16 + 1
  }

  /// "frame[4096] with 64 floats".
  fileprivate var description: String { "\(slot.description) with \(count) floats" }
}

extension Plan {
  /// What is wrong with the plan that `lowering` became, or nil.
  func fault(_ lowering: Lowering, _ graph: Graph, rows: [Node]) -> String? {
    // Plans that no memory holds are refused when they are run.
    guard max(frameCount, sharedCount) < 1 << 28 else { return nil }
    func extents(_ nodes: [Node], _ placed: [Slot]) -> [(lowered: Extent, placed: Extent)] {
      zip(nodes, placed).map { node, slot in
        let count = graph.shape(of: node).count
        return (Extent(lowering.slot(node), count), Extent(slot, count))
      }
    }
    let given = extents(graph.inputs, inputs)
    var verifier = PlanVerifier(
      frame: frameCount, shared: sharedCount, parameters: parameters.count,
      sums: totals.layout.count, inputs: given)
    let once = zip(lowering.sharedSteps, sharedSteps).map {
      PlanVerifier.Entry(lowered: $0.access, placed: $1.access)
    }
    let each = zip(lowering.steps, steps).map {
      PlanVerifier.Entry(lowered: $0.access, placed: $1.access)
    }
    // Inputs stay until the end of a shard.
    return verifier.fault(once, outputs: []).map { "once: " + $0 }
      ?? verifier.fault(each, outputs: extents(rows, self.rows) + given)
  }

  #if DEBUG || VERIFY_PLANS
  /// Ends a test where the plan is wrong; the library that is shipped does not have it.
  func verify(_ lowering: Lowering, _ graph: Graph, rows: [Node]) {
    if let fault = fault(lowering, graph, rows: rows) {
      preconditionFailure("the plan is wrong: \(fault)")
    }
  }
  #endif
}
