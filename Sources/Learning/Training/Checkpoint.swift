package import Core
package import Data
import Graph
package import Models
import Platform

// A trainer's file: the weights with their moments and averages, how far it is, and which data it
// needs.

extension Trainer {
  package func save(path: String) throws {
    let description = JSON.object([
      ("options", .string(options.text)),
      ("progress", .object(progress.fields)),
      ("data", .string(ranks == nil ? dataset.fingerprint : "")), ("report", reportToKeep),
      ("rows", .integer(totalRows)),
      (
        "column_means",
        .array((ranks?.columnMeans ?? dataset.columns.map(\.mean)).map(JSON.number))
      ),
    ])
    let memory = model.context.memory
    var entries = model.entries(best, prefix: "best/")
    for (name, storage) in weights.all { entries += model.entries(storage, prefix: name + "/") }
    entries += try model.snapshot.description.covariance.entries(memory)
    let bytes = try Safetensors.serialize(
      metadata: [
        ("format", "stein-trainer-1"), ("stein", model.snapshot.description.json.text),
        ("trainer", description.text),
      ], entries, memory: memory)
    try saveFile(path, [bytes.view])
  }

  package static func resume(context: Context, dataset: Dataset, path: String) throws -> (
    Model, Trainer
  ) {
    let bytes = try loadFile(path, memory: context.memory)
    do {
      return try resume(context, dataset, SafetensorsArchive(bytes.view))
    } catch let error as SteinError where error.code == .badFile || error.code == .badOption {
      throw SteinError(.badFile, "'\(path)': \(error.message)", argument: "path")
    }
  }

  private static func resume(
    _ context: Context, _ dataset: Dataset, _ archive: SafetensorsArchive
  ) throws -> (Model, Trainer) {
    guard archive.metadata["format"] == "stein-trainer-1" else {
      throw SteinError(.badFile, "not a checkpoint of this library")
    }
    let state: JSON
    do throws(JSONError) {
      state = try JSON.parse(Array((archive.metadata["trainer"] ?? "").utf8))
    } catch {
      throw SteinError(.badFile, "the checkpoint's description: \(error.message)")
    }
    let made = (rows: state["rows"]?.integer ?? 0, means: state["column_means"]?.doubles ?? [])
    let isWhole = made.rows == dataset.rowCount
    // Made by several ranks, a checkpoint knows its rows by their number and their means.
    let isSame =
      state["data"]?.string == ""
      ? made.means.count == dataset.columnCount
        && zip(made.means, dataset.columns).allSatisfy { mean, column in
          abs(mean - column.mean) <= 1e-5 * (column.deviation + abs(mean))
        }
      : state["data"]?.string == dataset.fingerprint
    guard isWhole ? isSame : dataset.rowCount < made.rows else {
      throw SteinError(
        .badValue, "the checkpoint was made with other data; resume with the same rows and labels",
        argument: "dataset")
    }
    let memory = context.memory
    let description = try Model.description(archive, memory: memory)
    let start = try Model.weights(archive, description, prefix: "average/", memory: memory)
    let model = Model(context: context, description, weights: start)
    let options = try Options(state["options"]?.string ?? "", .trainer, isSaved: true)
    let trainer = try Trainer(model: model, dataset: dataset, options)
    trainer.progress = try TrainingProgress(state["progress"] ?? .null)
    trainer.restored = state["report"]
    if !isWhole { trainer.expected = made }
    for (name, storage) in trainer.weights.all + [("best", trainer.best)] {
      let loaded = try Model.weights(archive, description, prefix: name + "/", memory: memory)
      storage.view.copy(loaded.view)
    }
    trainer.good.copy(trainer.weights)
    trainer.progress.goodStep = trainer.progress.step
    if trainer.progress.step > 0 { try trainer.publish(Storage(memory, count: trainer.best.count)) }
    return (model, trainer)
  }
}

extension Dataset {
  /// Tells data sets apart: FNV-1a over shape, values and classes (Fowler, Noll & Vo).
  var fingerprint: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ word: UInt64) { hash = (hash ^ word) &* 0x0000_0100_0000_01b3 }
    for length in shape { add(UInt64(length)) }
    for index in 0 ..< values.count { add(UInt64(values.view[index].bitPattern)) }
    for column in columns {
      add(column.mean.bitPattern)
      add(column.deviation.bitPattern)
    }
    if let labels {
      for label in labels.classes { add(UInt64(bitPattern: label)) }
      for row in 0 ..< rowCount { add(UInt64(UInt32(bitPattern: labels.classOfRow.view[row]))) }
    }
    return String(hash, radix: 16)
  }
}
