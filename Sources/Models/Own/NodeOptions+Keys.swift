package import Core

extension NodeOptions {
  enum Start: String, CaseIterable, Sendable { case zeros, ones, normal, identity }

  enum Key {
    static let columns = OptionKey<Int?>("columns", 1 ... 1 << 20, "x: columns of a row")
    static let name = OptionKey<String?>("name", "parameter: its name")
    static let shape = OptionKey<[Int]?>(
      "shape", 1 ... 1 << 20,
      "parameter, broadcast, reshape: lengths of the axes of one row; parameter: auto is one number",
      for: isGiven.fails)
    static let start = OptionKey<Start>(
      "start", default: .zeros, "parameter: where training begins, unless a value is given",
      for: value.isAbsent, isGiven.fails)
    static let deviation = OptionKey<Double>(
      "deviation", 0 ... 1e30, default: 1, "parameter, start=normal", for: start.isOne(of: .normal))
    static let value = OptionKey<Double?>(
      "value", -1e30 ... 1e30, "constant: one number; parameter: where every element begins",
      for: isGiven.fails)
    static let size = OptionKey<Int>("size", 1 ... 4096, default: 1, "identity: rows")
    static let exponent = OptionKey<Double?>("exponent", -1e6 ... 1e6, "power")
    static let axes = OptionKey<[Int]?>(
      "axes", -4 ... 3,
      "sum, mean, max, log_sum_exp: those that go, negative from the end; auto: all. transpose: the order; auto: reversed"
    )
    static let keepAxes = OptionKey<Bool>(
      "keep_axes", default: false, "sum, mean, max, log_sum_exp: leaves length 1")
    static let starts = OptionKey<[Int]?>(
      "starts", 0 ... 1 << 20, "slice: first element of each axis")
    static let sizes = OptionKey<[Int]?>("sizes", 1 ... 1 << 20, "slice: length of each axis")
    static let axis = OptionKey<Int>("axis", -4 ... 3, default: 0, "concatenate")
    static let indices = OptionKey<[Int]?>(
      "indices", 0 ... 1 << 20, "gather: entries of the first axis")
    static let stride = OptionKey<[Int]>(
      "stride", 1 ... 1 << 20, default: [1],
      "convolution, transposed_convolution: from one window to the next; one number, or height and width"
    )
    static let padding = OptionKey<[Int]?>(
      "padding", 0 ... 255,
      "convolution, transposed_convolution: zeros on each side; one number, or height and width; auto: half of an odd kernel, which with stride 1 keeps the lengths"
    )

    static let isGiven = Fact(
      "a value that is given as numbers", not: "nodes without numbers of their own")
  }
}

extension OptionTable {
  package static let graph: OptionTable = {
    typealias Node = NodeOptions.Key
    return OptionTable(
      "graph",
      [
        Node.columns, Node.name, Node.shape, Node.start, Node.deviation, Node.value, Node.size,
        Node.exponent, Node.axes, Node.keepAxes, Node.starts, Node.sizes, Node.axis, Node.indices,
        Node.stride, Node.padding,
      ],
      choosers: [Chooser("operation", GraphOperation.allCases.map { ($0.rawValue, $0.options) })])
  }()
}
