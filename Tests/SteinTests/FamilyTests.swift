import Glibc
import Graph
import Platform
import Stein
import TestSupport
import Testing

/// Families whose density or score is known, and what normalised ones promise.
@Suite struct FamilyTests {
  /// Rows of a correlated, skewed cloud with unequal scales.
  static func cloud(_ count: Int, seed: UInt64 = 5) -> [[Double]] {
    var numbers = Numbers(seed: seed)
    return (0 ..< count).map { _ in
      let (a, b) = (numbers.normal(), numbers.normal())
      return [3 + 2 * a, -1 + 0.5 * a + 0.4 * b + 0.1 * a * a]
    }
  }

  private func energies(_ model: Model, _ points: [[Double]], sigma: Double = 0) throws -> [Double]
  {
    var values: [[Double]] = []
    try tensor(points) { x in
      var flat = [Double](repeating: 0, count: points.count)
      try flat.withUnsafeMutableBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        let out = TensorView(type: .float64, shape: [points.count], strides: [1], base: base)
        try model.energy(x: x, labels: nil, sigma: sigma, out: out, monitor: Unwatched())
      }
      values = [flat]
    }
    return values[0]
  }

  private func scores(_ model: Model, _ points: [[Double]], sigma: Double = 0) throws -> [[Double]]
  {
    try rows(points.count, points[0].count) { out in
      try tensor(points) { x in
        try model.score(x: x, labels: nil, sigma: sigma, out: out, monitor: Unwatched())
      }
    }
  }

  static let normalized = [
    "family=gaussian", "family=gaussian covariance=diagonal",
    "family=gaussian covariance=low_rank rank=1", "family=mixture components=3",
    "family=mixture components=2 covariance=diagonal",
    "family=mixture components=2 covariance=low_rank rank=1", "family=nice couplings=3 widths=16",
    "family=autoregressive widths=16",
    "family=autoregressive conditional=logistic components=3 widths=16",
  ]

  /// e^{−E} sums to 1 over the plane, in the data's units, after a training that shaped it.
  @Test(arguments: normalized) func integratesToOne(_ options: String) throws {
    let isGaussian = options.contains("gaussian") && !options.contains("autoregressive")
    let fit = try fitted(
      Self.cloud(400), model: options, trainer: isGaussian ? "" : "steps=150 rate=0.01 validation=0"
    )
    let (dx, dy) = (0.25, 0.06)
    let points = stride(from: -13.0, through: 20, by: dx).flatMap { x in
      stride(from: -6.5, through: 5.5, by: dy).map { [x, $0] }
    }
    let mass = try energies(fit.model, points).reduce(0) { $0 + exp(-$1) * dx * dy }
    #expect(abs(mass - 1) < 5e-3, "mass \(mass)")
  }

  /// The score is the slope of −E, at several levels where there are any, in the data's units.
  @Test(
    arguments: normalized + [
      "family=exponential", "family=kernel_exponential points=20",
      "family=energy_mlp widths=16",
      "family=deep_kernel_exponential points=20 kernels=2 widths=8,8",
    ])
  func scoreIsTheSlopeOfTheEnergy(_ options: String) throws {
    let isFitted =
      options.contains("gaussian") && !options.contains("autoregressive")
      || options.contains("exponential") && !options.contains("deep")
    let deep = options.contains("deep")
    let fit = try fitted(
      Self.cloud(400), model: options,
      trainer: isFitted ? "" : deep ? "steps=20" : "steps=60 rate=0.01 validation=0")
    let point = [2.2, -0.4]
    let several = options.contains("gaussian") && isFitted || options.contains("mixture")
    for sigma in several ? [0, 0.7] : [0] {
      let score = try scores(fit.model, [point], sigma: sigma)[0]
      for (axis, h) in [0.02, 0.005].enumerated() {
        var (ahead, behind) = (point, point)
        ahead[axis] += h
        behind[axis] -= h
        let e = try energies(fit.model, [ahead, behind], sigma: sigma)
        let slope = -(e[0] - e[1]) / (2 * h)
        // The energy is in float32: its difference has an error of about 1e-6 |E|/h.
        #expect(abs(slope - score[axis]) < 0.02 * abs(score[axis]) + 6e-7 * (1 + abs(e[0])) / h)
      }
    }
  }

  /// In four columns a mask that let one see itself or a later one would not leave a density:
  /// E_q[p/q] = 1 over draws from a wide q.
  @Test(arguments: ["gaussian", "logistic"])
  func autoregressiveMasksLeaveADensity(_ conditional: String) throws {
    var numbers = Numbers(seed: 3)
    let data = (0 ..< 300).map { _ -> [Double] in
      let a = numbers.normal()
      return [a, 0.8 * a + 0.5 * numbers.normal(), numbers.normal(), a * a - 1 + numbers.normal()]
    }
    let fit = try fitted(
      data, model: "family=autoregressive widths=24,24 scale=none conditional=\(conditional)",
      trainer: "steps=200 rate=0.01 validation=0 objective=maximum_likelihood")
    let spread = 2.0
    let points = (0 ..< 40_000).map { _ in (0 ..< 4).map { _ in spread * numbers.normal() } }
    let ratios = zip(points, try energies(fit.model, points)).map { point, energy -> Double in
      let square = point.reduce(0) { $0 + $1 * $1 } / (spread * spread)
      return exp(-energy + 0.5 * square + 2 * log(2 * Double.pi) + 4 * log(spread))
    }
    let (mean, deviation) = meanAndDeviation(ratios)
    #expect(abs(mean - 1) < 5 * deviation && deviation < 0.03, "\(mean) ± \(deviation)")
  }

  /// A mixture of two correlated Gaussians: weights, means and covariances by denoising over all
  /// levels, and by the exact loss at one; within 5 deviations of estimates from labelled rows,
  /// widened for what the labels would have told.
  @Test(arguments: ["objective=denoising", "objective=maximum_likelihood"])
  func mixtureRecoversItsParameters(_ objective: String) throws {
    var numbers = Numbers(seed: 31)
    let n = 4000
    let data = (0 ..< n).map { _ -> [Double] in
      let first = numbers.next() < 0.3
      let (a, b) = (numbers.normal(), numbers.normal())
      return first ? [a, 0.6 * a + 0.5 * b] : [5 + 0.7 * a, 2 - 0.3 * a + 0.4 * b]
    }
    let fit = try fitted(
      data, model: "family=mixture components=2 scale=none",
      trainer: objective + " steps=3000 rate=0.005")
    let logits = try fit.model.values(of: "logits")
    let weights = logits.map { exp($0) / logits.reduce(0) { $0 + exp($1) } }
    let first = weights[0] < weights[1] ? 0 : 1
    let deviation = (0.21 / Double(n)).squareRoot()
    #expect(abs(weights[first] - 0.3) < 5 * deviation)
    let means = try fit.model.values(of: "means")
    let truth = [[0.0, 0.0], [5.0, 2.0]]
    let spread = [[1.0, 0.61.squareRoot()], [0.7, 0.5]]
    for k in 0 ..< 2 {
      let own = k == first ? 0 : 1
      let count = Double(n) * (own == 0 ? 0.3 : 0.7)
      for j in 0 ..< 2 {
        #expect(abs(means[2 * k + j] - truth[own][j]) < 7 * spread[own][j] / count.squareRoot())
      }
      let f = Array(try fit.model.values(of: "factors")[4 * k ..< 4 * k + 4])
      let covariance = [
        f[0] * f[0] + f[1] * f[1], f[0] * f[2] + f[1] * f[3], f[2] * f[2] + f[3] * f[3],
      ]
      let exact = own == 0 ? [1, 0.6, 0.61] : [0.49, -0.21, 0.25]
      for (value, true_) in zip(covariance, exact) {
        #expect(abs(value - true_) < 7 * (2 / count).squareRoot() * max(exact[0], exact[2]))
      }
    }
  }

  /// Diagonal and low-rank covariances against their closed forms.
  @Test func gaussianCovariances() throws {
    let data = Self.cloud(500)
    let full = try fitted(data, model: "family=gaussian scale=none")
    let diagonal = try fitted(data, model: "family=gaussian covariance=diagonal scale=none")
    let values = try diagonal.model.values(of: "eigenvalues")
    let n = Double(data.count)
    for j in 0 ..< 2 {
      let mean = data.reduce(0) { $0 + $1[j] } / n
      let variance = data.reduce(0) { $0 + ($1[j] - mean) * ($1[j] - mean) } / n
      #expect(abs(values[j] - variance) < 1e-5 * variance)
    }
    let low = try fitted(data, model: "family=gaussian covariance=low_rank rank=1 scale=none")
    // In two columns one residual direction is no constraint.
    let (a, b) = (try full.model.values(of: "eigenvalues"), try low.model.values(of: "eigenvalues"))
    #expect(zip(a.sorted(), b.sorted()).allSatisfy { abs($0 - $1) < 1e-6 * $0 })
  }

  /// Every family, saved and read again, is the same bytes and gives the same score.
  @Test(arguments: [
    "family=score_mlp widths=8 parameterization=v",
    "family=score_mlp widths=8 noise_conditional=false",
    "family=score_unet widths=8,4 blocks=1", "family=energy_mlp widths=8",
    "family=gaussian covariance=low_rank",
    "family=mixture components=2 covariance=low_rank", "family=exponential degree=3",
    "family=exponential domain=box lower=-20 upper=20", "family=exponential domain=ball radius=50",
    "family=kernel_exponential points=10", "family=deep_kernel_exponential points=10 widths=4",
    "family=nice widths=4", "family=autoregressive components=2 conditional=logistic widths=4",
  ])
  func savedModelsComeBack(_ options: String) throws {
    let conditional =
      options.contains("mlp") || options.contains("unet") || options.contains("nice")
      || options.contains("auto")
      || options.contains("mixture")
    let fit = try fitted(
      Self.cloud(120), model: options,
      trainer: conditional ? "steps=3" : options.contains("deep") ? "steps=2" : "")
    let bytes = try fit.model.serialized()
    let again = try Model(context: fit.data.context, bytes: bytes.view)
    let copy = try again.serialized()
    #expect(bytes.count == copy.count)
    #expect((0 ..< bytes.count).allSatisfy { bytes.view[$0] == copy.view[$0] })
    let points = [[1.0, -1], [4, 0.5]]
    #expect(try scores(fit.model, points) == scores(again, points))
  }

  /// An option of another family is refused with the families that take it.
  @Test func strangersAreNamed() throws {
    let context = try Context(options: "threads=1", allocator: nil)
    let data = try dataset(context, Self.cloud(50))
    do {
      _ = try Model(context: context, dataset: data, options: "family=gaussian widths=3")
      Issue.record("no error")
    } catch let error as SteinError {
      #expect(error.option == "widths" && error.message.contains("belongs to family=score_mlp"))
    }
  }

  static let refusals: [(model: String, trainer: String, says: String)] = [
    ("family=gaussian", "objective=exact", "components=1"),
    ("family=score_unet widths=8,8,8", "", "at most 2"),
    ("family=score_unet dropout=0.1", "", "no effect with family=score_unet"),
    ("family=score_unet spatial_axes=2", "", "rows [length]"),
    ("family=score_mlp", "objective=maximum_likelihood", "no normalised density"),
    ("family=score_mlp", "objective=closed_form", "quadratic"),
    ("family=exponential domain=box lower=-99 upper=99", "objective=denoising", "domain"),
    ("family=deep_kernel_exponential", "objective=finite_difference", "no quadratic"),
    ("family=energy_mlp noise_conditional=false", "objective=denoising noise=0", "noise"),
    ("family=exponential domain=box lower=-99", "noise=0.1", "domain"),
    ("family=score_mlp", "objective=exact noise_kernel=laplace", "denoising"),
    ("family=gaussian domain=positive", "", "not for family=gaussian"),
    ("family=energy_mlp domain=box lower=-99", "", "noise_conditional=false"),
    ("family=score_mlp", "noise=0.1", "belongs to a model of one noise level"),
    ("family=exponential", "schedule=vp", "many noise levels"),
  ]

  @Test(arguments: refusals.indices) func refusalsSayWhy(_ index: Int) throws {
    let (model, trainer, says) = Self.refusals[index]
    do {
      _ = try fitted(Self.cloud(80), model: model, trainer: trainer)
      Issue.record("no error")
    } catch let error as SteinError {
      #expect([.unsupported, .badOption, .badShape].contains(error.code))
      #expect(error.message.contains(says), "\(error.message)")
    }
  }
}
