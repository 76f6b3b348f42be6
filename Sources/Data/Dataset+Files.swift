package import Core
package import Platform

extension Dataset {
  /// Copies a table of another library.
  ///
  /// `open` is given the columns that are wanted, nil for all, and must hold the others' places.
  package convenience init(
    context: Context, options: String, table open: (_ columns: Set<String>?) throws -> Table
  ) throws {
    let options = try Options(options, .dataset).knowing(Key.isFile, false)
    try options.check()
    let wanted = options[Key.columns].map { columns in
      Set(columns + (options[Key.label].map { [$0] } ?? []))
    }
    try self.init(context: context, open(wanted), options)
  }

  /// Opens a .npy or .csv file.
  package convenience init(context: Context, path: String, options: String) throws {
    let given = try Options(options, .dataset)
    let format = try given[Key.format] ?? Dataset.format(of: path)
    let options = given.choosing(Key.format, format)
    try options.check()
    let bytes = try loadFile(path, memory: context.memory)
    let table =
      format == .npy
      ? try NPY.read(bytes, memory: context.memory)
      : try CSV.read(bytes.view, options, memory: context.memory)
    try self.init(context: context, table, options)
  }

  private static func format(of path: String) throws -> Format {
    let ending = path.split(separator: "/").last?.split(separator: ".").last?.lowercased() ?? ""
    switch ending {
    case "npy": return .npy
    case "csv", "tsv", "txt", "data": return .csv
    default:
      throw SteinError(
        .badValue, "the name of '\(path)' does not tell its format; say format=npy or format=csv",
        argument: "path")
    }
  }

  /// Takes the columns wanted, and the labels, out of a file's contents.
  convenience init(context: Context, _ table: Table, _ options: Options) throws {
    let d = table.shape.dropFirst().reduce(1, *)
    let label = try options[Key.label].map { try table.column($0, option: "label") }
    let selected = try options[Key.columns]?.map { try table.column($0, option: "columns") }
    if label == nil, selected == nil {
      let names = options[Key.names] ?? table.names
      try self.init(
        context: context, RowSource(shape: table.shape, isSingle: table.isSingle, read: table.read),
        labels: nil, names: names
      )
      return
    }
    guard table.shape.count == 2 else {
      throw SteinError(
        .badOption, "label and columns are for arrays of two axes; this has shape \(table.shape)",
        argument: "options", option: label == nil ? "columns" : "label")
    }
    let kept = selected ?? (0 ..< d).filter { $0 != label }
    let n = table.shape[0]
    let whole = try Storage<Double>(context.memory, count: d)
    let source = RowSource(shape: [n, kept.count], isSingle: table.isSingle) { row, view in
      table.read(row, whole.view)
      for (index, column) in kept.enumerated() { view[index] = whole.view[column] }
    }
    let labels = try label.map { column in
      try Dataset.labels(table, column: column, whole.view, memory: context.memory)
    }
    let names = options[Key.names] ?? table.names.map { names in kept.map { names[$0] } }
    try self.init(context: context, source, labels: labels, names: names)
  }

  private static func labels(
    _ table: Table, column: Int, _ row: View<Double>, memory: Memory
  ) throws -> Labels {
    for r in 0 ..< table.shape[0] {
      table.read(r, row)
      guard Int64(exactly: row[column]) != nil else {
        throw SteinError(
          table.fault.code, "the label of row \(r) is \(row[column]); classes are whole numbers",
          argument: table.fault.argument, option: "label")
      }
    }
    return try Labels(rows: table.shape[0], memory: memory) { r in
      table.read(r, row)
      return Int64(exactly: row[column])
    }
  }
}

/// What a file or another library's table holds: [n, ...] and, for tables, the columns' names.
package struct Table {
  let shape: [Int]
  let names: [String]?
  /// Whether float32 holds every value as it is.
  let isSingle: Bool
  /// What is at fault where its contents are wrong.
  let fault: (code: SteinError.Code, argument: String)
  let read: (_ row: Int, _ into: View<Double>) -> Void

  package init(
    shape: [Int], names: [String]?, isSingle: Bool = false,
    fault: (code: SteinError.Code, argument: String) = (.badFile, "path"),
    read: @escaping (_ row: Int, _ into: View<Double>) -> Void
  ) {
    (self.shape, self.names, self.fault, self.read) = (shape, names, fault, read)
    self.isSingle = isSingle
  }

  /// A column by name, or by number from 0, from the end if negative.
  func column(_ text: String, option: String) throws -> Int {
    if let index = names?.firstIndex(of: text) { return index }
    let count = shape.count == 2 ? shape[1] : 0
    if let number = Int(text), number >= -count, number < count {
      return number < 0 ? number + count : number
    }
    let known = names.map { ": " + listed($0, most: 20) } ?? ""
    throw Options.bad(option, "names no column '\(text)' of the \(count)\(known)")
  }
}
