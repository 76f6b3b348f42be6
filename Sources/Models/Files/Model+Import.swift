package import Core
import Execution
import Graph
import Platform

extension Model {
  /// Takes the weights of a plain network, trained elsewhere, from a safetensors file.
  package func importWeights(path: String, options given: String) throws {
    let options = try Options(given, .importWeights)
    let now = snapshot
    guard now.description.family.isPerceptron, !now.description.network.residual else {
      throw SteinError(
        .unsupported,
        "weights are taken by score_mlp and energy_mlp with residual=false, plain layers one after the other",
        argument: "model")
    }
    guard now.description.base == nil else {
      throw SteinError(
        .unsupported,
        "the model's network begins as the Gaussian of its data, those from elsewhere do not: make it with preconditioning=isotropic",
        argument: "model")
    }
    try options.knowing(ModelDescription.Key.hasClasses, !now.description.classes.isEmpty).check()
    let range = try levels(options, now.description)
    // A trainer would go on from weights of its own.
    try attachTrainer()
    defer { detachTrainer() }
    let bytes = try loadFile(path, memory: context.memory)
    let made = try Storage<Float>(context.memory, count: layout.count)
    do {
      let archive = try SafetensorsArchive(bytes.view)
      let layers = try ImportedLayers(archive, prefix: options[ImportKey.prefix] ?? "")
      try place(layers, archive, into: made.view)
    } catch let error as SteinError where error.code == .badFile {
      throw SteinError(.badFile, "'\(path)': \(error.message)", argument: "path")
    }
    publish(made) { description in
      (description.sigmaMin, description.sigmaMax) = (range.lowerBound, range.upperBound)
      description.noiseKernel = .gaussian
      description.unconditional =
        description.classes.isEmpty || options[ImportKey.unconditional]
      description.trained = true
    }
  }

  private func levels(_ options: Options, _ description: ModelDescription) throws -> ClosedRange<
    Double
  > {
    let (lowest, highest) = (options[ImportKey.sigmaMin], options[ImportKey.sigmaMax])
    guard description.isNoiseConditional else {
      guard lowest == highest else {
        throw Options.bad("sigma_max", "is not sigma_min; the model has one level")
      }
      return (lowest ?? 0) ... (lowest ?? 0)
    }
    guard let lowest, let highest, lowest > 0, lowest < highest else {
      throw Options.bad(
        lowest == nil ? "sigma_min" : "sigma_max",
        "is needed: the levels that the network was trained for, 0 < sigma_min < sigma_max")
    }
    return lowest ... highest
  }

  /// Our layers are in.weight, in.bias, in.embedding; layer1.weight, layer1.bias; ...; out.weight,
  /// out.bias.
  private func place(
    _ layers: ImportedLayers, _ archive: SafetensorsArchive, into target: View<Float>
  ) throws {
    let places = Dictionary(
      uniqueKeysWithValues: zip(family.parameters, layout.offsets).map { spec, offset in
        (spec.name, (shape: spec.shape.dims, view: target.slice(offset, spec.shape.count)))
      })
    let widths = snapshot.description.network.widths
    let names = ["in"] + (1 ..< max(widths.count, 1)).map { "layer\($0)" } + ["out"]
    guard layers.all.count == names.count else {
      throw SteinError(
        .badFile, "it has \(layers.all.count) layers; the model has \(names.count)")
    }
    for (layer, name) in zip(layers.all, names) {
      guard let own = places[name + ".weight"] else { continue }
      let extra = name == "in" ? places["in.embedding"] : nil
      let (rows, columns) = (own.shape[0] + (extra?.shape[0] ?? 0), own.shape[1])
      let expected = layer.isTransposed ? [columns, rows] : [rows, columns]
      guard layer.shape == expected else {
        throw SteinError(
          .badFile,
          "tensor '\(layer.weight)' has shape \(layer.shape); the model's layer needs \(expected)"
            + (extra == nil ? "" : ", the row's values and then what tells the noise"))
      }
      let values = try Storage<Float>(context.memory, count: rows * columns)
      try archive.read(layer.weight, into: values.view)
      for row in 0 ..< rows {
        for column in 0 ..< columns {
          let value = values.view[
            layer.isTransposed ? column * rows + row : row * columns + column]
          if row < own.shape[0] {
            own.view[row * columns + column] = value
          } else {
            extra?.view[(row - own.shape[0]) * columns + column] = value
          }
        }
      }
      // An energy's last bias would shift it by a constant, which it has not.
      if let bias = layer.bias, let place = places[name + ".bias"] {
        try archive.read(bias, into: place.view)
      }
    }
  }
}

/// The layers of a file in the order of their names: NAME.weight [out, in] as PyTorch has it, or
/// NAME.kernel [in, out] as Flax, and NAME.bias.
private struct ImportedLayers {
  struct Layer {
    let weight: String
    let bias: String?
    let shape: [Int]
    let isTransposed: Bool
  }

  private(set) var all: [Layer] = []

  init(_ archive: SafetensorsArchive, prefix: String) throws {
    let names = archive.names.filter { $0.hasPrefix(prefix) }
    let sorted = names.sorted {
      ImportedLayers.key($0).lexicographicallyPrecedes(ImportedLayers.key($1))
    }
    for name in sorted {
      for (ending, isTransposed) in [("weight", true), ("kernel", false)]
      where name == ending || name.hasSuffix("." + ending) || name.hasSuffix("/" + ending) {
        let bias = name.dropLast(ending.count) + "bias"
        guard let shape = archive.shape(name), shape.count == 2 else {
          throw SteinError(.badFile, "tensor '\(name)' is not a matrix")
        }
        all.append(
          Layer(
            weight: name, bias: names.contains(String(bias)) ? String(bias) : nil, shape: shape,
            isTransposed: isTransposed))
      }
    }
  }

  /// Digits count as the number that they make: layer 10 follows layer 9.
  private static func key(_ name: String) -> [String] {
    var parts: [String] = []
    for character in name {
      if character.isNumber, let last = parts.last, last.last?.isNumber == true {
        parts[parts.count - 1].append(character)
      } else {
        parts.append(String(character))
      }
    }
    return parts.map { part in
      part.first?.isNumber == true
        ? String(repeating: "0", count: max(0, 20 - part.count)) + part : part
    }
  }
}

enum ImportKey {
  static let prefix = OptionKey<String?>(
    "prefix", "Of the names of the layers to take, where a file holds others too")
  static let sigmaMin = OptionKey<Double?>(
    "sigma_min", 0 ... 1e9, "Lowest level that the network was trained for")
  static let sigmaMax = OptionKey<Double?>("sigma_max", 0 ... 1e9, "Highest level")
  static let unconditional = OptionKey<Bool>(
    "unconditional", default: false, "Whether it was also trained without a class",
    for: ModelDescription.Key.hasClasses.holds)
}

extension OptionTable {
  package static let importWeights = OptionTable(
    "import_weights",
    [ImportKey.prefix, ImportKey.sigmaMin, ImportKey.sigmaMax, ImportKey.unconditional])
}
