import Graph
import Models

/// Appends an objective's loss of each row to a graph.
struct LossBuilder {
  let objective: Objective
  let family: any Family
  let sigmaData: Double
  var parameters: [Node]
  /// The rows without noise, and with it.
  var start: Node
  var noisy: Node
  /// σ ∇ log q of the noise.
  var target: Node
  var sigma: Node
  /// λ.
  var level: Node
  var label: Node?
  var dropout: [Node]
  /// Random numbers from which directions are made, [M, R, D].
  var directions: Node?

  /// [R, 1].
  func loss(_ graph: inout Graph) -> Node {
    switch objective.form {
    case .denoising: return denoising(&graph)
    case .maximumLikelihood:
      let energy = family.energy(&graph, parameters, inputs(noisy)) ?? graph.constant(.nan)
      return graph.multiply(level, energy)
    case .exact: return graph.multiply(level, exact(&graph))
    case .sliced, .slicedVR: return graph.multiply(level, sliced(&graph))
    case .finiteDifference: return graph.multiply(level, finiteDifference(&graph))
    }
  }

  private func inputs(_ x: Node) -> ModelInputs {
    ModelInputs(x: x, sigma: sigma, label: label, dropout: dropout)
  }

  private func denoising(_ graph: inout Graph) -> Node {
    if objective.isByAxis, let base = family.base,
      let along = family.scaledScoreAlongAxes(&graph, parameters, inputs(noisy))
    {
      let turned = base.alongAxes(&graph, directions: target)
      let weight = base.lossWeight(&graph, sigma: sigma, sigmaData: sigmaData)
      return graph.denoisingLoss(
        scaledScore: along, target: turned, weight: level, axisWeight: weight)
    }
    let scaled = family.scaledScore(&graph, parameters, inputs(noisy))
    guard objective.controlVariate else {
      return graph.denoisingLoss(scaledScore: scaled, target: target, weight: level)
    }
    let clean = family.scaledScore(&graph, parameters, inputs(start))
    return graph.denoisingLoss(scaledScore: scaled, atData: clean, target: target, weight: level)
  }

  private func boundary(_ graph: inout Graph) -> BoundaryWeight? {
    objective.boundary.map { $0.weight(&graph, noisy) }
  }

  private func exact(_ graph: inout Graph) -> Node {
    let score = family.score(&graph, parameters, inputs(noisy))
    let boundary = boundary(&graph)
    if boundary == nil, let energy = family.energy(&graph, parameters, inputs(noisy)),
      let loss = graph.exactScoreMatchingLoss(energy: energy, score: score, x: noisy)
    {
      return loss
    }
    return graph.exactScoreMatchingLoss(score: score, x: noisy, boundary: boundary)
  }

  private func sliced(_ graph: inout Graph) -> Node {
    let vectors = vectors(&graph)
    let energy = family.energy(&graph, parameters, inputs(noisy))
    return graph.slicedScoreMatchingLoss(
      score: family.score(&graph, parameters, inputs(noisy)), energy: energy, x: noisy,
      projections: vectors, reduced: objective.form == .slicedVR, boundary: boundary(&graph))
  }

  /// v, [M, R, D].
  func vectors(_ graph: inout Graph) -> Node {
    let none = graph.constant(.nan)
    return directions.map { objective.projectionDistribution.direction(&graph, $0) } ?? none
  }

  private func finiteDifference(_ graph: inout Graph) -> Node {
    let v = vectors(&graph)
    let (count, rows) = (graph.shape(of: v)[0], graph.shape(of: noisy)[0])
    /// What is the same for every direction, [R, n], as the rows of all of them.
    func repeated(_ node: Node) -> Node {
      guard count > 1 else { return node }
      let columns = graph.shape(of: node)[1]
      return graph.reshape(graph.broadcast(node, [count, rows, columns]), [count * rows, columns])
    }
    /// At u ± ε v, the rows of all directions below each other.
    func shifted(_ sign: Double) -> ModelInputs {
      let place = graph.add(noisy, graph.multiply(graph.constant(sign * objective.step), v))
      return ModelInputs(
        x: graph.reshape(place, [count * rows, graph.shape(of: noisy)[1]]),
        sigma: repeated(sigma), label: label.map(repeated), dropout: dropout.map(repeated))
    }
    let (ahead, behind) = (shifted(1), shifted(-1))
    func parted(_ y: Node) -> Node {
      graph.reshape(y, [count, rows, graph.shape(of: y)[1]])
    }
    if let energy = family.energy(&graph, parameters, inputs(noisy)),
      let plus = family.energy(&graph, parameters, ahead),
      let minus = family.energy(&graph, parameters, behind)
    {
      return graph.finiteDifferenceLoss(
        energy: energy, ahead: parted(plus), behind: parted(minus), step: objective.step)
    }
    let (plus, minus) = (
      family.score(&graph, parameters, ahead), family.score(&graph, parameters, behind)
    )
    return graph.finiteDifferenceLoss(
      projections: v, ahead: parted(plus), behind: parted(minus), step: objective.step)
  }
}
