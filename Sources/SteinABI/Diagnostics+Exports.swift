// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names and the documentation are those of include/stein.h.

public import CStein
import Platform
import Stein

@_cdecl("stein_kernel_stein_discrepancy") @implementation
public func stein_kernel_stein_discrepancy(
  _ context: OpaquePointer?, _ x: UnsafePointer<stein_tensor>?,
  _ scores: UnsafePointer<stein_tensor>?, _ options: UnsafePointer<CChar>?,
  _ out: UnsafeMutablePointer<Double>?, _ p_value: UnsafeMutablePointer<Double>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(
    error, ["context", "x", "scores", "options", "out", "p_value", "monitor"]
  ) { call in
    let context = unsafe try call.context(context)
    let x = unsafe try call.tensor(x, "x")
    let scores = unsafe try call.tensor(scores, "scores")
    let options = unsafe try call.options(options)
    let (out, pValue) = unsafe try call.outputs(out, p_value, "p_value")
    let monitor = unsafe try call.monitor(monitor)
    let found = try SteinDiscrepancy(
      context, x: x.view, scores: scores.view, options: options, monitor: monitor
    ).measure(withPValue: unsafe pValue != nil)
    unsafe write(found.value, found.pValue, out, pValue)
  }
}

@_cdecl("stein_fisher_divergence") @implementation
public func stein_fisher_divergence(
  _ model: OpaquePointer?, _ x: UnsafePointer<stein_tensor>?,
  _ labels: UnsafePointer<stein_tensor>?, _ scores: UnsafePointer<stein_tensor>?,
  _ sigma: Double, _ out: UnsafeMutablePointer<Double>?,
  _ relative: UnsafeMutablePointer<Double>?, _ monitor: UnsafeMutablePointer<stein_monitor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(
    error, ["model", "x", "labels", "scores", "sigma", "out", "relative", "monitor"]
  ) { call in
    let model = unsafe try call.model(model)
    let x = unsafe try call.tensor(x, "x")
    let labels = unsafe try call.optionalTensor(labels, "labels")
    let scores = unsafe try call.tensor(scores, "scores")
    guard sigma.isFinite, sigma >= 0 else {
      throw SteinError(.badValue, "sigma is \(sigma); it is 0 or more", argument: "sigma")
    }
    let (out, relative) = unsafe try call.outputs(out, relative, "relative")
    let monitor = unsafe try call.monitor(monitor)
    let found = try model.fisherDivergence(
      x: x.view, labels: labels?.view, scores: scores.view, sigma: sigma,
      withRelative: unsafe relative != nil, monitor: monitor)
    unsafe write(found.divergence, found.relative, out, relative)
  }
}

@_cdecl("stein_sliced_wasserstein") @implementation
public func stein_sliced_wasserstein(
  _ context: OpaquePointer?, _ a: UnsafePointer<stein_tensor>?, _ b: UnsafePointer<stein_tensor>?,
  _ options: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<Double>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "a", "b", "options", "out", "monitor"]) { call in
    let context = unsafe try call.context(context)
    let a = unsafe try call.tensor(a, "a")
    let b = unsafe try call.tensor(b, "b")
    let options = unsafe try call.options(options)
    let out = unsafe try call.output(out, "out")
    let monitor = unsafe try call.monitor(monitor)
    unsafe out.pointee = try SlicedWasserstein(
      context, a: a.view, b: b.view, options: options, monitor: monitor
    ).measure()
  }
}

@_cdecl("stein_maximum_mean_discrepancy") @implementation
public func stein_maximum_mean_discrepancy(
  _ context: OpaquePointer?, _ a: UnsafePointer<stein_tensor>?, _ b: UnsafePointer<stein_tensor>?,
  _ options: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<Double>?,
  _ p_value: UnsafeMutablePointer<Double>?, _ monitor: UnsafeMutablePointer<stein_monitor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "a", "b", "options", "out", "p_value", "monitor"]) { call in
    let context = unsafe try call.context(context)
    let a = unsafe try call.tensor(a, "a")
    let b = unsafe try call.tensor(b, "b")
    let options = unsafe try call.options(options)
    let (out, pValue) = unsafe try call.outputs(out, p_value, "p_value")
    let monitor = unsafe try call.monitor(monitor)
    let found = try MeanDiscrepancy(
      context, a: a.view, b: b.view, options: options, monitor: monitor
    ).measure(withPValue: unsafe pValue != nil)
    unsafe write(found.value, found.pValue, out, pValue)
  }
}

private typealias Number = UnsafeMutablePointer<Double>

extension Call {
  /// Memory for a figure, and for a second one that may be NULL.
  fileprivate func outputs(_ out: Number?, _ second: Number?, _ name: String) throws -> (
    Number, Number?
  ) {
    let first = unsafe try output(out, "out")
    guard unsafe second != nil else { return unsafe (first, nil) }
    let other = unsafe try output(second, name)
    guard unsafe first != other else {
      throw SteinError(.badShape, "\(name) is the same memory as out", argument: name)
    }
    return unsafe (first, other)
  }
}

private func write(_ value: Double, _ other: Double?, _ out: Number, _ second: Number?) {
  unsafe out.pointee = value
  if let other, let second = unsafe second { unsafe second.pointee = other }
}
