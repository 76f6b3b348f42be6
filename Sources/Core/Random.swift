package import Kernels

/// Which use of the random numbers; those of two uses never meet.
package enum Stream {
  package static let weights: UInt8 = 1
  package static let rows: UInt8 = 2
  package static let noise: UInt8 = 3
  package static let projections: UInt8 = 4
  package static let split: UInt8 = 5
  package static let start: UInt8 = 6
  package static let sampler: UInt8 = 7
  package static let labels: UInt8 = 8
  static let evaluation: UInt8 = 9
  package static let centres: UInt8 = 10
  package static let chains: UInt8 = 11
  package static let acceptance: UInt8 = 12
  package static let probes: UInt8 = 13
  package static let bootstrap: UInt8 = 20
  package static let permutations: UInt8 = 21
  package static let directions: UInt8 = 22
  /// Dropout's layers follow.
  package static let dropout: UInt8 = 64
}

/// Where the random numbers of a run come from.
package struct DrawSource {
  package let seed: UInt64
  package let step: UInt32
  /// Streams of evaluations are kept apart from those of training.
  let evaluation: Bool

  package init(seed: UInt64, step: UInt32, evaluation: Bool) {
    self.seed = seed
    self.step = step
    self.evaluation = evaluation
  }

  package func source(_ stream: UInt8) -> RandomSource {
    RandomSource(seed: seed, stream: evaluation ? stream &+ 128 : stream, step: step)
  }
}
