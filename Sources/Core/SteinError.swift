/// Why a call failed: a code, one sentence of plain English, and the argument or option at fault.
package struct SteinError: Error, Equatable, Sendable {
  /// The numbers are those of `include/stein.h`.
  package enum Code: Int32, Sendable {
    case badPointer = 101
    case badHandle = 102
    case badValue = 103
    case badShape = 104
    case badOption = 105
    case badState = 106
    case busy = 107
    case bufferTooSmall = 108
    case notFinite = 109
    case outOfMemory = 201
    case io = 202
    case badFile = 203
    case noFile = 204
    case unsupported = 205
    case cancelled = 301
    case deadline = 302
    case callbackFailed = 303
    case diverged = 401
    case `internal` = 501
  }

  package let code: Code
  package let message: String
  /// The parameter's name in the header: "rows", "options", "out"; "" if none.
  package let argument: String
  /// The option's key; "" if none.
  package let option: String
  /// What the callback returned, with `callbackFailed`.
  package let callbackCode: Int32

  package init(
    _ code: Code, _ message: String, argument: String = "", option: String = "",
    callbackCode: Int32 = 0
  ) {
    self.code = code
    self.message = message
    self.argument = argument
    self.option = option
    self.callbackCode = callbackCode
  }
}

/// "a, b, c", and of more than `most` how many are not named.
package func listed(_ items: [String], most: Int) -> String {
  let named = items.prefix(most).joined(separator: ", ")
  return items.count > most ? "\(named) and \(items.count - most) more" : named
}
