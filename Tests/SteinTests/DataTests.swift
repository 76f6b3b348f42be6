import Foundation
import Platform
import Stein
import TestSupport
import Testing

private func context() throws -> Context { try Context(options: "threads=1", allocator: nil) }

/// A file of the test's own, gone after it.
func withFile<Result>(_ name: String, _ bytes: [UInt8], _ body: (String) throws -> Result) throws
  -> Result
{
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let path = folder.appendingPathComponent(name).path
  try Data(bytes).write(to: URL(fileURLWithPath: path))
  return try body(path)
}

private func failure(_ body: () throws -> Void) -> SteinError? {
  do {
    try body()
    return nil
  } catch { return error as? SteinError }
}

@Suite struct DatasetTests {
  @Test func standardizesEachColumn() throws {
    // Skewed, far from 0, and one constant column.
    let rows = (0 ..< 7).map { i in [1e9 + Double(i * i), -3, 0.001 * Double(i)] }
    let data = try dataset(context(), rows, "names=a,\"b c\",d")
    let mean = rows.reduce(0) { $0 + $1[0] - 1e9 } / 7
    let deviation = (rows.reduce(0) { $0 + ($1[0] - 1e9 - mean) * ($1[0] - 1e9 - mean) } / 7)
      .squareRoot()
    #expect(abs(data.columns[0].mean - 1e9 - mean) < 1e-6)
    #expect(abs(data.columns[0].deviation - deviation) < 1e-6 * deviation)
    for i in 0 ..< 7 {
      #expect(abs(Double(data.values.view[3 * i]) - (rows[i][0] - 1e9 - mean) / deviation) < 1e-5)
      #expect(data.values.view[3 * i + 1] == 0)
    }
    #expect(data.columns[1].isConstant)
    let description = try JSON.parse(Array(data.describe().utf8))
    #expect(description["constant_columns"]?.integers == [1])
    #expect(description["names"]?.array?[1].string == "b c")
  }

  @Test func extremeNumbersStayFinite() throws {
    let data = try dataset(context(), [[1e308, 1e-308], [-1e308, 2e-308], [3e307, 4e-308]])
    #expect(data.values.view.allFinite)
    #expect(data.columns[0].deviation.isFinite && data.columns[0].deviation > 1e307)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func whatIsNotFiniteIsNamed(value: Double) throws {
    let error = failure { _ = try dataset(context(), [[1, 2], [3, value]]) }
    #expect(error?.code == .notFinite)
    #expect(error?.argument == "rows")
    #expect(error?.message.contains("row 1, column 1") == true)
  }

  @Test func columnOrderAndNegativeStridesGiveTheSameRows() throws {
    let context = try context()
    var flat: [Float] = [1, 4, 2, 5, 3, 7]
    try flat.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      let columns = TensorView(type: .float32, shape: [3, 2], strides: [2, 1], base: base)
      let reversed = TensorView(type: .float32, shape: [3, 2], strides: [-2, 1], base: base + 16)
      let plain = try Dataset(context: context, rows: columns, labels: nil, options: "")
      let backward = try Dataset(context: context, rows: reversed, labels: nil, options: "")
      for row in 0 ..< 3 {
        for column in 0 ..< 2 {
          #expect(
            plain.values.view[2 * row + column] == backward.values.view[2 * (2 - row) + column])
        }
      }
    }
  }

  @Test func labelsBecomeClasses() throws {
    let data = try dataset(context(), [[1], [2], [3], [4]], labels: [7, -1, 7, 7])
    #expect(data.labels?.classes == [-1, 7])
    #expect(data.labels?.counts == [1, 3])
    #expect((0 ..< 4).map { data.labels?.classOfRow.view[$0] } == [1, 0, 1, 1])
  }
}

@Suite struct FileFormatTests {
  private func npy(_ header: String, _ body: [UInt8], version: UInt8 = 1) -> [UInt8] {
    let text = Array(header.utf8)
    let length =
      version == 1
      ? [UInt8(text.count & 255), UInt8(text.count >> 8)]
      : (0 ..< 4).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + body
  }

  private func bytes<T>(_ values: [T]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  private func rows(_ file: [UInt8], _ name: String = "a.npy", _ options: String = "") throws
    -> [[Double]]
  {
    try withFile(name, file) { path in
      let data = try Dataset(context: context(), path: path, options: options)
      return (0 ..< data.rowCount).map { row in
        (0 ..< data.columnCount).map { column in
          let (u, c) = (
            Double(data.values.view[row * data.columnCount + column]), data.columns[column]
          )
          return ((c.mean + u * c.deviation) * 1000).rounded() / 1000
        }
      }
    }
  }

  @Test(arguments: [UInt8(1), 2, 3])
  func everyVersion(version: UInt8) throws {
    let file = npy(
      "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", bytes([1.5, 2, 3, 4, 5, 7]),
      version: version)
    #expect(try rows(file) == [[1.5, 2, 3], [4, 5, 7]])
  }

  @Test func ordersAndTypes() throws {
    let fortran = npy(
      "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }",
      bytes([1, 4, 2, 5, 3, 7] as [Float]))
    #expect(try rows(fortran) == [[1, 2, 3], [4, 5, 7]])
    let big = npy(
      "{'descr': '>i2', 'fortran_order': False, 'shape': (3, 1), }", [0, 1, 255, 254, 1, 0])
    #expect(try rows(big) == [[1], [-2], [256]])
    let half = npy(
      "{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }",
      bytes([0x3c00, 0xc100, 0x0001] as [UInt16]))
    #expect(try rows(half) == [[1], [-2.5], [0]])
    let unsigned = npy(
      "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 1), }", [0, 200, 255])
    #expect(try rows(unsigned) == [[0], [200], [255]])
  }

  @Test func spoiltFilesAreRefused() throws {
    let whole = npy(
      "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", bytes([1.5, 2, 3, 4, 5, 7]))
    for length in 0 ..< whole.count {
      #expect(
        failure { _ = try rows(Array(whole[..<length])) }?.code == .badFile, "\(length) bytes")
    }
    for shape in [
      "(9223372036854775807, 9223372036854775807)", "(-1, 2)", "(2, 2, 2, 2, 2, 2)", "()",
    ] {
      let file = npy("{'descr': '<f8', 'fortran_order': False, 'shape': \(shape), }", [])
      #expect(failure { _ = try rows(file) }?.code == .badFile, "\(shape)")
    }
    for descr in ["<c8", "|O", "<U3", "f8", "<f3"] {
      let file = npy(
        "{'descr': '\(descr)', 'fortran_order': False, 'shape': (1, 1), }",
        [UInt8](repeating: 0, count: 64))
      #expect(failure { _ = try rows(file) }?.code == .badFile, "\(descr)")
    }
  }

  @Test func tables() throws {
    #expect(try rows(Array("1,2\n3,5\n".utf8), "a.csv") == [[1, 2], [3, 5]])
    #expect(
      try rows(Array("\u{feff}a;\"b;c\"\r\n1;2\r\n3.5;-4e1\r\n\r\n".utf8), "a.csv") == [
        [1, 2], [3.5, -40],
      ])
    #expect(try rows(Array("x\ty\n1\t2\n4\t8".utf8), "a.tsv") == [[1, 2], [4, 8]])
    #expect(try rows(Array(" 1  2 \n 3  9 \n".utf8), "a.txt") == [[1, 2], [3, 9]])
    #expect(
      try rows(Array("a,b,c\n1,2,3\n4,5,7\n".utf8), "a.csv", "columns=c,0") == [[3, 1], [7, 4]])
  }

  @Test func labelColumns() throws {
    for label in ["kind", "1", "-2"] {
      try withFile("a.csv", Array("a,kind,b\n1,4,2\n2,4,5\n3,9,1\n".utf8)) { path in
        let data = try Dataset(context: context(), path: path, options: "label=\(label)")
        #expect(data.columnCount == 2)
        #expect(data.names == ["a", "b"])
        #expect(data.labels?.classes == [4, 9])
      }
    }
  }

  @Test(arguments: [
    ("a,b\n1,2\n3,\n", "line 3, column 2 ('b'): a value is missing"),
    ("1,2\n3\n", "line 2 has 1 fields"), ("1,2\n3,x\n", "line 2, column 2: 'x' is not a number"),
    ("a,b\n", "no row"), ("", "no row"), ("1,\"2\n", "not closed"), ("1,nan\n2,3\n", "'nan'"),
  ])
  func spoiltTables(text: String, complaint: String) {
    let options = text.hasPrefix("1") ? "header=false" : ""
    let error = failure { _ = try rows(Array(text.utf8), "a.csv", options) }
    #expect(error?.code == .badFile)
    #expect(error?.message.contains(complaint) == true, "\(error?.message ?? "none")")
  }

  @Test func pathsThatAreNoFiles() throws {
    let context = try context()
    func code(_ path: String) -> SteinError.Code? {
      failure { _ = try Dataset(context: context, path: path, options: "format=npy") }?.code
    }
    #expect(code("/nowhere/a.npy") == .noFile)
    #expect(code("/") == .badFile)
    #expect(code("/dev/zero") == .badFile)
  }
}

@Suite struct SafetensorsTests {
  private func file() throws -> [UInt8] {
    let memory = Memory()
    let values = try Storage<Float>(memory, count: 6)
    for i in 0 ..< 6 { values.view[i] = Float(i) + 0.25 }
    let bytes = try Safetensors.serialize(
      metadata: [("format", "x"), ("quote", "a\"b\n")],
      [.init(name: "w", shape: [2, 3], values: .float32(values.view))], memory: memory)
    return bytes.view.bytes(0, bytes.count)
  }

  private func open(_ bytes: [UInt8]) throws -> SafetensorsArchive {
    let storage = try Storage<UInt8>(Memory(), count: bytes.count)
    storage.view.copy(bytes, at: 0)
    return try SafetensorsArchive(storage.view)
  }

  @Test func roundTrip() throws {
    let archive = try open(file())
    #expect(archive.metadata["quote"] == "a\"b\n")
    let values = try Storage<Float>(Memory(), count: 6)
    try archive.read("w", into: values.view)
    #expect((0 ..< 6).map { values.view[$0] } == [0.25, 1.25, 2.25, 3.25, 4.25, 5.25])
    #expect(failure { try archive.read("v", into: values.view) }?.code == .badFile)
  }

  /// Every truncation is refused; every changed byte is refused or still a file.
  @Test func spoiltFiles() throws {
    let whole = try file()
    for length in 0 ..< whole.count {
      #expect(failure { _ = try open(Array(whole[..<length])) }?.code == .badFile)
    }
    for index in whole.indices {
      for change in [UInt8(1), 0x80, 0xff] {
        var spoilt = whole
        spoilt[index] ^= change
        if let error = failure({ _ = try open(spoilt) }) { #expect(error.code == .badFile) }
      }
    }
  }
}

@Suite struct JSONTests {
  @Test(arguments: [
    "null", "[1,-2.5,true,\"a\\u00e9\\n\"]", "{\"a\":{\"b\":[]},\"c\":0.1}", "1e300",
  ])
  func roundTrip(text: String) throws {
    let once = try JSON.parse(Array(text.utf8)).text
    #expect(try JSON.parse(Array(once.utf8)).text == once)
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":1,\"a\":2}", "nul", "1e999", "\"\\x\"", "\"\\ud800\"", "[1]2", "{1:2}",
    "\"\u{1}\"",
    String(repeating: "[", count: 100_000),
  ])
  func refused(text: String) {
    #expect(throws: JSONError.self) { try JSON.parse(Array(text.utf8)) }
  }
}

@Suite struct AtomicWriteTests {
  @Test func replacesWholeAndLeavesNothingBehind() throws {
    try withFile("a.bin", [1, 2, 3]) { path in
      let storage = try Storage<UInt8>(Memory(), count: 5)
      try saveFile(path, [storage.view, storage.view])
      #expect(FileManager.default.contents(atPath: path)?.count == 10)
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.bin"])
      #expect(failure { try saveFile(folder, [storage.view]) }?.code == .badFile)
      #expect(failure { try saveFile("/nowhere/x", [storage.view]) }?.code == .noFile)
    }
  }
}
