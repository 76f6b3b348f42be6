// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names and the documentation are those of include/stein.h.

import CArrow
public import CStein
import Stein

@_cdecl("stein_dataset_new") @implementation
public func stein_dataset_new(
  _ context: OpaquePointer?, _ rows: UnsafePointer<stein_tensor>?,
  _ labels: UnsafePointer<stein_tensor>?, _ options: UnsafePointer<CChar>?,
  _ dataset: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "rows", "labels", "options", "dataset"]) { call in
    let context = unsafe try call.context(context)
    let rows = unsafe try call.tensor(rows, "rows")
    let labels = unsafe try call.optionalTensor(labels, "labels")
    let options = unsafe try call.options(options)
    let out = unsafe try call.output(dataset, "dataset")
    let made = try Dataset(
      context: context, rows: rows.view, labels: labels?.view, options: options)
    unsafe out.pointee = try HandleTable.shared.insert(made, .dataset)
  }
}

@_cdecl("stein_dataset_open") @implementation
public func stein_dataset_open(
  _ context: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<CChar>?,
  _ dataset: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "path", "options", "dataset"]) { call in
    let context = unsafe try call.context(context)
    let path = unsafe try call.path(path)
    let options = unsafe try call.options(options)
    let out = unsafe try call.output(dataset, "dataset")
    let made = try Dataset(context: context, path: path, options: options)
    unsafe out.pointee = try HandleTable.shared.insert(made, .dataset)
  }
}

@_cdecl("stein_tensor_save") @implementation
public func stein_tensor_save(
  _ context: OpaquePointer?, _ tensor: UnsafePointer<stein_tensor>?, _ path: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "tensor", "path"]) { call in
    let context = unsafe try call.context(context)
    let tensor = unsafe try call.tensor(tensor, "tensor")
    let path = unsafe try call.path(path)
    try tensor.view.save(path: path, memory: context.memory)
  }
}

@_cdecl("stein_dataset_move_arrow") @implementation
public func stein_dataset_move_arrow(
  _ context: OpaquePointer?, _ moved_stream: OpaquePointer?,
  _ options: UnsafePointer<CChar>?, _ dataset: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "moved_stream", "options", "dataset"]) { call in
    let given = unsafe moved_stream.map { unsafe UnsafeMutablePointer<carrow_stream>($0) }
    let stream = unsafe try call.output(given, "moved_stream")
    // Before anything can fail: the stream is ours.
    let arrow = unsafe HostArrow(stream, hostMode: call.hostMode)
    let context = unsafe try call.context(context)
    let options = unsafe try call.options(options)
    let out = unsafe try call.output(dataset, "dataset")
    guard unsafe stream.pointee.release != nil else {
      throw SteinError(.badState, "the stream was released already", argument: "moved_stream")
    }
    let made = try Dataset(context: context, options: options) { wanted in
      try arrow.table(wanted, memory: context.memory)
    }
    unsafe out.pointee = try HandleTable.shared.insert(made, .dataset)
  }
}

@_cdecl("stein_dataset_describe") @implementation
public func stein_dataset_describe(
  _ dataset: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ needed: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["dataset", "buffer", "capacity", "needed"]) { call in
    let dataset = unsafe try call.dataset(dataset)
    let needed = unsafe try call.buffer(needed)
    unsafe try call.write(dataset.describe(), buffer, capacity, needed)
  }
}

@_cdecl("stein_dataset_get_numbers") @implementation
public func stein_dataset_get_numbers(
  _ dataset: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ values: UnsafeMutablePointer<Double>?,
  _ capacity: UInt64, _ needed: UnsafeMutablePointer<UInt64>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["dataset", "name", "values", "capacity", "needed"]) { call in
    let object = unsafe try call.dataset(dataset)
    unsafe try call.writeNumbers(of: object, name, values, capacity, needed)
  }
}

@_cdecl("stein_dataset_get_text") @implementation
public func stein_dataset_get_text(
  _ dataset: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ index: Int64,
  _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ needed: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["dataset", "name", "index", "buffer", "capacity", "needed"]) { call in
    let object = unsafe try call.dataset(dataset)
    unsafe try call.writeText(of: object, name, index, buffer, capacity, needed)
  }
}

@_cdecl("stein_dataset_shape") @implementation
public func stein_dataset_shape(
  _ dataset: OpaquePointer?, _ ndim: UnsafeMutablePointer<Int32>?,
  _ shape: UnsafeMutablePointer<Int64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["dataset", "ndim", "shape"]) { call in
    let dataset = unsafe try call.dataset(dataset)
    let ndim = unsafe try call.output(ndim, "ndim")
    let shape = unsafe try call.output(shape, "shape")
    unsafe writeShape(dataset.shape, ndim, shape)
  }
}

/// At most 5 lengths.
func writeShape(
  _ lengths: [Int], _ ndim: UnsafeMutablePointer<Int32>, _ shape: UnsafeMutablePointer<Int64>
) {
  unsafe ndim.pointee = Int32(lengths.count)
  for (axis, length) in lengths.enumerated() { unsafe shape[axis] = Int64(length) }
}

@_cdecl("stein_dataset_free") @implementation
public func stein_dataset_free(_ dataset: OpaquePointer?) -> stein_status {
  unsafe free(dataset, .dataset)
}
