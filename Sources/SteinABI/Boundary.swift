import CStein
import Glibc
import Platform
import Stein

/// One call from C: its parameters' names, and the objects that it holds until it returns.
final class Call {
  let parameters: [String]
  let hostMode: FloatMode
  private var leases: [HandleTable.Lease] = []

  init(_ parameters: [String], hostMode: FloatMode) {
    self.parameters = parameters
    self.hostMode = hostMode
  }

  func end() {
    for lease in leases { HandleTable.shared.release(lease) }
    leases = []
  }

  /// The object behind a handle, held for the length of the call.
  func object<T: AnyObject>(
    _ token: OpaquePointer?, _ kind: HandleKind, as type: T.Type, _ argument: String,
    exclusive: Bool = false
  ) throws -> T {
    let lease = unsafe try HandleTable.shared.acquire(
      token, kind, exclusive: exclusive, argument: argument)
    leases.append(lease)
    guard let object = lease.object as? T else {
      throw SteinError(.internal, "a \(kind.name) of another type", argument: argument)
    }
    return object
  }

  func context(_ token: OpaquePointer?) throws -> Context {
    unsafe try object(token, .context, as: Context.self, "context")
  }

  func dataset(_ token: OpaquePointer?) throws -> Dataset {
    unsafe try object(token, .dataset, as: Dataset.self, "dataset")
  }

  func model(_ token: OpaquePointer?, exclusive: Bool = false) throws -> Model {
    unsafe try object(token, .model, as: Model.self, "model", exclusive: exclusive)
  }

  func trainer(_ token: OpaquePointer?, exclusive: Bool = false) throws -> Trainer {
    unsafe try object(token, .trainer, as: Trainer.self, "trainer", exclusive: exclusive)
  }

  /// Memory for a result must be there.
  func output<T>(_ pointer: UnsafeMutablePointer<T>?, _ argument: String) throws
    -> UnsafeMutablePointer<T>
  {
    guard let pointer = unsafe pointer else {
      throw SteinError(.badPointer, "\(argument) is NULL", argument: argument)
    }
    guard Int(bitPattern: pointer) % MemoryLayout<T>.alignment == 0 else {
      throw SteinError(.badPointer, "\(argument) is not aligned", argument: argument)
    }
    return unsafe pointer
  }
}

/// Runs the body of an exported function: nothing that it throws leaves it but as a status and the
/// caller's error.
func boundary(
  _ error: UnsafeMutablePointer<stein_error>?, _ parameters: [String], _ body: (Call) throws -> Void
) -> stein_status {
  let hostMode = FloatMode.enterStandard()
  defer { hostMode.restore() }
  let call = Call(parameters, hostMode: hostMode)
  defer { call.end() }
  do {
    try body(call)
    return stein_status(STEIN_OK)
  } catch let failure as SteinError {
    return unsafe report(failure, parameters, error)
  } catch let failure as OutOfMemory {
    let size = failure.bytes == .max ? "more than there can be" : "\(failure.bytes) bytes"
    return unsafe report(
      SteinError(.outOfMemory, "no memory: \(size) asked for"), parameters, error)
  } catch let failure {
    return unsafe report(SteinError(.internal, "\(failure)"), parameters, error)
  }
}

/// Fills the caller's error, as far as its struct_size reaches.
private func report(
  _ failure: SteinError, _ parameters: [String], _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  let status = stein_status(failure.code.rawValue)
  guard let error = unsafe error,
    Int(bitPattern: error) % MemoryLayout<stein_error>.alignment == 0
  else { return status }
  let index = parameters.firstIndex(of: failure.argument).map { Int32($0 + 1) } ?? 0
  let bytes = UnsafeMutableRawPointer(error)
  let size = unsafe Int(error.pointee.struct_size)
  if size >= 8 { unsafe bytes.storeBytes(of: status, toByteOffset: 4, as: Int32.self) }
  if size >= 12 { unsafe bytes.storeBytes(of: index, toByteOffset: 8, as: Int32.self) }
  if size >= 16 {
    unsafe bytes.storeBytes(of: failure.callbackCode, toByteOffset: 12, as: Int32.self)
  }
  if size >= 80 { unsafe copyText(failure.option, to: bytes + 16, capacity: 64) }
  if size > 80 {
    unsafe copyText(
      failure.message, to: bytes + 80, capacity: min(size - 80, 432), ending: Array("…".utf8))
  }
  return status
}

/// Text with its NUL, cut between characters where it is too long; `ending` then says so, lest a
/// list look whole that is not.
private func copyText(
  _ text: String, to memory: UnsafeMutableRawPointer, capacity: Int, ending: [UInt8] = []
) {
  var length = 0
  let isCut = text.utf8.count >= capacity && capacity > ending.count
  let (mark, room) = isCut ? (ending, capacity - ending.count) : ([], capacity)
  defer {
    for (place, byte) in mark.enumerated() {
      unsafe memory.storeBytes(of: byte, toByteOffset: length + place, as: UInt8.self)
    }
    unsafe memory.storeBytes(of: 0, toByteOffset: length + mark.count, as: UInt8.self)
  }
  for character in text {
    let bytes = String(character).utf8
    guard length + bytes.count < room else { break }
    for byte in bytes where byte != 0 {
      unsafe memory.storeBytes(of: byte, toByteOffset: length, as: UInt8.self)
      length += 1
    }
  }
}
