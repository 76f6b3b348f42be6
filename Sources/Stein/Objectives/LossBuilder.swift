import Graph

/// Appends an objective's loss of each row to a graph.
struct LossBuilder {
  let objective: Objective
  let family: any Family
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
  /// Random numbers from which directions are made.
  var directions: [Node]

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
    return graph.slicedScoreMatchingLoss(
      score: family.score(&graph, parameters, inputs(noisy)), x: noisy, projections: vectors,
      reduced: objective.form == .slicedVR, boundary: boundary(&graph))
  }

  func vectors(_ graph: inout Graph) -> [Node] {
    directions.map { objective.law.direction(&graph, $0) }
  }

  private func finiteDifference(_ graph: inout Graph) -> Node {
    let vectors = vectors(&graph)
    let step = objective.step
    func shifted(_ v: Node, _ sign: Double) -> ModelInputs {
      inputs(graph.add(noisy, graph.multiply(graph.constant(sign * step), v)))
    }
    if let energy = family.energy(&graph, parameters, inputs(noisy)) {
      func energies(_ sign: Double) -> [Node] {
        vectors.map { v in
          let place = shifted(v, sign)
          return family.energy(&graph, parameters, place) ?? energy
        }
      }
      let (ahead, behind) = (energies(1), energies(-1))
      return graph.finiteDifferenceLoss(energy: energy, ahead: ahead, behind: behind, step: step)
    }
    func scores(_ sign: Double) -> [Node] {
      vectors.map { v in
        let place = shifted(v, sign)
        return family.score(&graph, parameters, place)
      }
    }
    let (ahead, behind) = (scores(1), scores(-1))
    return graph.finiteDifferenceLoss(
      projections: vectors, ahead: ahead, behind: behind, step: step)
  }
}
