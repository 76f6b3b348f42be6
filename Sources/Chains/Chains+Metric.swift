// The metric, told and given.

import Core
import Diagnostics
import Glibc
package import Platform

extension Chains {
  /// Writes each chain's Σ, [chains, d] or [chains, d, d].
  package func metric(into out: TensorView) throws {
    let (d, kind) = (density.dimension, chains.first?.metric.kind ?? .diagonal)
    let shape = kind == .dense ? [chains.count, d, d] : [chains.count, d]
    guard out.shape == shape else {
      throw SteinError(
        .badShape, "out has shape \(out.shape); a metric that is \(kind.rawValue) needs \(shape)",
        argument: "out")
    }
    let row = try Storage<Double>(memory, count: Metric.size(kind, d)).view
    for (index, chain) in chains.enumerated() {
      for i in 0 ..< d {
        if kind != .dense { row[i] = chain.metric.covariance(i, i) }
        if kind == .dense { for j in 0 ..< d { row[i * d + j] = chain.metric.covariance(i, j) } }
      }
      out.writeRow(index, from: row)
    }
  }

  /// Takes one Σ for all chains, [d] or [d, d], or one for each, [chains, d] or [chains, d, d].
  package func setMetric(_ given: TensorView) throws {
    let (d, kind) = (density.dimension, chains.first?.metric.kind ?? .diagonal)
    guard kind != .identity else {
      throw SteinError(
        .badState, "the chains have metric=identity: make them with metric=diagonal or dense",
        argument: "chains")
    }
    let one = kind == .dense ? [d, d] : [d]
    guard given.shape == one || given.shape == [chains.count] + one else {
      throw SteinError(
        .badShape,
        "metric has shape \(given.shape); a metric that is \(kind.rawValue) needs \(one) or \([chains.count] + one)",
        argument: "metric")
    }
    let isOne = given.shape == one
    let numbers = try Storage<Double>(memory, count: one.reduce(1, *)).view
    // Into metrics of their own first: all or none are taken.
    let trial = try Metric(kind, dimension: d, memory: memory)
    for pass in 0 ..< 2 {
      for (index, chain) in chains.enumerated() {
        if isOne {
          for row in 0 ..< given.rows {
            given.readRow(row, into: numbers.slice(row * given.rowCount, given.rowCount))
          }
        } else {
          given.readRow(index, into: numbers)
        }
        let target = pass == 0 ? trial : chain.metric
        guard target.take({ numbers[kind == .dense ? $0 * d + $1 : $0] }) else {
          throw SteinError(
            .badValue,
            kind == .dense
              ? "metric\(isOne ? "" : " of chain \(index)") is not a covariance: it must be symmetric, positive definite and finite"
              : "metric\(isOne ? "" : " of chain \(index)") holds a variance that is not finite and above 0",
            argument: "metric")
        }
        if pass == 0, isOne { break }
      }
    }
    progress.hasMetric = true
  }
}
