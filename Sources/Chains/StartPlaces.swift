import Core
import Glibc
import Platform

/// Where chains begin that are told no place.
enum StartPlaces {
  /// Places that are tried where the density is not finite at the first.
  static let attempts = 100

  /// N(0, I) at first; then boxes of half-widths 1, 2, ½, 4, ¼, … up to 2¹⁰ and down to 2⁻¹⁰, over
  /// and over.
  static func draw(seed: UInt64, chain: Int, attempt: Int, into place: View<Double>) {
    var random = ChainRandom(
      seed: seed ^ 0x9E37_79B9_7F4A_7C15, chain: chain, transition: attempt)
    guard attempt > 0 else {
      for j in 0 ..< place.count { place[j] = random.normal() }
      return
    }
    let number = (attempt - 1) % 21
    let width = exp2(Double(number % 2 == 1 ? (number + 1) / 2 : -number / 2))
    for j in 0 ..< place.count { place[j] = width * (2 * random.uniform() - 1) }
  }

  static func isFinite(_ logDensity: Double, _ score: View<Double>) -> Bool {
    logDensity.isFinite && (0 ..< score.count).allSatisfy { score[$0].isFinite }
  }

  static func read(
    _ rows: TensorView, _ number: Int, into place: View<Double>, _ argument: String
  ) throws {
    rows.readRow(number, into: place)
    for j in 0 ..< place.count where !place[j].isFinite {
      throw SteinError(
        .notFinite, "row \(number), column \(j) of \(argument) is \(place[j])",
        argument: argument)
    }
  }
}
