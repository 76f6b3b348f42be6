import Core
import Glibc
import Kernels
import Platform

/// The random numbers of one transition of one chain: a function of seed, chain, transition and
/// place.
struct ChainRandom {
  private let seed: UInt64
  private let chain: UInt32
  private let transition: UInt32
  private var block: UInt32 = 0
  private var spare: Double?

  init(seed: UInt64, chain: Int, transition: Int) {
    self.seed = seed
    self.chain = UInt32(truncatingIfNeeded: chain)
    self.transition = UInt32(truncatingIfNeeded: transition)
  }

  /// In (0, 1), of 53 bits.
  mutating func uniform() -> Double { pair().0 }

  private mutating func pair() -> (Double, Double) {
    let words = RandomSource(seed: seed, stream: Stream.chains, step: transition).words(
      row: UInt64(chain), block: block)
    block &+= 1
    func unit(_ high: UInt32, _ low: UInt32) -> Double {
      (Double((UInt64(high) << 32 | UInt64(low)) >> 11) + 0.5) * 0x1p-53
    }
    return (unit(words[0], words[1]), unit(words[2], words[3]))
  }

  /// Box & Muller (1958).
  mutating func normal() -> Double {
    if let kept = spare {
      spare = nil
      return kept
    }
    let (u, v) = pair()
    let radius = (-2 * log(u)).squareRoot()
    spare = radius * sin(2 * .pi * v)
    return radius * cos(2 * .pi * v)
  }
}
