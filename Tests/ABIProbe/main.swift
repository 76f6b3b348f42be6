// Calls one function of libstein with every parameter in turn hostile, and says what was wrong with what came of it.
//
//     abi-probe LIBRARY FUNCTION FOLDER
//
// It runs in a process of its own, so that a crash is seen by whoever started it. Each case is named before it is tried.

import Glibc

guard CommandLine.arguments.count == 4 else {
  fputs("usage: abi-probe LIBRARY FUNCTION FOLDER\n", stderr)
  exit(2)
}
let (libraryPath, name, folder) = (
  CommandLine.arguments[1], CommandLine.arguments[2], CommandLine.arguments[3]
)
setvbuf(stdout, nil, _IOLBF, 0)

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

for (index, parameter) in function.parameters.enumerated() {
  for hostile in world.hostile(function, parameter) {
    // Objects may be new after a free: the same wrong value is made again for them.
    guard let hostile = world.hostile(function, parameter).first(where: { $0.what == hostile.what })
    else { continue }
    print("CASE \(parameter.name) \(hostile.what)")
    cases += 1
    var (values, outputs, error) = world.arguments(function)
    values[index] = hostile.value
    var bits: UInt64 = 0
    let changes = changesOfHost(in: folder) { bits = world.library.call(function, values) }
    for change in changes { print("FAIL \(parameter.name) \(hostile.what): \(change)") }
    let status = Int32(truncatingIfNeeded: bits)
    guard returnsStatus else { continue }
    func fail(_ what: String) { print("FAIL \(parameter.name) \(hostile.what): \(what)") }
    guard let expected = hostile.status else {
      if status == 0 { tidy(values) }
      continue
    }
    if !expected.contains(status) { fail("status \(status), not in \(expected)") }
    if status == 0 { tidy(values) }
    if !name.hasSuffix("_free") {
      let (told, place) = (
        error.load(fromByteOffset: 4, as: Int32.self), error.load(fromByteOffset: 8, as: Int32.self)
      )
      if told != status { fail("the error says \(told), the call \(status)") }
      let mayBeElsewhere = (200 ... 299).contains(status)
      if place != Int32(index + 1), !mayBeElsewhere || place != 0 {
        fail("the error names parameter \(place), not \(index + 1)")
      }
      if error.load(fromByteOffset: 80, as: UInt8.self) == 0 { fail("no message") }
    }
    if (100 ... 199).contains(status) {
      for (place, output) in outputs where place != index && !output.untouched {
        fail("\(function.parameters[place].name) was written")
      }
    }
  }
}
print("DONE \(cases)")
