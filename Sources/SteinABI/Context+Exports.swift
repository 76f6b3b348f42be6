// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names and the documentation are those of include/stein.h.

public import CStein
import Platform
import Stein

@_cdecl("stein_context_new") @implementation
public func stein_context_new(
  _ options: UnsafePointer<CChar>?, _ allocator: UnsafePointer<stein_allocator>?,
  _ context: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["options", "allocator", "context"]) { call in
    let options = unsafe try call.options(options)
    let allocator = unsafe try hostAllocator(allocator)
    let out = unsafe try call.output(context, "context")
    let made = try Context(options: options, allocator: allocator)
    unsafe out.pointee = try HandleTable.shared.insert(made, .context)
  }
}

@_cdecl("stein_context_check_trace") @implementation
public func stein_context_check_trace(
  _ context: OpaquePointer?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context"]) { call in
    try unsafe call.context(context).checkTrace()
  }
}

@_cdecl("stein_context_free") @implementation
public func stein_context_free(_ context: OpaquePointer?) -> stein_status {
  unsafe free(context, .context)
}

/// Ends a handle; NULL is none.
func free(_ handle: OpaquePointer?, _ kind: HandleKind) -> stein_status {
  guard unsafe handle != nil else { return stein_status(STEIN_OK) }
  let mode = FloatMode.enterStandard()
  defer { mode.restore() }
  return unsafe stein_status(HandleTable.shared.remove(handle, kind) ? STEIN_OK : STEIN_BAD_HANDLE)
}

private func hostAllocator(_ pointer: UnsafePointer<stein_allocator>?) throws -> Allocator? {
  guard let pointer = unsafe pointer else { return nil }
  func bad(_ what: String) -> SteinError {
    SteinError(.badPointer, "allocator \(what)", argument: "allocator")
  }
  guard unsafe Int(bitPattern: pointer) % MemoryLayout<stein_allocator>.alignment == 0 else {
    throw bad("is not aligned")
  }
  let host = unsafe pointer.pointee
  guard unsafe Int(host.struct_size) >= MemoryLayout<stein_allocator>.size else {
    throw unsafe bad(
      "has struct_size \(host.struct_size), not \(MemoryLayout<stein_allocator>.size)")
  }
  guard let allocate = unsafe host.allocate, let deallocate = unsafe host.deallocate else {
    throw bad("has a function that is NULL")
  }
  nonisolated(unsafe) let user = unsafe host.user
  return unsafe Allocator(
    allocate: { bytes, alignment in unsafe allocate(user, UInt64(bytes), UInt64(alignment)) },
    deallocate: { memory, bytes, alignment in
      unsafe deallocate(user, memory, UInt64(bytes), UInt64(alignment))
    })
}
