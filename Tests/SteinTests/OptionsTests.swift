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
    #expect(options.choice("family") == "energy_mlp")
    #expect(options.integer("seed") == 7)
    #expect(options.number("dropout") == 0.25)
    #expect(options.flag("residual") == false)
    #expect(options.choice("embedding") == "fourier")
    #expect(options.choice("activation") == nil)
    let again = try Options(options.text, .model)
    #expect(again.text == options.text)
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
