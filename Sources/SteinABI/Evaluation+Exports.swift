// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names and the documentation are those of include/stein.h.

public import CStein
import Platform
import Stein

/// What score, denoise and energy share: the same parameters, checked in the same order.
private func evaluate(
  _ model: OpaquePointer?, _ x: UnsafePointer<stein_tensor>?,
  _ labels: UnsafePointer<stein_tensor>?,
  _ sigma: Double, _ out: UnsafePointer<stein_tensor>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?,
  _ body: (Model, TensorView, TensorView?, TensorView, any Monitor) throws -> Void
) -> stein_status {
  unsafe boundary(error, ["model", "x", "labels", "sigma", "out", "monitor"]) { call in
    let model = unsafe try call.model(model)
    let x = unsafe try call.tensor(x, "x")
    let labels = unsafe try call.optionalTensor(labels, "labels")
    guard sigma.isFinite, sigma >= 0 else {
      throw SteinError(.badValue, "sigma is \(sigma); it is 0 or more", argument: "sigma")
    }
    let out = unsafe try call.outputTensor(out, "out", inputs: [x, labels])
    let monitor = unsafe try call.monitor(monitor)
    try body(model, x.view, labels?.view, out, monitor)
  }
}

@_cdecl("stein_model_score") @implementation
public func stein_model_score(
  _ model: OpaquePointer?, _ x: UnsafePointer<stein_tensor>?,
  _ labels: UnsafePointer<stein_tensor>?, _ sigma: Double, _ out: UnsafePointer<stein_tensor>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe evaluate(model, x, labels, sigma, out, monitor, error) { model, x, labels, out, monitor in
    try model.score(x: x, labels: labels, sigma: sigma, out: out, monitor: monitor)
  }
}

@_cdecl("stein_model_denoise") @implementation
public func stein_model_denoise(
  _ model: OpaquePointer?, _ x: UnsafePointer<stein_tensor>?,
  _ labels: UnsafePointer<stein_tensor>?, _ sigma: Double, _ out: UnsafePointer<stein_tensor>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe evaluate(model, x, labels, sigma, out, monitor, error) { model, x, labels, out, monitor in
    try model.denoise(x: x, labels: labels, sigma: sigma, out: out, monitor: monitor)
  }
}

@_cdecl("stein_model_energy") @implementation
public func stein_model_energy(
  _ model: OpaquePointer?, _ x: UnsafePointer<stein_tensor>?,
  _ labels: UnsafePointer<stein_tensor>?, _ sigma: Double, _ out: UnsafePointer<stein_tensor>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe evaluate(model, x, labels, sigma, out, monitor, error) { model, x, labels, out, monitor in
    try model.energy(x: x, labels: labels, sigma: sigma, out: out, monitor: monitor)
  }
}

@_cdecl("stein_model_jacobian") @implementation
public func stein_model_jacobian(
  _ model: OpaquePointer?, _ x: UnsafePointer<stein_tensor>?,
  _ labels: UnsafePointer<stein_tensor>?, _ sigma: Double, _ out: UnsafePointer<stein_tensor>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe evaluate(model, x, labels, sigma, out, monitor, error) { model, x, labels, out, monitor in
    try model.jacobian(x: x, labels: labels, sigma: sigma, out: out, monitor: monitor)
  }
}

@_cdecl("stein_model_denoise_covariance") @implementation
public func stein_model_denoise_covariance(
  _ model: OpaquePointer?, _ x: UnsafePointer<stein_tensor>?,
  _ labels: UnsafePointer<stein_tensor>?, _ sigma: Double, _ out: UnsafePointer<stein_tensor>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe evaluate(model, x, labels, sigma, out, monitor, error) { model, x, labels, out, monitor in
    try model.denoiseCovariance(x: x, labels: labels, sigma: sigma, out: out, monitor: monitor)
  }
}

@_cdecl("stein_model_loss") @implementation
public func stein_model_loss(
  _ model: OpaquePointer?, _ dataset: OpaquePointer?, _ options: UnsafePointer<CChar>?,
  _ out: UnsafeMutablePointer<Double>?, _ monitor: UnsafeMutablePointer<stein_monitor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "dataset", "options", "out", "monitor"]) { call in
    let model = unsafe try call.model(model)
    let dataset = unsafe try call.dataset(dataset)
    let options = unsafe try call.options(options)
    let out = unsafe try call.output(out, "out")
    let monitor = unsafe try call.monitor(monitor)
    unsafe out.pointee = try model.loss(dataset: dataset, options: options, monitor: monitor)
  }
}

@_cdecl("stein_model_losses") @implementation
public func stein_model_losses(
  _ model: OpaquePointer?, _ dataset: OpaquePointer?, _ options: UnsafePointer<CChar>?,
  _ out: UnsafePointer<stein_tensor>?, _ monitor: UnsafeMutablePointer<stein_monitor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "dataset", "options", "out", "monitor"]) { call in
    let model = unsafe try call.model(model)
    let dataset = unsafe try call.dataset(dataset)
    let options = unsafe try call.options(options)
    let out = unsafe try call.outputTensor(out, "out", inputs: [])
    let monitor = unsafe try call.monitor(monitor)
    try model.losses(dataset: dataset, options: options, out: out, monitor: monitor)
  }
}

@_cdecl("stein_model_denoise_error") @implementation
public func stein_model_denoise_error(
  _ model: OpaquePointer?, _ dataset: OpaquePointer?, _ sigmas: UnsafePointer<stein_tensor>?,
  _ options: UnsafePointer<CChar>?, _ out: UnsafePointer<stein_tensor>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "dataset", "sigmas", "options", "out", "monitor"]) { call in
    let model = unsafe try call.model(model)
    let dataset = unsafe try call.dataset(dataset)
    let sigmas = unsafe try call.tensor(sigmas, "sigmas")
    let options = unsafe try call.options(options)
    let out = unsafe try call.outputTensor(out, "out", inputs: [sigmas])
    let monitor = unsafe try call.monitor(monitor)
    let levels = try sigmas.view.column("sigmas")
    guard out.shape == [levels.count, 3] else {
      throw SteinError(
        .badShape, "out has shape \(out.shape); it needs [\(levels.count), 3]", argument: "out")
    }
    let errors = try model.denoisingErrors(
      dataset: dataset, sigmas: levels, options: options, monitor: monitor)
    let row = try Storage<Double>(Memory(), count: 3)
    for (index, found) in errors.enumerated() {
      (row.view[0], row.view[1], row.view[2]) = (found.predicted, found.realised, found.exact)
      out.writeRow(index, from: row.view)
    }
  }
}

extension TensorView {
  /// A short list of numbers from a tensor [k].
  fileprivate func column(_ argument: String) throws -> [Double] {
    guard shape.count == 1, type.isFloat, (1 ... 4096).contains(rows) else {
      throw SteinError(
        .badShape,
        "\(argument) is \(type) of shape \(shape); it needs 1 to 4096 numbers [k], float32 or float64",
        argument: argument)
    }
    let value = try Storage<Double>(Memory(), count: 1)
    return try (0 ..< rows).map { row in
      readRow(row, into: value.view)
      guard value.view[0].isFinite, value.view[0] > 0 else {
        throw SteinError(
          value.view[0].isFinite ? .badValue : .notFinite,
          "value \(row) of \(argument) is \(value.view[0]); it is above 0", argument: argument)
      }
      return value.view[0]
    }
  }
}
