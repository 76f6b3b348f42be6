import Stein
import Testing

/// R16: option text, its table, and what is said of mistakes.
@Suite struct OptionsTests {
  private func error(_ text: String) -> SteinError? {
    do {
      _ = try Options(text, .model)
      return nil
    } catch { return error }
  }

  private enum Shape: String, CaseIterable, Sendable { case round, square }

  private static let shape = OptionKey<Shape>("shape", default: .round, "Which")
  private static let corner = OptionKey<Shape?>("corner", "Which, or auto")
  private static let sides = OptionKey<Int>(
    "sides", 3 ... 9, default: 4, "square: how many", for: shape.isOne(of: .square))
  private static let width = OptionKey<Double?>("width", 0 ... 9, "Or auto", for: sides.above(4))
  private static let seed = OptionKey<UInt64>("seed", "Of it")
  private static let isThin = OptionKey<Bool>("thin", default: false, "Whether", for: solid.fails)
  private static let parts = OptionKey<[Double]>("parts", default: [1, 0.5], "Some")
  private static let lengths = OptionKey<[Int]?>(
    "lengths", 1 ... 99, "Some", for: corner.isOne(of: .square))
  private static let names = OptionKey<[String]?>("names", "Some")
  private static let solid = Fact("solid bodies", not: "a hollow body")
  private static let table = OptionTable(
    "body", [shape, corner, sides, width, seed, isThin, parts, lengths, names])

  @Test func valuesAndDefaults() throws {
    typealias Own = OptionsTests
    let options = try Options(
      "  lengths=32,64 shape=square\tseed=7 sides=5 width=0.25 names=a", Own.table)
    #expect(options[Own.lengths] == [32, 64])
    #expect(options[Own.shape] == .square)
    #expect(options[Own.seed] == 7)
    #expect(options[Own.sides] == 5)
    #expect(options[Own.width] == 0.25)
    #expect(!options[Own.isThin])
    #expect(options[Own.parts] == [1, 0.5])
    #expect(options[Own.corner] == nil)
    #expect(options[Own.names] == ["a"])
    let again = try Options(options.text, Own.table)
    #expect(again.text == options.text)
  }

  /// What has no effect is refused: at once where the text says so, else when its reader has chosen
  /// or told what is missing.
  @Test(arguments: [
    ("sides=5", "sides", "with shape=round: it belongs to shape=square; leave it out"),
    ("shape=square width=1", "width", "with sides=4: it belongs to sides above 4"),
    ("shape=square sides=5 width=1", "", ""),
    ("thin=true", "thin", "with solid bodies: it belongs to a hollow body"),
    ("lengths=1", "lengths", "with corner=round"), ("corner=square lengths=1", "", ""),
  ])
  func whatHasNoEffect(text: String, key: String, says: String) throws {
    let error = ineffective(text)
    #expect(error?.option == (key.isEmpty ? nil : key))
    #expect(error?.message.contains("has no effect \(says)") ?? true, "\(error?.message ?? "")")
    #expect(try Options(text, OptionsTests.table, isSaved: true).text.isEmpty == text.isEmpty)
  }

  private func ineffective(_ text: String) -> SteinError? {
    do {
      let given = try Options(text, OptionsTests.table)
      let corner = given[OptionsTests.corner] ?? .round
      let known = given.choosing(OptionsTests.corner, corner).knowing(OptionsTests.solid, true)
      try known.check()
      return nil
    } catch { return error }
  }

  @Test func quotes() throws {
    let options = try Options(#"names="fixed acidity",pH,"a\"b\\c""#, OptionsTests.table)
    let names = options[OptionsTests.names]
    #expect(names == ["fixed acidity", "pH", #"a"b\c"#])
    #expect(try Options(options.text, OptionsTests.table)[OptionsTests.names] == names)
  }

  @Test(arguments: [
    ("widht=3", "widht", "did you mean 'widths'?"), ("colour=red", "colour", "there are family"),
    ("seed=1 seed=2", "seed", "twice"), ("seed=1.5", "seed", "whole number from 0"),
    ("dropout=2", "dropout", "from 0.0 to 0.9"), ("residual=yes", "residual", "true, false"),
    ("family=mlp", "family", "score_mlp, score_unet, energy_mlp"),
    ("widths=", "widths", "whole numbers"),
    ("seed", "seed", "=value"), ("seed=1,2", "seed", "one value"),
    ("dropout=0,5", "dropout", "one value"),
    ("family=\"a", "family", "not closed"), ("seed=nan", "seed", "whole"),
    ("dropout=nan", "dropout", "number"),
  ])
  func mistakes(text: String, key: String, says: String) {
    let error = error(text)
    #expect(error?.code == .badOption)
    #expect(error?.option == key)
    #expect(
      error?.message.contains(says) == true || says == "true, false", "\(error?.message ?? "none")")
  }

  @Test(arguments: ["context", "dataset", "model", "trainer", "sampler", "loss"])
  func everyOptionIsDescribed(kind: String) throws {
    let list = try JSON.parse(Array((describeOptions(kind: kind) ?? "").utf8)).array ?? []
    #expect(!list.isEmpty)
    for item in list {
      let name = item["name"]?.string ?? ""
      #expect(item["meaning"]?.string?.isEmpty == false, "\(name)")
      #expect(item["type"]?.string != nil && item["default"]?.string != nil, "\(name)")
    }
  }
}
