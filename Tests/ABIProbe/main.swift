// Calls one function of libstein with every parameter in turn hostile, then with every two or more,
// and says what was wrong with what came of it.
//
//     abi-probe LIBRARY FUNCTION FOLDER [TOGETHER]
//
// TOGETHER is how many parameters are wrong at once at most, 2 unless given. It runs in a process
// of its own, so that a crash is seen by whoever started it. Each case is named before it is tried.

import Glibc

guard 4 ... 5 ~= CommandLine.arguments.count else {
  fputs("usage: abi-probe LIBRARY FUNCTION FOLDER [TOGETHER]\n", stderr)
  exit(2)
}
let (libraryPath, name, folder) = (
  CommandLine.arguments[1], CommandLine.arguments[2], CommandLine.arguments[3]
)
setvbuf(stdout, nil, _IOLBF, 0)

let together = CommandLine.arguments.count > 4 ? Int(CommandLine.arguments[4]) ?? 2 : 2
let table = fopen(folder + "/table.csv", "w")
fputs("a,b,c\n1,2,3\n4,5.5,6\n2,9,-1\n", table)
fclose(table)

var world = World(Library(path: libraryPath), folder: folder)
let function = world.signature(name)
let returnsStatus = function.result == .int32
var cases = 0

/// Frees what a call that succeeded made, and starts afresh where it freed something.
func tidy(_ values: [UInt64]) {
  for (parameter, value) in zip(function.parameters, values)
  where parameter.type.hasSuffix("**") && value != 0 {
    let made = UnsafeRawPointer(bitPattern: UInt(value))?.load(as: UInt64.self) ?? 0
    let kind = parameter.type.dropFirst("stein_".count).dropLast(" **".count)
    if made != 0xA5A5_A5A5_A5A5_A5A5 { world.call("stein_\(kind)_free", [made]) }
  }
  if name.hasSuffix("_free") { world = World(world.library, folder: folder) }
}

let good = world.arguments(function)
print("CASE valid")
// In the host's own floating-point mode, which must be there afterwards.
fesetround(FE_UPWARD)
var result: UInt64 = 0
let changes = changesOfHost(in: folder) { result = world.library.call(function, good.values) }
if fegetround() != FE_UPWARD { print("FAIL the rounding was changed") }
fesetround(FE_TONEAREST)
for change in changes { print("FAIL the host was changed: \(change)") }
cases += 1
if returnsStatus, Int32(truncatingIfNeeded: result) != 0 {
  let message = String(cString: (good.error + 80).assumingMemoryBound(to: CChar.self))
  print("FAIL valid arguments gave \(Int32(truncatingIfNeeded: result)): \(message)")
}
if returnsStatus, good.error.load(fromByteOffset: 4, as: Int32.self) != 0 {
  print("FAIL the error was touched on success")
}
tidy(good.values)

/// Calls with hostile values at the places given, and holds what comes of it against what should.
func examine(_ what: String, _ places: [(index: Int, hostile: Hostile)]) {
  print("CASE \(what)")
  cases += 1
  var (values, outputs, error) = world.arguments(function)
  for (index, hostile) in places { values[index] = hostile.value }
  var bits: UInt64 = 0
  if places.count == 1 {
    let changes = changesOfHost(in: folder) { bits = world.library.call(function, values) }
    for change in changes { print("FAIL \(what): \(change)") }
  } else {
    bits = world.library.call(function, values)
  }
  let status = Int32(truncatingIfNeeded: bits)
  if returnsStatus, status == 0 { tidy(values) }
  let wrong = places.filter { $0.hostile.status != nil }
  guard returnsStatus, let first = wrong.first?.hostile.status else { return }
  func fail(_ why: String) { print("FAIL \(what): \(why)") }
  let expected = wrong.count == 1 && places.count == 1 ? first : 100 ... 299
  if !expected.contains(status) { fail("status \(status), not in \(expected)") }
  let errorIsHostile = places.contains { function.parameters[$0.index].name == "error" }
  if !name.hasSuffix("_free") && !errorIsHostile {
    let (told, place) = (
      error.load(fromByteOffset: 4, as: Int32.self), error.load(fromByteOffset: 8, as: Int32.self)
    )
    if told != status { fail("the error says \(told), the call \(status)") }
    let mayBeElsewhere = (200 ... 299).contains(status)
    if !places.contains(where: { Int32($0.index + 1) == place }), !mayBeElsewhere || place != 0 {
      fail("the error names parameter \(place), not \(places.map { $0.index + 1 })")
    }
    if error.load(fromByteOffset: 80, as: UInt8.self) == 0 { fail("no message") }
  }
  // R3: tensors may be begun by a call that fails later; handles and numbers are not.
  for (place, output) in outputs
  where !places.contains(where: { $0.index == place }) && !output.untouched {
    let isTensor = function.parameters[place].type == "const stein_tensor *"
    if (100 ... 199).contains(status) || !isTensor {
      fail("\(function.parameters[place].name) was written")
    }
  }
}

for (index, parameter) in function.parameters.enumerated() {
  for hostile in world.hostile(function, parameter) {
    // Objects may be new after a free: the same wrong value is made again for them.
    guard let hostile = world.hostile(function, parameter).first(where: { $0.what == hostile.what })
    else { continue }
    examine("\(parameter.name) \(hostile.what)", [(index, hostile)])
  }
}

let places = world.freePlaces()
let values = function.parameters.map { world.hostile(function, $0) }

/// Every choice of two to `together` parameters, the first at or after `next`, beside those chosen.
func combine(_ chosen: [(index: Int, hostile: Hostile)], from next: Int) {
  if chosen.count > 1 {
    remember()
    let names = chosen.map { "\(function.parameters[$0.index].name) \($0.hostile.what)" }
    examine(names.joined(separator: ", "), chosen)
    forget()
  }
  guard chosen.count < together else { return }
  for index in values.indices.dropFirst(next) {
    for hostile in values[index] { combine(chosen + [(index, hostile)], from: index + 1) }
  }
}
combine([], from: 0)
// A free function's worlds are not taken down.
if !name.hasSuffix("_free"), world.freePlaces() != places { print("FAIL a handle was leaked") }
print("DONE \(cases)")
