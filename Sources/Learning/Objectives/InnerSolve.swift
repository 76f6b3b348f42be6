import Core
import Graph
import Models

// Deep kernels: the weights α solve score matching on one half of a shard, and the loss is that of
// the other half, so that kernels are chosen by how well their solution generalises. Wenliang,
// Sutherland, Strathmann & Gretton (2019), "Learning Deep Kernels for Exponential Family
// Densities", section 3 and algorithm 1.

/// The quadratic problem that score matching poses to θ of ln p = θᵀT(u) + b(u), for some rows.
///
///     J(θ) = ½ θᵀ A θ + cᵀ θ + constant,   A = mean Σ_i h_i ∂_iT ∂_iTᵀ,   c = mean Σ_i [h_i (∂_i²T + ∂_iT ∂_ib) + h_i′ ∂_iT]
struct QuadraticTerms {
  /// Directional derivatives of T, [A, R, m]: along the axes, or along random directions.
  let slopes: Node
  /// Of each row, [R, m]: its part of c.
  let linear: Node
}

extension LossBuilder {
  /// The loss of each row, [R, 1]: those of the second half, given twice.
  mutating func innerSolveLoss(_ graph: inout Graph, rows: Int) throws -> Node {
    guard let family = family as? any LinearFamily else { return loss(&graph) }
    let half = rows / 2
    var fitting = rowsOf(&graph, 0, half)
    let terms = try fitting.quadraticTerms(&graph, family)
    let m = graph.shape(of: terms.linear)[1]
    let count = graph.shape(of: terms.slopes)[0]
    let stacked = graph.reshape(terms.slopes, [count * half, m])
    // Over directions v the mean of ∂_vT ∂_vTᵀ is Σ_i ∂_iT ∂_iTᵀ.
    let share = objective.form == .sliced ? Double(half * count) : Double(half)
    let gram = graph.multiply(
      graph.constant(1 / share), graph.matmul(stacked, stacked, transposeA: true))
    let linear = graph.multiply(
      graph.constant(1 / Double(half)), graph.sum(terms.linear, axes: [0]))
    let ridge = graph.add(graph.exp(parameters[KernelExponential.ridge]), graph.constant(1e-6))
    let matrix = graph.add(gram, graph.multiply(ridge, graph.identity(m)))
    let solution = graph.negate(
      graph.matmul(graph.inverse(matrix), graph.reshape(linear, [m, 1])))
    var judged = rowsOf(&graph, half, half)
    judged.parameters[family.linearParameter] = graph.reshape(solution, [m])
    let loss = judged.loss(&graph)
    return graph.concatenate([loss, loss], axis: 0)
  }

  /// The same for some of the rows.
  private func rowsOf(_ graph: inout Graph, _ first: Int, _ count: Int) -> LossBuilder {
    func part(_ x: Node) -> Node {
      let columns = graph.shape(of: x)[1]
      return graph.slice(x, starts: [first, 0], sizes: [count, columns])
    }
    var result = self
    (result.start, result.noisy, result.target) = (part(start), part(noisy), part(target))
    (result.sigma, result.level) = (part(sigma), part(level))
    result.directions = directions.map { x in
      let dims = graph.shape(of: x).dims
      return graph.slice(x, starts: [0, first, 0], sizes: [dims[0], count, dims[2]])
    }
    return result
  }

  /// What the objective asks of θ on these rows.
  mutating func quadraticTerms(_ graph: inout Graph, _ family: any LinearFamily) throws
    -> QuadraticTerms
  {
    // Derivatives are taken by rows that are inputs of their own.
    let x = noisy
    let statistics = family.statistics(&graph, parameters, x)
    let base = family.base(&graph, parameters, x)
    let (rows, d) = (graph.shape(of: x)[0], graph.shape(of: x)[1])
    let m = graph.shape(of: statistics)[1]
    let axes = graph.reshape(graph.identity(d), [d, 1, d])
    let tangents = graph.broadcast(axes, [d, rows, d])
    func alongAxes(_ y: Node) -> Node {
      graph.pushforward(of: [y], along: [(variable: x, tangent: tangents)])[0]
    }
    let baseSlope =
      base.map { graph.gradient(of: $0, withRespectTo: [x])[0] }
      ?? graph.broadcast(graph.constant(0), [rows, d])

    switch objective.form {
    case .denoising:
      // ½ σ² ‖s + (−t)/σ‖²: up to the factor σ², A as in the exact form and c = Σ_i ∂_iT (∂_ib −
      // t_i/σ).
      let slopes = alongAxes(statistics)
      let pull = graph.subtract(baseSlope, graph.divide(target, sigma))
      return QuadraticTerms(slopes: slopes, linear: contracted(&graph, slopes, pull, m))
    case .exact, .maximumLikelihood, .finiteDifference:
      guard let curvature = graph.laplacian(of: statistics, withRespectTo: x) else {
        throw SteinError(.internal, "the kernel has no forward Laplacian")
      }
      let slopes = alongAxes(statistics)
      return QuadraticTerms(
        slopes: slopes, linear: graph.add(curvature, contracted(&graph, slopes, baseSlope, m)))
    case .sliced, .slicedVR:
      let v = vectors(&graph)
      guard
        let curvature = graph.secondDerivatives(
          of: statistics, along: (variable: x, tangents: v))
      else {
        throw SteinError(.internal, "the kernel has no forward Laplacian")
      }
      let share = graph.constant(1 / Double(max(graph.shape(of: v)[0], 1)))
      var linear = graph.multiply(share, curvature)
      guard objective.form == .slicedVR else {
        let slopes = graph.pushforward(of: [statistics], along: [(variable: x, tangent: v)])[0]
        let along = graph.dot(v, baseSlope, keepAxes: true)
        let pull = graph.sum(graph.multiply(slopes, along), axes: [0])
        linear = graph.add(linear, graph.multiply(share, pull))
        return QuadraticTerms(slopes: slopes, linear: linear)
      }
      let all = alongAxes(statistics)
      return QuadraticTerms(
        slopes: all, linear: graph.add(linear, contracted(&graph, all, baseSlope, m)))
    }
  }

  /// Σ_i ∂_iT p_i of slopes [D, R, m] and p [R, D].
  private func contracted(_ graph: inout Graph, _ slopes: Node, _ p: Node, _ m: Int) -> Node {
    let (rows, d) = (graph.shape(of: p)[0], graph.shape(of: p)[1])
    let columns = graph.reshape(graph.transposed(p), [d, rows, 1])
    return graph.sum(graph.multiply(slopes, columns), axes: [0])
  }
}
