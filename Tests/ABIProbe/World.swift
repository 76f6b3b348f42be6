import Glibc

/// Living objects, files and arguments with which every function succeeds.
final class World {
  let library: Library
  let folder: String
  var context: UInt64 = 0
  var dataset: UInt64 = 0
  /// A Gaussian, trained, without a trainer.
  var model: UInt64 = 0
  var trained: UInt64 = 0
  var trainer: UInt64 = 0
  /// A graph of x [3], a parameter and their difference, whose squared norm is node 3.
  var graph: UInt64 = 0
  /// The Gaussian's density, and two chains on it that have run.
  var density: UInt64 = 0
  var chains: UInt64 = 0
  /// A trainer that takes noise of the caller's.
  var noisy: UInt64 = 0
  /// A network of plain layers, without a trainer.
  var plain: UInt64 = 0
  /// A network with classes, which has not learnt.
  var classed: UInt64 = 0
  /// A trainer that has not run.
  var fresh: UInt64 = 0
  /// Every handle that was made, also by worlds before this one: their objects live on.
  nonisolated(unsafe) private(set) static var made: Set<UInt64> = []
  /// Handles that were freed, by kind.
  var dead: [String: UInt64] = [:]

  init(_ library: Library, folder: String) {
    self.library = library
    self.folder = folder
    context = make("stein_context_new", [text("threads=1"), 0])
    let rows = matrix(64, 3) { Double(($0 * 37) % 23) * 0.1 + Double($0 % 3) }
    dataset = make(
      "stein_dataset_new", [context, rows, 0, text("names=alcohol,ash_content,magnesium")])
    model = make("stein_model_new", [context, dataset, text("family=gaussian")])
    let fit = make("stein_trainer_new", [model, dataset, 0])
    expect("stein_trainer_run", [fit, 0, 0, 0])
    call("stein_trainer_free", [fit])
    trained = make("stein_model_new", [context, dataset, text("widths=8")])
    trainer = make("stein_trainer_new", [trained, dataset, text("steps=4 batch=16 validation=0")])
    expect("stein_trainer_run", [trainer, 1, 0, 0])
    let third = make("stein_model_new", [context, dataset, text("widths=8")])
    noisy = make(
      "stein_trainer_new", [third, dataset, text("noise_kernel=caller steps=4 batch=16")])
    let layers = text(
      "widths=8 residual=false noise_conditional=false preconditioning=isotropic")
    plain = make("stein_model_new", [context, dataset, layers])
    writeWeights(folder + "/weights")
    let classes = memory(8 * 64)
    for row in 0 ..< 64 {
      classes.storeBytes(of: Int64(row % 3), toByteOffset: 8 * row, as: Int64.self)
    }
    let labels = TensorSpec(data: classes, ndim: 1, dtype: (0, 64, 1), shape: [64]).written()
    let labelled = make("stein_dataset_new", [context, rows, labels, 0])
    classed = make("stein_model_new", [context, labelled, text("widths=8")])
    let fourth = make("stein_model_new", [context, dataset, text("widths=8")])
    fresh = make("stein_trainer_new", [fourth, dataset, text("steps=4 batch=16")])
    graph = make("stein_graph_new", [context])
    let number = bits(memory(4))
    expect("stein_graph_node", [graph, text("x"), 0, 0, text("columns=3"), 0, number])
    expect("stein_graph_node", [graph, text("parameter"), 0, 0, text("name=m shape=3"), 0, number])
    expect("stein_graph_node", [graph, text("subtract"), numbers([0, 1]), 2, 0, 0, number])
    expect("stein_graph_node", [graph, text("squared_norm"), numbers([2]), 1, 0, 0, number])
    density = make("stein_density_from_model", [model, 0, (0.5).bitPattern])
    chains = make("stein_chains_new", [density, text("kernel=mala chains=2 warmup=5"), 0])
    expect("stein_model_save", [model, text(folder + "/model")])
    expect("stein_model_export_onnx", [model, text(folder + "/model.onnx")])
    expect("stein_trainer_save", [trainer, text(folder + "/checkpoint")])
    expect("stein_chains_save", [chains, text(folder + "/chains")])
    for kind in ["context", "dataset", "model"] {
      let handle =
        switch kind {
        case "context": make("stein_context_new", [0, 0])
        case "dataset": make("stein_dataset_new", [context, rows, 0, 0])
        default: make("stein_model_new", [context, dataset, 0])
        }
      call("stein_\(kind)_free", [handle])
      dead[kind] = handle
    }
    let gone = make("stein_graph_new", [context])
    call("stein_graph_free", [gone])
    dead["graph"] = gone
    for (kind, handle) in [
      ("density", make("stein_density_from_model", [model, 0, 0])),
      ("chains", make("stein_chains_new", [density, text("chains=1"), 0])),
    ] {
      call("stein_\(kind)_free", [handle])
      dead[kind] = handle
    }
    let other = make("stein_model_new", [context, dataset, 0])
    let short = make("stein_trainer_new", [other, dataset, 0])
    call("stein_trainer_free", [short])
    dead["trainer"] = short
  }

  /// The places in the table of handles that new objects get: the same ones again, unless a handle
  /// was leaked in between.
  func freePlaces() -> Set<UInt64> {
    let handles = (0 ..< 64).map { _ in make("stein_graph_new", [context]) }
    for handle in handles { call("stein_graph_free", [handle]) }
    return Set(handles.map { $0 & 0xFF_FFFF })
  }

  func signature(_ name: String) -> CSignature {
    guard let signature = signatures.first(where: { $0.name == name }) else {
      print("FAIL \(name) is not in the header")
      exit(3)
    }
    return signature
  }

  @discardableResult
  func call(_ name: String, _ arguments: [UInt64]) -> Int32 {
    let signature = signature(name)
    let padded =
      arguments + [UInt64](repeating: 0, count: signature.parameters.count - arguments.count)
    return Int32(truncatingIfNeeded: library.call(signature, padded))
  }

  /// A call that must succeed.
  func expect(_ name: String, _ arguments: [UInt64]) {
    let status = call(name, arguments)
    if status != 0 { print("FAIL \(name): setting up gave \(status)") }
  }

  /// A call whose last parameter before the error is a new handle.
  private func make(_ name: String, _ arguments: [UInt64]) -> UInt64 {
    let out = memory(8)
    expect(name, arguments + [bits(out)])
    let handle = out.load(as: UInt64.self)
    World.made.insert(handle)
    return handle
  }

  /// An array of int32_t.
  private func numbers(_ list: [Int32]) -> UInt64 {
    let block = memory(4 * list.count)
    for (index, value) in list.enumerated() {
      block.storeBytes(of: value, toByteOffset: 4 * index, as: Int32.self)
    }
    return bits(block)
  }

  func matrix(_ rows: Int64, _ columns: Int64, _ value: (Int) -> Double) -> UInt64 {
    let data = memory(Int(8 * rows * columns))
    for index in 0 ..< Int(rows * columns) {
      data.storeBytes(of: value(index), toByteOffset: 8 * index, as: Double.self)
    }
    return TensorSpec(data: data, shape: [rows, columns]).written()
  }

  /// Everything that a call may write, filled with a pattern that must be there after a refusal.
  struct Output {
    let block: UnsafeMutableRawPointer
    let count: Int
    var untouched: Bool {
      (0 ..< count).allSatisfy { block.load(fromByteOffset: $0, as: UInt8.self) == 0xA5 }
    }
  }

  /// Arguments with which `function` succeeds, its outputs, and its error.
  func arguments(_ function: CSignature) -> (
    values: [UInt64], outputs: [Int: Output], error: UnsafeMutableRawPointer
  ) {
    var outputs: [Int: Output] = [:]
    let error = memory(512)
    error.storeBytes(of: 512, as: UInt32.self)
    func output(_ index: Int, _ count: Int) -> UnsafeMutableRawPointer {
      let block = memory(count, fill: 0xA5)
      outputs[index] = Output(block: block, count: count)
      return block
    }
    let values = function.parameters.enumerated().map { index, parameter -> UInt64 in
      switch (parameter.name, parameter.type) {
      case ("error", _): return bits(error)
      case ("context", "const stein_context *"), ("context", "stein_context *"): return context
      case ("dataset", "const stein_dataset *"), ("dataset", "stein_dataset *"): return dataset
      case ("model", _) where function.name == "stein_model_import_weights": return plain
      case ("model", _) where function.name == "stein_sample_labels": return classed
      case ("model", "const stein_model *"), ("model", "stein_model *"): return model
      case ("trainer", _) where function.name == "stein_trainer_set_noise": return noisy
      case ("trainer", _) where function.name == "stein_trainer_set_allreduce": return fresh
      case ("sum", _): return sumOfOne
      case ("ranks", _): return 1
      case ("trainer", "const stein_trainer *"), ("trainer", "stein_trainer *"): return trainer
      case (_, let type) where type.hasSuffix("**"): return bits(output(index, 8))
      case ("options", _), ("allocator", _), ("labels", _), ("start", _), ("finished", _),
        ("monitor", _):
        return 0
      case ("tensor", _): return matrix(8, 3) { Double($0) }
      case ("moved_stream", _): return arrowStream()
      case ("kind", _): return text("model")
      case ("format", _): return text("formula")
      case ("name", _): return text(figure(function.name))
      case ("values", _): return bits(output(index, 24))
      case ("path", _): return text(path(function.name))
      case ("sigmas", _):
        let levels = memory(32)
        for index in 0 ..< 4 {
          levels.storeBytes(of: 0.5 + Double(index), toByteOffset: 8 * index, as: Double.self)
        }
        return TensorSpec(data: levels, ndim: 1, shape: [4]).written()
      case ("noise", "stein_noise_fn"): return noiseFunction
      case ("graph", _) where !parameter.type.hasSuffix("**"): return graph
      case ("density", _) where !parameter.type.hasSuffix("**"): return density
      case ("chains", _) where !parameter.type.hasSuffix("**"): return chains
      case ("d", _): return 3
      case ("function", _): return noiseFunction
      case ("label", _), ("statistics", _), ("known", _), ("deviation", _), ("points", _): return 0
      case ("places", _): return TensorSpec(data: output(index, 72), shape: [3, 3]).written()
      case ("metric", _): return TensorSpec(data: numbersAbove0, ndim: 1, shape: [3]).written()
      case ("matrix", _): return matrix(2, 3) { Double($0) - 2 }
      case ("y", _): return matrix(8, 2) { Double($0 % 5) }
      case ("noise", "const stein_tensor *"): return matrix(8, 3) { Double($0 % 5) - 2 }
      case ("log_weights", _):
        return TensorSpec(data: output(index, 64), ndim: 1, shape: [8]).written()
      case ("draws", _) where function.name == "stein_chains_run":
        let block = output(index, 8 * 2 * 4 * 3)
        return TensorSpec(data: block, ndim: 3, shape: [2, 4, 3]).written()
      case ("draws", _):
        let data = memory(8 * 2 * 8 * 3)
        for place in 0 ..< 48 {
          data.storeBytes(of: Double(place * 7 % 11), toByteOffset: 8 * place, as: Double.self)
        }
        return TensorSpec(data: data, ndim: 3, shape: [2, 8, 3]).written()
      case ("operation", _): return text("multiply")
      case ("inputs", _): return numbers([2, 2])
      case ("count", _): return 2
      case ("value", _): return 0
      case ("node", "int32_t"): return 3
      case ("node", _): return bits(output(index, 4))
      case ("rows", _), ("x", _), ("a", _): return matrix(8, 3) { Double($0 * $0 % 7) * 0.3 }
      case ("scores", _), ("b", _): return matrix(8, 3) { 0.7 - Double($0 * 5 % 11) * 0.2 }
      case ("p_value", _), ("relative", _): return bits(output(index, 8))
      case ("out", _) where function.name == "stein_sample_labels":
        return TensorSpec(data: output(index, 64), ndim: 1, dtype: (0, 64, 1), shape: [8]).written()
      case ("out", "const stein_tensor *"):
        let vector: [Int64] =
          switch function.name {
          case "stein_model_energy", "stein_model_log_likelihood": [8]
          case "stein_model_losses": [64]
          case "stein_model_parameter", "stein_rhat", "stein_effective_sample_size": [3]
          case "stein_model_denoise_error": [4, 3]
          case "stein_density_check": [3, 3]
          case "stein_chains_metric": [2, 3]
          case "stein_model_jacobian", "stein_model_denoise_covariance": [8, 3, 3]
          default: [8, 3]
          }
        let count = Int(vector.reduce(1, *))
        return TensorSpec(data: output(index, 8 * count), ndim: Int32(vector.count), shape: vector)
          .written()
      case ("out", _): return bits(output(index, 8))
      case ("ndim", _): return bits(output(index, 4))
      case ("shape", _): return bits(output(index, 40))
      case ("buffer", _): return bits(output(index, 1 << 16))
      case ("needed", _): return bits(memory(8))
      case ("capacity", _): return 1 << 16
      case ("bytes", _): return bits(modelBytes.0)
      case ("size", _): return UInt64(modelBytes.1)
      case ("sigma", _): return (0.5).bitPattern
      case ("steps", _): return 1
      default: return 0
      }
    }
    return (values, outputs, error)
  }

  /// A parameter of the Gaussian, or a figure that the object has.
  private func figure(_ function: String) -> String {
    switch function {
    case "stein_dataset_get_text": "names"
    case "stein_model_get_text": "family"
    case "stein_trainer_get_numbers": "steps"
    case "stein_trainer_get_text": "objective"
    case "stein_chains_get_numbers": "step_size"
    case "stein_chains_get_text": "statistics"
    default: "mean"
    }
  }

  private func path(_ function: String) -> String {
    switch function {
    case "stein_model_load": folder + "/model"
    case "stein_trainer_resume": folder + "/checkpoint"
    case "stein_chains_resume": folder + "/chains"
    case "stein_dataset_open": folder + "/table.csv"
    case "stein_model_import_weights": folder + "/weights"
    default: folder + "/written"
    }
  }

  /// Layers 3-8-3 of zeros, as PyTorch names them.
  private func writeWeights(_ path: String) {
    let shapes = [
      ("0.weight", "8,3", 24), ("0.bias", "8", 8), ("2.weight", "3,8", 24), ("2.bias", "3", 3),
    ]
    var (entries, end) = ([String](), 0)
    for (name, shape, count) in shapes {
      entries.append(
        "\"\(name)\":{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(end),\(end + 4 * count)]}"
      )
      end += 4 * count
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    let file = fopen(path, "w")
    withUnsafeBytes(of: UInt64(header.count)) { _ = fwrite($0.baseAddress, 1, 8, file) }
    fwrite(header, 1, header.count, file)
    fwrite([UInt8](repeating: 0, count: end), 1, end, file)
    fclose(file)
  }

  private lazy var modelBytes: (UnsafeMutableRawPointer, Int) = {
    let (block, needed) = (memory(1 << 16), memory(8))
    expect("stein_model_write", [model, bits(block), 1 << 16, bits(needed)])
    return (block, Int(needed.load(as: UInt64.self)))
  }()
}

private let numbersAbove0: UnsafeMutableRawPointer = {
  let block = memory(24)
  for index in 0 ..< 3 {
    block.storeBytes(of: 0.5 + Double(index), toByteOffset: 8 * index, as: Double.self)
  }
  return block
}()

/// The sum over one rank.
private let sumOfOne: UInt64 = {
  let function:
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int64, Int32) -> Int32 = {
      _, _, _, _ in 0
    }
  return UInt64(UInt(bitPattern: unsafeBitCast(function, to: UnsafeRawPointer.self)))
}()

/// A noise function that is never called by what the probe does.
private let noiseFunction: UInt64 = {
  let function: @convention(c) (UnsafeMutableRawPointer?) -> Int32 = { _ in 1 }
  return UInt64(UInt(bitPattern: unsafeBitCast(function, to: UnsafeRawPointer.self)))
}()
