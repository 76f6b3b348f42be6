// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names and the documentation are those of include/stein.h.

public import CStein
import Stein

private let version: StaticString = "0.1.0"

/// Text that lives as long as the library.
private func constant(_ text: StaticString) -> UnsafePointer<CChar>? {
  unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

@_cdecl("stein_version") @implementation
public func stein_version() -> UnsafePointer<CChar>? { unsafe constant(version) }

@_cdecl("stein_status_name") @implementation
public func stein_status_name(_ status: stein_status) -> UnsafePointer<CChar>? {
  let name: StaticString =
    switch Int(status) {
    case 0: "STEIN_OK"
    case 101: "STEIN_BAD_POINTER"
    case 102: "STEIN_BAD_HANDLE"
    case 103: "STEIN_BAD_VALUE"
    case 104: "STEIN_BAD_SHAPE"
    case 105: "STEIN_BAD_OPTION"
    case 106: "STEIN_BAD_STATE"
    case 107: "STEIN_BUSY"
    case 108: "STEIN_BUFFER_TOO_SMALL"
    case 109: "STEIN_NOT_FINITE"
    case 201: "STEIN_OUT_OF_MEMORY"
    case 202: "STEIN_IO"
    case 203: "STEIN_BAD_FILE"
    case 204: "STEIN_NO_FILE"
    case 205: "STEIN_UNSUPPORTED"
    case 301: "STEIN_CANCELLED"
    case 302: "STEIN_DEADLINE"
    case 303: "STEIN_CALLBACK_FAILED"
    case 401: "STEIN_DIVERGED"
    case 501: "STEIN_INTERNAL"
    default: "unknown"
    }
  return unsafe constant(name)
}

@_cdecl("stein_options_describe") @implementation
public func stein_options_describe(
  _ kind: UnsafePointer<CChar>?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ needed: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["kind", "buffer", "capacity", "needed"]) { call in
    let name = unsafe try call.name(kind, "kind")
    let needed = unsafe try call.buffer(needed)
    guard let text = describeOptions(kind: name) else {
      throw SteinError(
        .badValue, "kind is '\(name)'; it takes context, dataset, model, trainer, sampler or loss",
        argument: "kind")
    }
    unsafe try call.write(text, buffer, capacity, needed)
  }
}
