package import Core

extension ModelDescription {
  enum Classes: String, CaseIterable, Sendable { case use, ignore }

  package enum Key {
    static let family = OptionKey<FamilyKind>(
      "family", choices: FamilyKind.built, default: .scoreMLP,
      "score_mlp: noise-conditional score network; score_unet: the same of convolutions, for pictures and signals (Ho et al. 2020); energy_mlp: scalar energy, score its negative gradient; gaussian; mixture of Gaussians; exponential: natural parameters; kernel_exponential (Sutherland et al. 2018) and deep_kernel_exponential (Wenliang et al. 2019); nice: flow of additive couplings (Dinh et al. 2015); autoregressive"
    )
    static let scale = OptionKey<Scaling?>(
      "scale",
      "Standardise each column by its own deviation, all by one, or not at all (u = x); auto: common from 3 axes on, for score_unet and for a ball"
    )
    static let classes = OptionKey<Classes>(
      "classes", default: .use,
      "ignore: the labels of the data set are left out; families without classes refuse them else",
      for: hasLabels.holds)
    static let seed = OptionKey<UInt64>("seed", "Of the starting weights")

    package static let hasClasses = Fact("models with classes", not: "a model without classes")
    static let hasLabels = Fact("data sets with labels", not: "a data set without labels")
  }
}

extension Domain {
  enum Kind: String, CaseIterable, Sendable { case real, positive, box, ball }

  enum Key {
    static let kind = OptionKey<Kind>(
      "domain", default: .real,
      "Where the density lives. With a boundary exact, sliced and sliced_vr are weighted by the distance to it (Hyvärinen 2007; Yu et al. 2019; Liu et al. 2022)"
    )
    static let lower = OptionKey<[Double]?>(
      "lower", "domain=box: in the data's units, one number or one for each column; auto: none",
      for: kind.isOne(of: .box))
    static let upper = OptionKey<[Double]?>(
      "upper", "domain=box: as lower", for: kind.isOne(of: .box))
    static let centre = OptionKey<[Double]?>(
      "centre", "domain=ball: in the data's units; auto: the origin", for: kind.isOne(of: .ball))
    static let radius = OptionKey<Double?>(
      "radius", 0 ... 1e30, "domain=ball: in the data's units", for: kind.isOne(of: .ball))

    static let all: [any AnyOptionKey] = [kind, lower, upper, centre, radius]
  }
}

extension GraphModel {
  enum Key {
    static let output = OptionKey<GraphModel.Output>(
      "output", default: .energy, "stein_model_from_graph: what the node is")
  }
}

extension OptionTable {
  package static let model = OptionTable(
    "model",
    [ModelDescription.Key.family, ModelDescription.Key.scale]
      + ModelDescription.NetworkOptions.Key.all + FamilyParameters.Key.all + Domain.Key.all
      + [GraphModel.Key.output, ModelDescription.Key.classes, ModelDescription.Key.seed],
    choosers: [Chooser("family", FamilyKind.allCases.map { ($0.rawValue, $0.options) })])
}
