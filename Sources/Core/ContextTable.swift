extension OptionTable {
  package static let context = OptionTable(
    kind: "context",
    specs: [
      .init(
        "threads", .integer(0 ... 1024), "0",
        "Worker threads; 0: as many as the process may use processors, by affinity and quota"),
      .init(
        "memory_limit", .integer(0 ... 1 << 62), "0",
        "Bytes that data, models and work may take together; 0: no limit"),
    ])
}
