import Graph

/// A graph as steps over places in memory, made in passes, each of which takes values and gives
/// one.
///
///     PlanGraph        the nodes that the outputs need, what varies, how often each is read
///     SummedProducts   products that only a sum reads, which computes them itself
///     Totals           what is added up over shards, and by which steps
///     FusionGroups     the order, with elementwise operations of one shape together
///     Lifetimes        how long each value is needed
///     Lowering         steps over memory without end
///     Places           where that memory lies in a frame, in which places are used again
///
/// In debug builds and tests `PlanVerifier` looks at the result.
struct Plan {
  let parameters: ParameterLayout
  let totals: Totals
  /// What depends on parameters alone, the same for all shards.
  let sharedSteps: [Step]
  let steps: [Step]
  /// Floats of the memory that all shards share.
  let sharedCount: Int
  /// Floats of a shard's memory.
  let frameCount: Int
  let inputs: [Slot]
  let rows: [Slot]

  init(_ graph: Graph, rows: [Node], sums: [Node], panels: Bool, precision: Precision) {
    let source = PlanGraph(graph, rows: rows, sums: sums)
    let products = SummedProducts(source)
    totals = Totals(source, panels: panels)
    let groups = FusionGroups(source, products, totals).groups
    let lifetimes = Lifetimes(groups, source, products, totals)
    parameters = ParameterLayout(graph.parameters.map { graph.shape(of: $0) })
    var lowering = Lowering(source, products, totals, parameters: parameters, precision)
    lowering.lower(groups, lifetimes)
    let deaths = lifetimes.deaths.map { $0.compactMap { lowering.stretch($0) } }
    let places = Places(inputs: lowering.inputs, lowering.memory, deaths: deaths)
    sharedSteps = lowering.sharedSteps
    steps = lowering.steps.map { $0.moved { places($0) } }
    (sharedCount, frameCount) = (lowering.sharedCount, places.count)
    inputs = graph.inputs.map { places(lowering.slot($0)) }
    self.rows = rows.map { places(lowering.slot($0)) }
    #if DEBUG || VERIFY_PLANS
    verify(lowering, graph, rows: rows)
    #endif
  }
}
