package import Core
import Models

extension Objective {
  package enum Key {
    package static let projections = OptionKey<Int>(
      "projections", 1 ... 1024, default: 1,
      "sliced, sliced_vr, finite_difference: random directions a row", for: isSliced)
    package static let projectionLaw = OptionKey<ProjectionDistribution>(
      "projection_law", default: .rademacher,
      "Of the directions: signs, normal, or the sphere of radius √D", for: isSliced)
    package static let differenceStep = OptionKey<Double?>(
      "difference_step", 1e-6 ... 1e6,
      "finite_difference: ε, in units of the columns' scale; auto: 0.05 σ_data, since float32 loses the difference below 0.01",
      for: form(.finiteDifference))
    package static let noiseKernel = OptionKey<String>(
      "noise_kernel", choices: NoiseKernel.names, default: "gaussian",
      "denoising: law of the noise, of unit variance; caller: stein_trainer_set_noise",
      for: form(.denoising))
    package static let degrees = OptionKey<Double>(
      "degrees", 2.01 ... 1e4, default: 5, "noise_kernel=student_t: degrees of freedom",
      for: noiseKernel.isOne(of: "student_t"))
    package static let controlVariate = OptionKey<Bool>(
      "control_variate", default: false,
      "denoising: subtracts t·s(u), of mean 0, which keeps the variance finite at small σ",
      for: form(.denoising))
    package static let boundaryCap = OptionKey<Double?>(
      "boundary_cap", 1e-9 ... 1e9,
      "Models with a domain: distance from which the boundary is not felt, in units of the columns' scale; auto: σ_data",
      for: hasDomain.holds)
    package static let boundaryPower = OptionKey<Int>(
      "boundary_power", 1 ... 2, default: 1,
      "Of the distance in the weight; 2 where the density may diverge at the boundary",
      for: hasDomain.holds)

    package static let hasDomain = Fact("models with a domain", not: "a model without a domain")

    private static let isSliced = Need.choice(
      "objective", Form.allCases.filter(\.isSliced).map(\.rawValue))

    private static func form(_ form: Form) -> Need { .choice("objective", [form.rawValue]) }

    /// What a trainer and a loss say of an objective.
    package static let all: [any AnyOptionKey] = [
      projections, projectionLaw, differenceStep, noiseKernel, degrees, controlVariate,
      boundaryCap, boundaryPower,
    ]
  }
}
