import Foundation
import Testing

/// The folder that the test program stands in: the library and the probe are built beside it.
let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
  .deletingLastPathComponent()

/// The library under test: $STEIN_LIBRARY, or the one built with the tests.
let libraryPath =
  ProcessInfo.processInfo.environment["STEIN_LIBRARY"]
  ?? products.appendingPathComponent("libstein.so").path

struct Outcome {
  let status: Int32
  let signalled: Bool
  let output: String
}

/// Runs a program in `folder`, where files with hostile names may be made.
func run(
  _ program: String, _ arguments: [String], in folder: URL = FileManager.default.temporaryDirectory
) throws -> Outcome {
  let process = Process()
  process.currentDirectoryURL = folder
  let pipe = Pipe()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return Outcome(
    status: process.terminationStatus, signalled: process.terminationReason == .uncaughtSignal,
    output: String(decoding: data, as: UTF8.self))
}

/// The functions of the header, as the linker sees them in the library.
let functions: [String] = {
  guard let listing = try? run("/usr/bin/nm", ["-D", "--defined-only", libraryPath]) else {
    return []
  }
  return listing.output.split(separator: "\n").compactMap { line in
    let name = line.split(separator: " ").last.map(String.init)?.split(separator: "@").first.map(
      String.init)
    return name.flatMap { $0.hasPrefix("stein_") ? $0 : nil }
  }.sorted()
}()

/// Every function, with valid arguments, then with each parameter in turn hostile and then with
/// every two (in `make soak` every three), through libffi and in a process of its own.
///
/// R1: a status. R2: the error is filled, and left alone on success. R3: with 1xx nothing is
/// written. R4: handles are tokens.
@Suite struct SweepTests {
  @Test func everyFunctionIsThere() { #expect(functions.count == 81) }

  @Test(arguments: functions)
  func survivesHostileArguments(function: String) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let probe = products.appendingPathComponent("abi-probe").path
    let together = ProcessInfo.processInfo.environment["STEIN_TOGETHER"] ?? "2"
    let outcome = try run(probe, [libraryPath, function, folder.path, together], in: folder)
    let lines = outcome.output.split(separator: "\n")
    let last = lines.last { $0.hasPrefix("CASE") }.map(String.init) ?? outcome.output
    #expect(!outcome.signalled, "killed by signal \(outcome.status) in: \(last)")
    #expect(outcome.status == 0, "\(outcome.output.suffix(300))")
    #expect(lines.last?.hasPrefix("DONE") == true)
    let failures = lines.filter { $0.hasPrefix("FAIL") }
    #expect(failures.isEmpty, "\(failures.prefix(12).joined(separator: "\n"))")
  }
}
