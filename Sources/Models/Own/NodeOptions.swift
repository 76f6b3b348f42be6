import Core

/// The options of one node, as the table "graph" describes them.
struct NodeOptions: Sendable {
  private(set) var text: String
  private(set) var columns = 0
  private(set) var name = ""
  private(set) var shape: [Int]?
  private(set) var start = ParameterSpec.Start.zeros
  private(set) var value: Double?
  private(set) var size = 1
  private(set) var exponent: Double?
  private(set) var axes: [Int]?
  private(set) var keepAxes = false
  private(set) var starts: [Int]?
  private(set) var sizes: [Int]?
  private(set) var axis = 0
  private(set) var indices: [Int]?
  /// Along each axis of a picture, or one for both.
  private(set) var stride: [Int]?
  private(set) var padding: [Int]?

  /// `isGiven`: whether the node's numbers are given beside the text.
  init(_ text: String, _ operation: GraphOperation, isGiven: Bool) throws {
    let options = try Options(text, .graph, chosen: ["operation": operation.rawValue])
      .knowing(Key.isGiven, isGiven)
    try options.check()
    try self.init(options)
  }

  /// From a file, whose options were checked as they were given.
  init(saved text: String, _ operation: GraphOperation) throws {
    try self.init(
      Options(text, .graph, chosen: ["operation": operation.rawValue], isSaved: true))
  }

  private init(_ options: Options) throws {
    self.text = options.text
    columns = options[Key.columns] ?? 0
    name = options[Key.name] ?? ""
    shape = options[Key.shape]
    value = options[Key.value]
    size = options[Key.size]
    exponent = options[Key.exponent]
    axes = options[Key.axes]
    keepAxes = options[Key.keepAxes]
    starts = options[Key.starts]
    sizes = options[Key.sizes]
    axis = options[Key.axis]
    indices = options[Key.indices]
    stride = options[Key.stride]
    padding = options[Key.padding]
    for (key, given) in [("stride", stride), ("padding", padding)] {
      guard (1 ... 2).contains(given?.count ?? 1) else {
        throw Options.bad(
          key, "has \(given?.count ?? 0) numbers; it takes one, or height and width")
      }
    }
    let deviation = options[Key.deviation]
    switch options[Key.start] {
    case .ones: start = .ones
    case .normal: start = .normal(deviation: deviation)
    case .identity:
      guard let shape, shape.count >= 2, shape[shape.count - 1] == shape[shape.count - 2] else {
        throw Options.bad("start", "is 'identity', which wants a shape with equal last axes")
      }
      start = .diagonal(1)
    case .zeros: start = value.map(ParameterSpec.Start.constant) ?? .zeros
    }
  }

  func with(shape: [Int]?) -> NodeOptions {
    var copy = self
    copy.shape = shape
    return copy
  }
}
