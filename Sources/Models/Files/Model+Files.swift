package import Core
import Execution
import Graph
package import Platform

// A model's file: its tensors by name, and its description under "stein" in the metadata.

extension Model {
  package func save(path: String) throws { try saveFile(path, [serialized().view]) }

  package func serialized() throws -> Storage<UInt8> {
    let now = snapshot
    return try Safetensors.serialize(
      metadata: [("format", "stein-model-1"), ("stein", now.description.json.text)],
      entries(now.weights) + now.description.covariance.entries(context.memory),
      memory: context.memory)
  }

  /// The tensors of one set of weights, their names behind `prefix`.
  package func entries(_ weights: Storage<Float>, prefix: String = "") -> [Safetensors.Entry] {
    zip(family.parameters, layout.offsets).map { spec, offset in
      Safetensors.Entry(
        name: prefix + spec.name, shape: spec.shape.dims,
        values: .float32(weights.view.slice(offset, spec.shape.count)))
    }
  }

  package convenience init(context: Context, path: String) throws {
    let bytes = try loadFile(path, memory: context.memory)
    do {
      try self.init(context: context, bytes: bytes.view)
    } catch let error as SteinError where error.code == .badFile {
      throw SteinError(.badFile, "'\(path)': \(error.message)", argument: "path")
    }
  }

  package convenience init(context: Context, bytes: View<UInt8>) throws {
    let archive = try SafetensorsArchive(bytes)
    guard archive.metadata["format"] == "stein-model-1" else {
      throw SteinError(.badFile, "not a model of this library", argument: "bytes")
    }
    let description = try Model.description(archive, memory: context.memory)
    let weights = try Model.weights(archive, description, prefix: "", memory: context.memory)
    self.init(context: context, description, weights: weights)
  }

  package static func description(
    _ archive: SafetensorsArchive, memory: Memory
  ) throws -> ModelDescription {
    var description: ModelDescription
    do {
      description = try ModelDescription(JSON.parse(Array((archive.metadata["stein"] ?? "").utf8)))
    } catch let error as JSONError {
      throw SteinError(.badFile, "the model's description: \(error.message)")
    }
    description.covariance = try DataCovariance(archive, dimension: description.dimension, memory)
    guard description.network.preconditioning == .isotropic || description.base != nil else {
      throw SteinError(.badFile, "the covariance that its network begins with is missing")
    }
    return description
  }

  package static func weights(
    _ archive: SafetensorsArchive, _ description: ModelDescription, prefix: String, memory: Memory
  ) throws -> Storage<Float> {
    let family = description.makeFamily()
    // Before memory is taken for them, the tensors must be there.
    for spec in family.parameters where !archive.has(prefix + spec.name) {
      throw SteinError(.badFile, "tensor '\(prefix + spec.name)' is missing")
    }
    let layout = ParameterLayout(family.parameters.map(\.shape))
    let weights = try Storage<Float>(memory, count: layout.count)
    for (spec, offset) in zip(family.parameters, layout.offsets) {
      try archive.read(prefix + spec.name, into: weights.view.slice(offset, spec.shape.count))
    }
    return weights
  }
}
