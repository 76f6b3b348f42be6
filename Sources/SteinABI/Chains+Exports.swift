// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names and the documentation are those of include/stein.h.

public import CStein
import Platform
import Stein

@_cdecl("stein_density_new") @implementation
public func stein_density_new(
  _ context: OpaquePointer?, _ d: Int64, _ function: stein_density_fn?,
  _ user: UnsafeMutableRawPointer?, _ release: stein_release_fn?,
  _ density: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  // Made first, so that `user` is released whatever happens.
  let host = unsafe HostDensity(
    Int(clamping: max(0, min(d, 1 << 30))), function, user: user, release: release)
  return unsafe boundary(
    error, ["context", "d", "function", "user", "release", "density"]
  ) { call in
    let context = unsafe try call.context(context)
    guard (1 ... 1 << 30).contains(d) else {
      throw SteinError(.badValue, "d is \(d); it is 1 to 2^30", argument: "d")
    }
    guard host.isSet else {
      throw SteinError(.badPointer, "function is NULL", argument: "function")
    }
    let out = unsafe try call.output(density, "density")
    unsafe out.pointee = try HandleTable.shared.insert(DensityObject(context, host), .density)
  }
}

@_cdecl("stein_density_from_model") @implementation
public func stein_density_from_model(
  _ model: OpaquePointer?, _ label: UnsafePointer<stein_tensor>?, _ sigma: Double,
  _ density: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "label", "sigma", "density"]) { call in
    let model = unsafe try call.model(model)
    let label = unsafe try call.optionalTensor(label, "label")
    guard sigma.isFinite, sigma >= 0 else {
      throw SteinError(.badValue, "sigma is \(sigma); it is 0 or more", argument: "sigma")
    }
    let out = unsafe try call.output(density, "density")
    let made = try ModelDensity(model, label: label?.view, sigma: sigma)
    unsafe out.pointee = try HandleTable.shared.insert(
      DensityObject(model.context, made), .density)
  }
}

@_cdecl("stein_density_check") @implementation
public func stein_density_check(
  _ density: OpaquePointer?, _ points: UnsafePointer<stein_tensor>?,
  _ out: UnsafePointer<stein_tensor>?, _ places: UnsafePointer<stein_tensor>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["density", "points", "out", "places", "monitor"]) { call in
    let density = unsafe try call.object(density, .density, as: DensityObject.self, "density")
    let points = unsafe try call.optionalTensor(points, "points")
    let inputs = points.map { [$0] } ?? []
    let first = unsafe try call.outputTensor(out, "out", inputs: inputs)
    var second: TensorView?
    if unsafe places != nil {
      second = unsafe try call.outputTensor(places, "places", inputs: inputs)
      unsafe try call.checkApart(out, places, "places")
    }
    let monitor = unsafe try call.monitor(monitor)
    let d = density.density.dimension
    func needs(_ tensor: TensorView?, _ argument: String, _ shape: [Int]) throws {
      guard let tensor, tensor.shape != shape else { return }
      throw SteinError(
        .badShape, "\(argument) has shape \(tensor.shape); it needs \(shape)", argument: argument)
    }
    try needs(points?.view, "points", [max(points?.view.rows ?? 1, 1), d])
    try needs(first, "out", [d, 3])
    try needs(second, "places", [d, d])
    let memory = density.context.memory
    let figures = try Storage<Double>(memory, count: 3 * d).view
    let found = second == nil ? nil : try Storage<Double>(memory, count: d * d).view
    (density.density as? HostDensity)?.hostMode = call.hostMode
    do {
      try DensityCheck(density.density, memory: memory).run(
        points: points?.view, out: figures, places: found, monitor: monitor)
    } catch let error as SteinError where error.code == .callbackFailed {
      let isDensity = error.argument == "chains"
      throw SteinError(
        .callbackFailed, error.message, argument: isDensity ? "density" : error.argument,
        callbackCode: error.callbackCode)
    }
    for j in 0 ..< d {
      first.writeRow(j, from: figures.slice(3 * j, 3))
      if let second, let found { second.writeRow(j, from: found.slice(j * d, d)) }
    }
  }
}

@_cdecl("stein_density_free") @implementation
public func stein_density_free(_ density: OpaquePointer?) -> stein_status {
  unsafe free(density, .density)
}

@_cdecl("stein_chains_new") @implementation
public func stein_chains_new(
  _ density: OpaquePointer?, _ options: UnsafePointer<CChar>?,
  _ start: UnsafePointer<stein_tensor>?,
  _ chains: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["density", "options", "start", "chains"]) { call in
    let density = unsafe try call.object(density, .density, as: DensityObject.self, "density")
    let options = unsafe try call.options(options)
    let start = unsafe try call.optionalTensor(start, "start")
    let out = unsafe try call.output(chains, "chains")
    let made = try Chains(
      density.density, context: density.context, start: start?.view, options: options)
    unsafe out.pointee = try HandleTable.shared.insert(
      ChainsObject(made, density.density), .chains)
  }
}

@_cdecl("stein_chains_run") @implementation
public func stein_chains_run(
  _ chains: OpaquePointer?, _ draws: UnsafePointer<stein_tensor>?,
  _ statistics: UnsafePointer<stein_tensor>?, _ monitor: UnsafeMutablePointer<stein_monitor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["chains", "draws", "statistics", "monitor"]) { call in
    let object = unsafe try call.object(
      chains, .chains, as: ChainsObject.self, "chains", exclusive: true)
    let rows = unsafe try call.outputTensor(draws, "draws", inputs: [])
    var second: TensorView?
    if unsafe statistics != nil {
      second = unsafe try call.outputTensor(statistics, "statistics", inputs: [])
      unsafe try call.checkApart(draws, statistics, "statistics")
    }
    let monitor = unsafe try call.monitor(monitor)
    (object.density as? HostDensity)?.hostMode = call.hostMode
    try object.chains.run(draws: rows, statistics: second, monitor: monitor)
  }
}

@_cdecl("stein_chains_describe") @implementation
public func stein_chains_describe(
  _ chains: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ needed: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["chains", "buffer", "capacity", "needed"]) { call in
    let object = unsafe try call.object(chains, .chains, as: ChainsObject.self, "chains")
    let needed = unsafe try call.buffer(needed)
    unsafe try call.write(object.chains.describe(), buffer, capacity, needed)
  }
}

@_cdecl("stein_chains_get_numbers") @implementation
public func stein_chains_get_numbers(
  _ chains: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ values: UnsafeMutablePointer<Double>?,
  _ capacity: UInt64, _ needed: UnsafeMutablePointer<UInt64>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["chains", "name", "values", "capacity", "needed"]) { call in
    let object = unsafe try call.object(chains, .chains, as: ChainsObject.self, "chains").chains
    unsafe try call.writeNumbers(of: object, name, values, capacity, needed)
  }
}

@_cdecl("stein_chains_get_text") @implementation
public func stein_chains_get_text(
  _ chains: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ index: Int64,
  _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ needed: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["chains", "name", "index", "buffer", "capacity", "needed"]) { call in
    let object = unsafe try call.object(chains, .chains, as: ChainsObject.self, "chains").chains
    unsafe try call.writeText(of: object, name, index, buffer, capacity, needed)
  }
}

@_cdecl("stein_chains_save") @implementation
public func stein_chains_save(
  _ chains: OpaquePointer?, _ path: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["chains", "path"]) { call in
    let object = unsafe try call.object(chains, .chains, as: ChainsObject.self, "chains")
    let path = unsafe try call.path(path)
    try object.chains.save(path: path)
  }
}

@_cdecl("stein_chains_resume") @implementation
public func stein_chains_resume(
  _ density: OpaquePointer?, _ path: UnsafePointer<CChar>?,
  _ chains: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["density", "path", "chains"]) { call in
    let density = unsafe try call.object(density, .density, as: DensityObject.self, "density")
    let path = unsafe try call.path(path)
    let out = unsafe try call.output(chains, "chains")
    let made = try Chains.resume(density.density, context: density.context, path: path)
    unsafe out.pointee = try HandleTable.shared.insert(
      ChainsObject(made, density.density), .chains)
  }
}

@_cdecl("stein_chains_metric") @implementation
public func stein_chains_metric(
  _ chains: OpaquePointer?, _ out: UnsafePointer<stein_tensor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["chains", "out"]) { call in
    let object = unsafe try call.object(chains, .chains, as: ChainsObject.self, "chains")
    let out = unsafe try call.outputTensor(out, "out", inputs: [])
    try object.chains.metric(into: out)
  }
}

@_cdecl("stein_chains_set_metric") @implementation
public func stein_chains_set_metric(
  _ chains: OpaquePointer?, _ metric: UnsafePointer<stein_tensor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["chains", "metric"]) { call in
    let object = unsafe try call.object(
      chains, .chains, as: ChainsObject.self, "chains", exclusive: true)
    let metric = unsafe try call.tensor(metric, "metric")
    try object.chains.setMetric(metric.view)
  }
}

@_cdecl("stein_chains_free") @implementation
public func stein_chains_free(_ chains: OpaquePointer?) -> stein_status {
  unsafe free(chains, .chains)
}

@_cdecl("stein_rhat") @implementation
public func stein_rhat(
  _ context: OpaquePointer?, _ draws: UnsafePointer<stein_tensor>?,
  _ out: UnsafePointer<stein_tensor>?, _ monitor: UnsafeMutablePointer<stein_monitor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "draws", "out", "monitor"]) { call in
    unsafe try byCoordinate(call, context, draws, out, monitor) { try $0.rHat($1) }
  }
}

@_cdecl("stein_effective_sample_size") @implementation
public func stein_effective_sample_size(
  _ context: OpaquePointer?, _ draws: UnsafePointer<stein_tensor>?,
  _ options: UnsafePointer<CChar>?,
  _ out: UnsafePointer<stein_tensor>?, _ monitor: UnsafeMutablePointer<stein_monitor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "draws", "options", "out", "monitor"]) { call in
    let kind = try Convergence.Kind(options: unsafe call.options(options))
    unsafe try byCoordinate(call, context, draws, out, monitor) {
      try $0.effectiveSampleSize(kind, $1)
    }
  }
}

/// A figure for each coordinate of draws [chains, n, d] into out [d].
private func byCoordinate(
  _ call: Call, _ context: OpaquePointer?, _ draws: UnsafePointer<stein_tensor>?,
  _ out: UnsafePointer<stein_tensor>?, _ monitor: UnsafeMutablePointer<stein_monitor>?,
  _ body: (Convergence, View<Double>) throws -> Void
) throws {
  let context = unsafe try call.context(context)
  let draws = unsafe try call.tensor(draws, "draws")
  let out = unsafe try call.outputTensor(out, "out", inputs: [draws])
  let monitor = unsafe try call.monitor(monitor)
  let convergence = try Convergence(draws.view, memory: context.memory, monitor: monitor)
  let d = draws.view.shape[2]
  guard out.shape == [d] else {
    throw SteinError(
      .badShape, "out has shape \(out.shape); it needs [\(d)]", argument: "out")
  }
  let values = try Storage<Double>(context.memory, count: d)
  try body(convergence, values.view)
  for column in 0 ..< d { out.writeRow(column, from: values.view.slice(column, 1)) }
}
