// The kinds of option text, each a table that its owner declares.

extension OptionTable {
  /// Every table, in the order of the header.
  package static let all: [OptionTable] = [
    .context, .dataset, .model, .graph, .trainer, .sampler, .impute, .encode, .decode,
    .logLikelihood, .loss, .denoising, .chains, .sampleSize,
    .steinDiscrepancy, .slicedWasserstein, .meanDiscrepancy, .importWeights,
  ]
}

/// JSON array that describes every option of `kind`, which is one of the tables' kinds; nil for
/// another.
package func describeOptions(kind: String) -> String? {
  OptionTable.all.first { $0.kind == kind }?.json.text
}

/// The kinds that there are.
package func optionKinds() -> [String] { OptionTable.all.map(\.kind) }
