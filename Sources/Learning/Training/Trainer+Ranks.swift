// Training over several ranks.

import Core
import Data
import Execution
import Glibc
import Models
import Platform

extension Trainer {
  /// Trains together with other ranks from the next run on, each with a part of the rows.
  package func setAllReduce(_ engine: any AllReduce, rank: Int, count: Int) throws {
    guard let objective = plan.objective, objective.kernel != .caller,
      model.snapshot.description.family.fit != .innerSolve
    else {
      throw SteinError(
        .unsupported,
        "closed forms, deep kernels and noise of the caller's are of one rank; gradients of other models are summed",
        argument: "trainer")
    }
    if options[TrainingPlan.Key.rescale] {
      throw Options.bad(
        "rescale",
        "takes one rank's rows; rank 0 makes a trainer with it, frees that and writes the model to bytes for all ranks, whose trainers go without"
      )
    }
    guard trainingStep == nil else {
      throw SteinError(
        .badState, "the trainer has run already; ranks are set before the first run",
        argument: "trainer")
    }
    let (memory, description) = (model.context.memory, model.snapshot.description)
    let joined = try Ranks(
      engine, rank: rank, count: count, dataset: dataset, model: fingerprint, memory: memory)
    if let expected { try joined.check(expected, dataset) }
    plan = try TrainingPlan(options, description, rows: joined.totalRows)
    let (drawn, held) = try splitRows(
      joined.totalRows, validation: plan.validationRows, seed: plan.seed, memory: memory)
    let here = joined.firstRow ..< joined.firstRow + dataset.rowCount
    let first = (0 ..< held.count).count { held[$0] < here.lowerBound }
    let own = (0 ..< held.count).count { here.contains(held[$0]) }
    var next = first
    func isHeldOut(_ row: Int) -> Bool {
      guard next < first + own, held[next] == row + here.lowerBound else { return false }
      next += 1
      return true
    }
    let flags = (0 ..< dataset.rowCount).map(isHeldOut)
    validationRows = try RowList(dataset.rowCount, memory: memory) { flags[$0] }
    trainRows = try RowList(dataset.rowCount, memory: memory) { !flags[$0] }
    drawnRows = drawn
    validation = Validation(rows: validationRows, first: first, count: held.count)
    ranks = joined
    strangeness = description.strangeness(
      ofMeans: joined.columnMeans, rows: joined.totalRows)
    expected = nil
  }

  /// Tells trainers apart that would not take the same steps.
  var fingerprint: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ word: UInt64) { hash = (hash ^ word) &* 0x0000_0100_0000_01b3 }
    for byte in (model.snapshot.description.json.text + options.text).utf8 { add(UInt64(byte)) }
    for (_, storage) in weights.all {
      for index in 0 ..< storage.count { add(UInt64(storage.view[index].bitPattern)) }
    }
    add(UInt64(progress.step))
    return hash
  }
}
