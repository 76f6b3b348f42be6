import CArrow
import Platform
import Stein

/// A stream of record batches that the caller moved here: read whole, and released whatever
/// happens.
@safe
final class HostArrow {
  private let stream: UnsafeMutablePointer<carrow_stream>
  private let hostMode: FloatMode
  private var columns: [Column] = []
  private var batches: [Batch] = []

  private struct Column {
    let name: String
    let type: Kind
    /// Nil of a column that is left out.
    let place: Int?
    let hasDictionary: Bool
  }

  /// Of numbers in memory, by the letter of their format.
  enum Kind: Character {
    case int8 = "c"
    case uint8 = "C"
    case int16 = "s"
    case uint16 = "S"
    case int32 = "i"
    case uint32 = "I"
    case int64 = "l"
    case uint64 = "L"
    case float16 = "e"
    case float32 = "f"
    case float64 = "g"
    case boolean = "b"

    /// Whether float32 holds every value of the type.
    var fitsSingle: Bool {
      switch self {
      case .int8, .uint8, .int16, .uint16, .float16, .float32, .boolean: true
      case .int32, .uint32, .int64, .uint64, .float64: false
      }
    }
  }

  /// Rows from `first` on, [count, columns].
  private struct Batch {
    let first: Int
    let values: View<Double>
  }

  private static let argument = "moved_stream"

  /// Takes the stream over: from here on it is released.
  init(_ stream: UnsafeMutablePointer<carrow_stream>, hostMode: FloatMode) {
    unsafe self.stream = unsafe stream
    self.hostMode = hostMode
  }

  deinit {
    if let release = unsafe stream.pointee.release {
      _ = asHost {
        unsafe release(stream)
        return 0
      }
    }
  }

  /// Runs a function of the producer's in the host's floating-point mode.
  private func asHost(_ body: () -> Int32) -> Int32 {
    InsideCallback.run {
      hostMode.restore()
      defer { _ = FloatMode.enterStandard() }
      return body()
    }
  }

  private func bad(_ code: SteinError.Code, _ what: String) -> SteinError {
    SteinError(code, what, argument: HostArrow.argument)
  }

  private func failed(_ function: String, _ code: Int32) -> SteinError {
    var words = ""
    if let explain = unsafe stream.pointee.get_last_error {
      _ = asHost {
        if let text = unsafe explain(stream) { words = unsafe ": " + String(cString: text) }
        return 0
      }
    }
    return SteinError(
      .callbackFailed, "the stream's \(function) returned \(code)\(words)",
      argument: HostArrow.argument, callbackCode: code)
  }

  /// `wanted`: names, or numbers from 0, of the columns that must be there; nil: all.
  func table(_ wanted: Set<String>?, memory: Memory) throws -> Table {
    try readSchema(wanted)
    let kept = columns.compactMap(\.place).count
    var count = 0
    while let rows = try readBatch(first: count, columns: kept, memory: memory) {
      count += rows
      guard count < 1 << 48 else { throw bad(.badShape, "the stream has too many rows") }
    }
    guard count > 0 else { throw bad(.badShape, "the stream has no row") }
    // In their own order; names of columns that were left out stay, so that numbers count alike.
    let names = columns.map(\.name)
    let (batches, width) = (batches, columns.count)
    let places = columns.map(\.place)
    return Table(
      shape: [count, width], names: names,
      isSingle: columns.allSatisfy { $0.place == nil || $0.type.fitsSingle },
      fault: (.badValue, HostArrow.argument)
    ) { row, out in
      var (low, high) = (0, batches.count - 1)
      while low < high {
        let middle = (low + high + 1) / 2
        if batches[middle].first <= row { low = middle } else { high = middle - 1 }
      }
      let start = (row - batches[low].first) * kept
      for (column, place) in places.enumerated() {
        out[column] = place.map { batches[low].values[start + $0] } ?? 0
      }
    }
  }

  private func readSchema(_ wanted: Set<String>?) throws {
    guard let get = unsafe stream.pointee.get_schema else {
      throw bad(.badPointer, "the stream's get_schema is NULL")
    }
    var schema = unsafe carrow_schema()
    let code = asHost { unsafe get(stream, &schema) }
    guard code == 0 else { throw failed("get_schema", code) }
    defer {
      if let release = unsafe schema.release {
        _ = asHost {
          unsafe release(&schema)
          return 0
        }
      }
    }
    guard let format = unsafe schema.format, unsafe String(cString: format) == "+s",
      let count = unsafe Int(exactly: schema.n_children), (1 ... 1 << 20).contains(count),
      let children = unsafe schema.children
    else { throw bad(.badShape, "the stream is not a table of columns (format +s)") }
    var place = 0
    for index in 0 ..< count {
      guard let child = unsafe children[index], let format = unsafe child.pointee.format else {
        throw bad(.badPointer, "column \(index) of the stream has no schema")
      }
      let name = unsafe child.pointee.name.map { unsafe String(cString: $0) } ?? ""
      let text = unsafe String(cString: format)
      let isWanted =
        wanted.map { names in
          names.contains(name) || names.contains(String(index))
            || names.contains(String(index - count))
        } ?? true
      let type = text.count == 1 ? text.first.flatMap(Kind.init) : nil
      guard let type else {
        guard !isWanted else {
          throw bad(
            .unsupported,
            "column \(index) ('\(name)') has the Arrow format '\(text)', which is not a number")
        }
        columns.append(Column(name: name, type: .int8, place: nil, hasDictionary: false))
        continue
      }
      let hasDictionary = unsafe child.pointee.dictionary != nil
      columns.append(
        Column(name: name, type: type, place: isWanted ? place : nil, hasDictionary: hasDictionary))
      if isWanted { place += 1 }
    }
  }

  /// The rows of the next batch; nil at the end.
  private func readBatch(first: Int, columns kept: Int, memory: Memory) throws -> Int? {
    guard let next = unsafe stream.pointee.get_next else {
      throw bad(.badPointer, "the stream's get_next is NULL")
    }
    var array = unsafe carrow_array()
    let code = asHost { unsafe next(stream, &array) }
    guard code == 0 else { throw failed("get_next", code) }
    guard let release = unsafe array.release else { return nil }
    defer {
      _ = asHost {
        unsafe release(&array)
        return 0
      }
    }
    let (length, offset) = unsafe (Int(array.length), Int(array.offset))
    guard length >= 0, offset >= 0, length < 1 << 47, offset < 1 << 47,
      unsafe Int(array.n_children) == columns.count, let children = unsafe array.children
    else { throw bad(.badShape, "a batch does not fit the stream's schema") }
    guard length > 0 else { return 0 }
    let (cells, overflow) = length.multipliedReportingOverflow(by: kept)
    guard !overflow else { throw bad(.outOfMemory, "no memory holds a batch of \(length) rows") }
    let values = try Storage<Double>(memory, count: cells).view
    for (index, column) in columns.enumerated() {
      guard let place = column.place else { continue }
      guard let child = unsafe children[index] else {
        throw bad(.badPointer, "column \(index) of a batch is NULL")
      }
      unsafe try checkDictionary(column, child.pointee, isFirst: batches.isEmpty)
      unsafe try read(column, child.pointee, of: array, rows: length, offset: offset, first: first)
      {
        row, value in values[row * kept + place] = value
      }
    }
    batches.append(Batch(first: first, values: values))
    return length
  }

  /// The bytes of each dictionary of text by its column's place, to see that all batches have the
  /// same.
  private var dictionaries: [Int: [UInt8]] = [:]

  private func checkDictionary(_ column: Column, _ array: carrow_array, isFirst: Bool) throws {
    guard column.hasDictionary, let place = column.place else { return }
    guard let words = unsafe array.dictionary else {
      throw bad(.badPointer, "column '\(column.name)' of a batch has no dictionary")
    }
    let bytes = unsafe HostArrow.text(words.pointee)
    if isFirst {
      dictionaries[place] = bytes ?? []
    } else if bytes == nil || dictionaries[place] != bytes {
      throw bad(
        .unsupported,
        "the batches of column '\(column.name)' have different dictionaries, or such as can't be compared; unify them first"
      )
    }
  }

  /// Offsets and characters of an array of text with 32-bit offsets; nil for what can't be
  /// compared.
  private static func text(_ array: carrow_array) -> [UInt8]? {
    let (length, offset) = unsafe (Int(array.length), Int(array.offset))
    guard unsafe array.n_buffers == 3, length >= 0, offset == 0, length < 1 << 24,
      let offsets = unsafe array.buffers?[1]
    else { return nil }
    let ends = unsafe UnsafeRawBufferPointer(start: offsets, count: 4 * (length + 1))
    let size = unsafe Int(ends.loadUnaligned(fromByteOffset: 4 * length, as: Int32.self))
    guard size >= 0, size < 1 << 24 else { return nil }
    guard size > 0 else { return unsafe Array(ends) }
    guard let start = unsafe array.buffers?[2] else { return nil }
    let characters = unsafe UnsafeRawBufferPointer(start: start, count: size)
    return unsafe Array(ends) + Array(characters)
  }

  private func read(
    _ column: Column, _ array: carrow_array, of parent: carrow_array, rows: Int, offset: Int,
    first: Int, _ write: (_ row: Int, _ value: Double) -> Void
  ) throws {
    let own = unsafe Int(array.offset)
    guard own >= 0, own < 1 << 47, unsafe Int(array.length) >= offset + rows,
      unsafe array.n_buffers >= 2, let buffers = unsafe array.buffers
    else { throw bad(.badShape, "column '\(column.name)' of a batch is shorter than the batch") }
    guard let data = unsafe buffers[1] else {
      throw bad(.badPointer, "column '\(column.name)' of a batch has no values")
    }
    let valid = unsafe array.null_count == 0 ? nil : buffers[0]
    let rowsValid =
      unsafe parent.null_count == 0 || parent.n_buffers < 1 ? nil : parent.buffers?[0]
    for row in 0 ..< rows {
      let index = own + offset + row
      guard unsafe HostArrow.bit(valid, index), unsafe HostArrow.bit(rowsValid, offset + row) else {
        throw bad(
          .badValue, "row \(first + row), column '\(column.name)': a value is missing")
      }
      write(row, unsafe HostArrow.value(column.type, data, index))
    }
  }
}
