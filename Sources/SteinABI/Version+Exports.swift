// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names and the documentation are those of include/stein.h.

import CStein

private let version: StaticString = "0.1.0"

@_cdecl("stein_version") @implementation
public func stein_version() -> UnsafePointer<CChar>? {
  unsafe UnsafeRawPointer(version.utf8Start).assumingMemoryBound(to: CChar.self)
}
