import Foundation
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

  @Test func valuesAndDefaults() throws {
    let options = try Options(
      "  widths=32,64 family=energy_mlp\tseed=7 dropout=0.25 residual=false", .model)
    #expect(options.integers("widths") == [32, 64])
    #expect(options.value("family") == FamilyKind.energyMLP)
    #expect(options.value("seed") == 7)
    #expect(options.number("dropout") == 0.25)
    #expect(options.flag("residual") == false)
    #expect(options.value("embedding") == "fourier")
    #expect(options.value("exponents") == [1.0, 1.0])
    #expect(options.choice("activation") == nil)
    let again = try Options(options.text, .model)
    #expect(again.text == options.text)
  }

  /// A default that is no value of its option would be read as another one.
  @Test func everyDefaultIsAValue() throws {
    for table in OptionTable.all {
      for spec in table.specs where !spec.isAuto && !spec.defaultValue.isEmpty {
        _ = try Options("\(spec.name)=\(spec.defaultValue)", table)
      }
    }
  }

  /// The table's default is the only one: what reads an option as optional, and so with a choice of its own, reads one that is auto or
  /// empty by default, and what reads a value reads one that has it.
  @Test func noSecondDefaultStandsBehindTheTables() throws {
    let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../Sources/Stein")
    let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
    let kinds = "integer|number|flag|choice|integers|numbers|texts|value"
    let read = try Regex(
      #"[^a-zA-Z](\#(kinds))\("([a-z_0-9]+)"\)"#, as: (Substring, Substring, Substring).self)
    var reads = 0
    for case let file as URL in files ?? .init() where file.pathExtension == "swift" {
      for match in try String(contentsOf: file, encoding: .utf8).matches(of: read) {
        let specs = OptionTable.all.flatMap(\.specs).filter { $0.name == match.2 }
        guard !specs.isEmpty else { continue }
        reads += 1
        let fits = specs.contains { spec in
          match.1 == "value" ? !spec.isAuto : spec.isAuto || spec.defaultValue.isEmpty
        }
        #expect(fits, "\(file.lastPathComponent): \(match.0)")
      }
    }
    #expect(reads > 100)
  }

  @Test func quotes() throws {
    let options = try Options(#"names="fixed acidity",pH,"a\"b\\c""#, .dataset)
    #expect(options.texts("names") == ["fixed acidity", "pH", #"a"b\c"#])
    #expect(try Options(options.text, .dataset).texts("names") == options.texts("names"))
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
