// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names and the documentation are those of include/stein.h.

public import CStein
import Stein

/// A graph while it is being written; the boundary lets one call at a time change it.
private final class GraphObject: @unchecked Sendable {
  let context: Context
  var program = GraphProgram()

  init(_ context: Context) { self.context = context }
}

@_cdecl("stein_graph_new") @implementation
public func stein_graph_new(
  _ context: OpaquePointer?, _ graph: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "graph"]) { call in
    let context = unsafe try call.context(context)
    let out = unsafe try call.output(graph, "graph")
    unsafe out.pointee = try HandleTable.shared.insert(GraphObject(context), .graph)
  }
}

@_cdecl("stein_graph_node") @implementation
public func stein_graph_node(
  _ graph: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ inputs: UnsafePointer<Int32>?,
  _ count: Int32, _ options: UnsafePointer<CChar>?, _ value: UnsafePointer<stein_tensor>?,
  _ node: UnsafeMutablePointer<Int32>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(
    error, ["graph", "operation", "inputs", "count", "options", "value", "node"]
  ) { call in
    let graph = unsafe try call.object(
      graph, .graph, as: GraphObject.self, "graph", exclusive: true)
    let operation = unsafe try call.name(operation, "operation")
    guard (0 ... 256).contains(count) else {
      throw SteinError(.badValue, "count is \(count); it is 0 to 256", argument: "count")
    }
    var list: [Int] = []
    if count > 0 {
      guard let inputs = unsafe inputs else {
        throw SteinError(.badPointer, "inputs is NULL, count is \(count)", argument: "inputs")
      }
      guard Int(bitPattern: inputs) % MemoryLayout<Int32>.alignment == 0 else {
        throw SteinError(.badPointer, "inputs is not aligned", argument: "inputs")
      }
      list = (0 ..< Int(count)).map { unsafe Int(inputs[$0]) }
    }
    let options = unsafe try call.options(options)
    let value = unsafe try call.optionalTensor(value, "value")
    let out = unsafe try call.output(node, "node")
    let number = try graph.program.append(
      operation, inputs: list, options: options, value: value?.view)
    unsafe out.pointee = Int32(number)
  }
}

@_cdecl("stein_graph_shape") @implementation
public func stein_graph_shape(
  _ graph: OpaquePointer?, _ node: Int32, _ ndim: UnsafeMutablePointer<Int32>?,
  _ shape: UnsafeMutablePointer<Int64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["graph", "node", "ndim", "shape"]) { call in
    let graph = unsafe try call.object(graph, .graph, as: GraphObject.self, "graph")
    let found = try graph.program.shape(of: Int(node))
    let ndim = unsafe try call.output(ndim, "ndim")
    let shape = unsafe try call.output(shape, "shape")
    unsafe writeShape(found, ndim, shape)
  }
}

@_cdecl("stein_graph_describe") @implementation
public func stein_graph_describe(
  _ graph: OpaquePointer?, _ node: Int32, _ format: UnsafePointer<CChar>?,
  _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ needed: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["graph", "node", "format", "buffer", "capacity", "needed"]) { call in
    let graph = unsafe try call.object(graph, .graph, as: GraphObject.self, "graph")
    let word = unsafe try call.name(format, "format")
    guard let format = GraphFormat(rawValue: word) else {
      let all = GraphFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw SteinError(
        .badValue, "format is '\(word.prefix(32))'; it is one of \(all)", argument: "format")
    }
    let needed = unsafe try call.buffer(needed)
    let text = try graph.program.described(format, node: node == -1 ? nil : Int(node))
    unsafe try call.write(text, buffer, capacity, needed)
  }
}

@_cdecl("stein_graph_free") @implementation
public func stein_graph_free(_ graph: OpaquePointer?) -> stein_status { unsafe free(graph, .graph) }

@_cdecl("stein_model_from_graph") @implementation
public func stein_model_from_graph(
  _ graph: OpaquePointer?, _ node: Int32, _ dataset: OpaquePointer?,
  _ options: UnsafePointer<CChar>?, _ model: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["graph", "node", "dataset", "options", "model"]) { call in
    let graph = unsafe try call.object(graph, .graph, as: GraphObject.self, "graph")
    let dataset = unsafe try call.dataset(dataset)
    let options = unsafe try call.options(options)
    let out = unsafe try call.output(model, "model")
    let made = try Model(
      context: graph.context, graph: graph.program, node: Int(node), dataset: dataset,
      options: options)
    unsafe out.pointee = try HandleTable.shared.insert(made, .model)
  }
}
