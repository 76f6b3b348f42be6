import Platform
import Stein

/// What a handle stands for.
enum HandleKind: UInt8, Sendable {
  case context = 1
  case dataset = 2
  case model = 3
  case trainer = 4
  case graph = 5
  case density = 6
  case chains = 7

  var name: String {
    switch self {
    case .context: "context"
    case .dataset: "dataset"
    case .model: "model"
    case .trainer: "trainer"
    case .graph: "graph"
    case .density: "density"
    case .chains: "chains"
    }
  }
}

/// The living objects of this process, by token.
///
/// A token is (kind, generation, slot), never an address: whatever bits a caller passes, they are
/// looked up here or refused. A slot whose generation would wrap is retired. The table itself grows
/// by a few bytes an object in Swift's own memory.
final class HandleTable: @unchecked Sendable {
  static let shared = HandleTable()

  private struct Slot {
    var generation: UInt32 = 0
    var kind: HandleKind = .context
    var object: AnyObject?
    var readers = 0
    var isTaken = false
    /// Freed while calls are inside: the last of them lets the object go.
    var isFreed = false
  }

  private let lock = ForkSafeLock()
  private var slots: [Slot] = []
  private var free: [Int] = []

  private static let slotBits: UInt64 = 24
  private static let mostSlots = 1 << 24

  /// A use of an object by a call.
  struct Lease {
    let slot: Int
    let exclusive: Bool
    let object: AnyObject
  }

  func insert(_ object: AnyObject, _ kind: HandleKind) throws(SteinError) -> OpaquePointer? {
    lock.lock()
    defer { lock.unlock() }
    let index: Int
    if let reused = free.popLast() {
      index = reused
    } else {
      guard slots.count < HandleTable.mostSlots else {
        throw SteinError(.outOfMemory, "there are too many objects")
      }
      index = slots.count
      slots.append(Slot())
    }
    slots[index].generation += 1
    slots[index].kind = kind
    slots[index].object = object
    let token =
      UInt64(kind.rawValue) << 56 | UInt64(slots[index].generation) << HandleTable.slotBits
      | UInt64(index)
    return unsafe OpaquePointer(bitPattern: UInt(token))
  }

  /// The living slot that `token` names; nil for any other bits.
  private func find(_ token: OpaquePointer?, _ kind: HandleKind) -> Int? {
    let bits = UInt64(UInt(bitPattern: token))
    let index = Int(bits & UInt64(HandleTable.mostSlots - 1))
    let generation = UInt32(truncatingIfNeeded: bits >> HandleTable.slotBits)
    guard bits >> 56 == UInt64(kind.rawValue), index < slots.count,
      slots[index].generation == generation, slots[index].kind == kind,
      slots[index].object != nil, !slots[index].isFreed
    else { return nil }
    return index
  }

  func acquire(
    _ token: OpaquePointer?, _ kind: HandleKind, exclusive: Bool, argument: String
  ) throws(SteinError) -> Lease {
    lock.lock()
    defer { lock.unlock() }
    guard let index = unsafe find(token, kind), let object = slots[index].object else {
      let what = unsafe token == nil ? "is NULL" : "is not a living \(kind.name)"
      throw SteinError(.badHandle, "\(argument) \(what)", argument: argument)
    }
    guard !slots[index].isTaken, !exclusive || slots[index].readers == 0 else {
      throw SteinError(.busy, "another call is using the \(kind.name)", argument: argument)
    }
    if exclusive { slots[index].isTaken = true } else { slots[index].readers += 1 }
    return Lease(slot: index, exclusive: exclusive, object: object)
  }

  func release(_ lease: Lease) {
    lock.lock()
    if lease.exclusive { slots[lease.slot].isTaken = false } else { slots[lease.slot].readers -= 1 }
    let dropped = slots[lease.slot].isFreed ? emptied(lease.slot) : nil
    lock.unlock()
    // The object's end may take long: outside the lock.
    withExtendedLifetime(dropped) {}
  }

  /// False for what is no living object of `kind`.
  func remove(_ token: OpaquePointer?, _ kind: HandleKind) -> Bool {
    lock.lock()
    guard let index = unsafe find(token, kind) else {
      lock.unlock()
      return false
    }
    slots[index].isFreed = true
    let dropped = emptied(index)
    lock.unlock()
    withExtendedLifetime(dropped) {}
    return true
  }

  /// Empties a freed slot that no call is using, and returns what it held.
  private func emptied(_ index: Int) -> AnyObject? {
    guard !slots[index].isTaken, slots[index].readers == 0 else { return nil }
    let object = slots[index].object
    slots[index].object = nil
    slots[index].isFreed = false
    if slots[index].generation < .max { free.append(index) }
    return object
  }
}
