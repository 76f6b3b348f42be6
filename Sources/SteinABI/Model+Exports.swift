// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names and the documentation are those of include/stein.h.

public import CStein
import Platform
import Stein

@_cdecl("stein_model_new") @implementation
public func stein_model_new(
  _ context: OpaquePointer?, _ dataset: OpaquePointer?, _ options: UnsafePointer<CChar>?,
  _ model: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "dataset", "options", "model"]) { call in
    let context = unsafe try call.context(context)
    let dataset = unsafe try call.dataset(dataset)
    let options = unsafe try call.options(options)
    let out = unsafe try call.output(model, "model")
    let made = try Model(context: context, dataset: dataset, options: options)
    unsafe out.pointee = try HandleTable.shared.insert(made, .model)
  }
}

@_cdecl("stein_model_load") @implementation
public func stein_model_load(
  _ context: OpaquePointer?, _ path: UnsafePointer<CChar>?,
  _ model: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "path", "model"]) { call in
    let context = unsafe try call.context(context)
    let path = unsafe try call.path(path)
    let out = unsafe try call.output(model, "model")
    let made = try Model(context: context, path: path)
    unsafe out.pointee = try HandleTable.shared.insert(made, .model)
  }
}

@_cdecl("stein_model_save") @implementation
public func stein_model_save(
  _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "path"]) { call in
    let model = unsafe try call.model(model)
    let path = unsafe try call.path(path)
    try model.save(path: path)
  }
}

@_cdecl("stein_model_import_weights") @implementation
public func stein_model_import_weights(
  _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "path", "options"]) { call in
    let model = unsafe try call.model(model)
    let path = unsafe try call.path(path)
    let options = unsafe try call.options(options)
    try model.importWeights(path: path, options: options)
  }
}

@_cdecl("stein_model_export_onnx") @implementation
public func stein_model_export_onnx(
  _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "path"]) { call in
    let model = unsafe try call.model(model)
    let path = unsafe try call.path(path)
    try model.exportONNX(path: path)
  }
}

@_cdecl("stein_model_write") @implementation
public func stein_model_write(
  _ model: OpaquePointer?, _ buffer: UnsafeMutableRawPointer?, _ capacity: UInt64,
  _ needed: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "buffer", "capacity", "needed"]) { call in
    let model = unsafe try call.model(model)
    let needed = unsafe try call.buffer(needed)
    let bytes = try model.serialized()
    unsafe try call.write(bytes.view, buffer, capacity, needed)
  }
}

@_cdecl("stein_model_read") @implementation
public func stein_model_read(
  _ context: OpaquePointer?, _ bytes: UnsafeRawPointer?, _ size: UInt64,
  _ model: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "bytes", "size", "model"]) { call in
    let context = unsafe try call.context(context)
    guard let bytes = unsafe bytes else {
      throw SteinError(.badPointer, "bytes is NULL", argument: "bytes")
    }
    guard let count = Int(exactly: size), count < 1 << 48 else {
      throw SteinError(.badValue, "size is \(size), which no memory holds", argument: "size")
    }
    let out = unsafe try call.output(model, "model")
    let start = unsafe UnsafeMutableRawPointer(mutating: bytes).assumingMemoryBound(to: UInt8.self)
    let view = unsafe View(base: start, count: count)
    let made = try Model(context: context, bytes: view)
    unsafe out.pointee = try HandleTable.shared.insert(made, .model)
  }
}

@_cdecl("stein_model_describe") @implementation
public func stein_model_describe(
  _ model: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ needed: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "buffer", "capacity", "needed"]) { call in
    let model = unsafe try call.model(model)
    let needed = unsafe try call.buffer(needed)
    unsafe try call.write(model.describe(), buffer, capacity, needed)
  }
}

@_cdecl("stein_model_get_numbers") @implementation
public func stein_model_get_numbers(
  _ model: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ values: UnsafeMutablePointer<Double>?,
  _ capacity: UInt64, _ needed: UnsafeMutablePointer<UInt64>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "name", "values", "capacity", "needed"]) { call in
    let object = unsafe try call.model(model)
    unsafe try call.writeNumbers(of: object, name, values, capacity, needed)
  }
}

@_cdecl("stein_model_get_text") @implementation
public func stein_model_get_text(
  _ model: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ index: Int64,
  _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ needed: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "name", "index", "buffer", "capacity", "needed"]) { call in
    let object = unsafe try call.model(model)
    unsafe try call.writeText(of: object, name, index, buffer, capacity, needed)
  }
}

@_cdecl("stein_model_shape") @implementation
public func stein_model_shape(
  _ model: OpaquePointer?, _ ndim: UnsafeMutablePointer<Int32>?,
  _ shape: UnsafeMutablePointer<Int64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "ndim", "shape"]) { call in
    let model = unsafe try call.model(model)
    let ndim = unsafe try call.output(ndim, "ndim")
    let shape = unsafe try call.output(shape, "shape")
    unsafe writeShape(model.shape, ndim, shape)
  }
}

@_cdecl("stein_model_parameter") @implementation
public func stein_model_parameter(
  _ model: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ ndim: UnsafeMutablePointer<Int32>?,
  _ shape: UnsafeMutablePointer<Int64>?, _ out: UnsafePointer<stein_tensor>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "name", "ndim", "shape", "out"]) { call in
    let model = unsafe try call.model(model)
    let name = unsafe try call.name(name, "name")
    let ndim = unsafe try ndim.map { unsafe try call.output($0, "ndim") }
    let shape = unsafe try shape.map { unsafe try call.output($0, "shape") }
    let tensor = unsafe try out.map { unsafe try call.outputTensor($0, "out", inputs: []) }
    let parameter = try model.parameter(name: name)
    if let tensor { try copy(parameter.values, parameter.shape, to: tensor) }
    if let ndim = unsafe ndim { unsafe ndim.pointee = Int32(parameter.shape.count) }
    if let shape = unsafe shape {
      for (axis, length) in parameter.shape.enumerated() { unsafe shape[axis] = Int64(length) }
    }
  }
}

/// Copies a parameter into a tensor of its shape.
private func copy(_ values: View<Float>, _ shape: [Int], to tensor: TensorView) throws {
  guard tensor.shape == shape else {
    throw SteinError(
      .badShape, "out has shape \(tensor.shape), the parameter \(shape)", argument: "out")
  }
  let row = try Storage<Double>(Memory(), count: tensor.rowCount)
  for r in 0 ..< tensor.rows {
    for c in 0 ..< tensor.rowCount { row.view[c] = Double(values[r * tensor.rowCount + c]) }
    tensor.writeRow(r, from: row.view)
  }
}

@_cdecl("stein_model_free") @implementation
public func stein_model_free(_ model: OpaquePointer?) -> stein_status { unsafe free(model, .model) }
