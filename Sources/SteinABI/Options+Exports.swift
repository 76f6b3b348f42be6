// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names and the documentation are those of include/stein.h.

public import CStein
import Stein

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
        .badValue, "kind is '\(name)'; it takes \(optionKinds().joined(separator: ", "))",
        argument: "kind")
    }
    unsafe try call.write(text, buffer, capacity, needed)
  }
}
