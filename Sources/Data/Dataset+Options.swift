package import Core

extension Dataset {
  enum Format: String, CaseIterable, Sendable { case npy, csv }

  enum Key {
    static let names = OptionKey<[String]?>("names", "The columns' names, in order")
    static let format = OptionKey<Format?>(
      "format", "Of a file; auto goes by its ending", for: isFile.holds)
    static let separator = OptionKey<CSV.Separator?>(
      "separator", "Between fields of a .csv; auto takes the one that splits the first lines alike",
      for: isFile.holds, format.isOne(of: .csv))
    static let header = OptionKey<String?>(
      "header", choices: ["true", "false"],
      "Whether the first line of a .csv holds names; auto: when it holds a word", for: isFile.holds,
      format.isOne(of: .csv))
    static let label = OptionKey<String?>(
      "label",
      "The column with each row's class, whole numbers: its name, or its number from 0, from the end if negative",
      for: isTable.holds)
    static let columns = OptionKey<[String]?>(
      "columns", "The columns to keep, in order, by name or number from 0", for: isTable.holds)

    static let isFile = Fact("files", not: "rows in memory")
    static let isTable = Fact("files and tables", not: "rows of an array")
  }
}

extension OptionTable {
  package static let dataset = OptionTable(
    "dataset",
    [
      Dataset.Key.names, Dataset.Key.format, Dataset.Key.separator, Dataset.Key.header,
      Dataset.Key.label, Dataset.Key.columns,
    ])
}
