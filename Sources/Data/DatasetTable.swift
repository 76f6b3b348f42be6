package import Core

extension OptionTable {
  package static let dataset = OptionTable(
    kind: "dataset",
    specs: [
      .init("names", .texts, "", "The columns' names, in order"),
      .init(
        "format", .choice(["auto", "npy", "csv"]), "auto", "Of a file; auto goes by its ending"),
      .init(
        "separator", .choice(["auto", "comma", "semicolon", "tab", "space", "pipe"]), "auto",
        "Between fields of a .csv; auto takes the one that splits the first lines alike"),
      .init(
        "header", .choice(["auto", "true", "false"]), "auto",
        "Whether the first line of a .csv holds names; auto: when it holds a word"),
      .init(
        "label", .text, "",
        "The column with each row's class, whole numbers: its name, or its number from 0, from the end if negative"
      ),
      .init("columns", .texts, "", "The columns to keep, in order, by name or number from 0"),
    ])
}
