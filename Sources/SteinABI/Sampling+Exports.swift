// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names and the documentation are those of include/stein.h.

public import CStein
import Platform
import Stein

@_cdecl("stein_sample") @implementation
public func stein_sample(
  _ model: OpaquePointer?, _ start: UnsafePointer<stein_tensor>?,
  _ labels: UnsafePointer<stein_tensor>?, _ options: UnsafePointer<CChar>?,
  _ out: UnsafePointer<stein_tensor>?, _ monitor: UnsafeMutablePointer<stein_monitor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "start", "labels", "options", "out", "monitor"]) { call in
    let model = unsafe try call.model(model)
    let start = unsafe try call.optionalTensor(start, "start")
    let labels = unsafe try call.optionalTensor(labels, "labels")
    let options = unsafe try call.options(options)
    let out = unsafe try call.outputTensor(out, "out", inputs: [start, labels])
    let monitor = unsafe try call.monitor(monitor)
    try model.sample(
      start: start?.view, labels: labels?.view, options: options, out: out, monitor: monitor)
  }
}

@_cdecl("stein_sample_labels") @implementation
public func stein_sample_labels(
  _ model: OpaquePointer?, _ options: UnsafePointer<CChar>?, _ out: UnsafePointer<stein_tensor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "options", "out"]) { call in
    let model = unsafe try call.model(model)
    let options = unsafe try call.options(options)
    let out = unsafe try call.outputLabels(out, "out")
    try model.sampleLabels(options: options, out: out)
  }
}

@_cdecl("stein_sample_weighted") @implementation
public func stein_sample_weighted(
  _ model: OpaquePointer?, _ labels: UnsafePointer<stein_tensor>?,
  _ options: UnsafePointer<CChar>?, _ out: UnsafePointer<stein_tensor>?,
  _ log_weights: UnsafePointer<stein_tensor>?, _ monitor: UnsafeMutablePointer<stein_monitor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "labels", "options", "out", "log_weights", "monitor"]) { call in
    let model = unsafe try call.model(model)
    let labels = unsafe try call.optionalTensor(labels, "labels")
    let options = unsafe try call.options(options)
    let rows = unsafe try call.outputTensor(out, "out", inputs: [labels])
    let weights = unsafe try call.outputTensor(log_weights, "log_weights", inputs: [labels])
    unsafe try call.checkApart(out, log_weights, "log_weights")
    let monitor = unsafe try call.monitor(monitor)
    try model.sampleWeighted(
      labels: labels?.view, options: options, out: rows, logWeights: weights, monitor: monitor)
  }
}

@_cdecl("stein_impute") @implementation
public func stein_impute(
  _ model: OpaquePointer?, _ x: UnsafePointer<stein_tensor>?,
  _ known: UnsafePointer<stein_tensor>?, _ labels: UnsafePointer<stein_tensor>?,
  _ options: UnsafePointer<CChar>?, _ out: UnsafePointer<stein_tensor>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "x", "known", "labels", "options", "out", "monitor"]) { call in
    let model = unsafe try call.model(model)
    let x = unsafe try call.tensor(x, "x")
    let known = unsafe try call.optionalTensor(known, "known")
    let labels = unsafe try call.optionalTensor(labels, "labels")
    let options = unsafe try call.options(options)
    let out = unsafe try call.outputTensor(out, "out", inputs: [x, known, labels])
    let monitor = unsafe try call.monitor(monitor)
    try model.impute(
      x: x.view, known: known?.view, labels: labels?.view, options: options, out: out,
      monitor: monitor)
  }
}

@_cdecl("stein_sample_posterior") @implementation
public func stein_sample_posterior(
  _ model: OpaquePointer?, _ matrix: UnsafePointer<stein_tensor>?,
  _ y: UnsafePointer<stein_tensor>?, _ labels: UnsafePointer<stein_tensor>?,
  _ options: UnsafePointer<CChar>?, _ out: UnsafePointer<stein_tensor>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "matrix", "y", "labels", "options", "out", "monitor"]) { call in
    let model = unsafe try call.model(model)
    let matrix = unsafe try call.tensor(matrix, "matrix")
    let y = unsafe try call.tensor(y, "y")
    let labels = unsafe try call.optionalTensor(labels, "labels")
    let options = unsafe try call.options(options)
    let out = unsafe try call.outputTensor(out, "out", inputs: [matrix, y, labels])
    let monitor = unsafe try call.monitor(monitor)
    try model.samplePosterior(
      matrix: matrix.view, y: y.view, labels: labels?.view, options: options, out: out,
      monitor: monitor)
  }
}

@_cdecl("stein_encode") @implementation
public func stein_encode(
  _ model: OpaquePointer?, _ x: UnsafePointer<stein_tensor>?,
  _ labels: UnsafePointer<stein_tensor>?, _ options: UnsafePointer<CChar>?,
  _ out: UnsafePointer<stein_tensor>?, _ monitor: UnsafeMutablePointer<stein_monitor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "x", "labels", "options", "out", "monitor"]) { call in
    let model = unsafe try call.model(model)
    let x = unsafe try call.tensor(x, "x")
    let labels = unsafe try call.optionalTensor(labels, "labels")
    let options = unsafe try call.options(options)
    let out = unsafe try call.outputTensor(out, "out", inputs: [x, labels])
    let monitor = unsafe try call.monitor(monitor)
    try model.encode(
      x: x.view, labels: labels?.view, options: options, out: out, monitor: monitor)
  }
}

@_cdecl("stein_decode") @implementation
public func stein_decode(
  _ model: OpaquePointer?, _ noise: UnsafePointer<stein_tensor>?,
  _ labels: UnsafePointer<stein_tensor>?, _ options: UnsafePointer<CChar>?,
  _ out: UnsafePointer<stein_tensor>?, _ monitor: UnsafeMutablePointer<stein_monitor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "noise", "labels", "options", "out", "monitor"]) { call in
    let model = unsafe try call.model(model)
    let noise = unsafe try call.tensor(noise, "noise")
    let labels = unsafe try call.optionalTensor(labels, "labels")
    let options = unsafe try call.options(options)
    let out = unsafe try call.outputTensor(out, "out", inputs: [noise, labels])
    let monitor = unsafe try call.monitor(monitor)
    try model.decode(
      noise: noise.view, labels: labels?.view, options: options, out: out, monitor: monitor)
  }
}

@_cdecl("stein_model_log_likelihood") @implementation
public func stein_model_log_likelihood(
  _ model: OpaquePointer?, _ x: UnsafePointer<stein_tensor>?,
  _ labels: UnsafePointer<stein_tensor>?, _ options: UnsafePointer<CChar>?,
  _ out: UnsafePointer<stein_tensor>?, _ deviation: UnsafePointer<stein_tensor>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "x", "labels", "options", "out", "deviation", "monitor"]) {
    call in
    let model = unsafe try call.model(model)
    let x = unsafe try call.tensor(x, "x")
    let labels = unsafe try call.optionalTensor(labels, "labels")
    let options = unsafe try call.options(options)
    let values = unsafe try call.outputTensor(out, "out", inputs: [x, labels])
    var deviations: TensorView?
    if unsafe deviation != nil {
      deviations = unsafe try call.outputTensor(deviation, "deviation", inputs: [x, labels])
      unsafe try call.checkApart(out, deviation, "deviation")
    }
    let monitor = unsafe try call.monitor(monitor)
    try model.logLikelihood(
      x: x.view, labels: labels?.view, options: options, out: values, deviation: deviations,
      monitor: monitor)
  }
}
