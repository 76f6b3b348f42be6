import Core

/// What there is to know of a family before a model is made of it: beside its type, in one place.
package struct FamilyDefinition: Sendable {
  /// How parameters are found.
  package enum Fit: Sendable {
    /// By gradients of any objective.
    case gradients
    /// By a formula alone.
    case closedForm
    /// By gradients, or all at once, since ln p is linear in one block of parameters.
    case linear
    /// By gradients through such a solution.
    case innerSolve
  }

  /// Those that it takes beside the options of every family.
  var options: [any AnyOptionKey]
  package var fit = Fit.gradients
  /// Whether ∫p = 1 by construction, so that the energy is −ln p itself.
  package var isNormalized = false
  /// Whether the score is told of the noise level; nil where the options decide.
  var isNoiseConditional: Bool? = false
  /// Whether it may live on a domain with a boundary, where a density is neither normalised nor
  /// convolved with noise.
  var allowsDomain = false
  /// Whether it has an energy; else a score of its own.
  var hasEnergy = true
  /// Whether one network is told of noise and class.
  var hasNetwork = false
  /// Whether that network has plain layers over a row, and may begin as the Gaussian of the data.
  package var isPerceptron = false
  /// Whether rows lie on a grid.
  package var isOnGrid = false
  /// Whether kernels of unit size want columns of one scale.
  var needsScale = false
  /// Whether a closed form chooses something by rows that are held out.
  package var closedFormHoldsOut = false
  /// Whether parameters may be so few for the rows that nothing can be learnt by heart.
  package var canBeSmall = false
  /// Whether the loss is bounded on finite data without noise: by few parameters, a ridge, or the
  /// caller's word.
  package var isBoundedOnData = false
  /// The scale unless options say so; nil where the data decide.
  var usualScaling: ModelDescription.Scaling?
  var network = NetworkDefaults()
  var usualComponents = 1
  var usualKernels = 1
  /// Why no model of so many columns can be made with these parameters; nil if one can.
  var complaint: @Sendable (_ familyParameters: FamilyParameters, _ dimension: Int) -> SteinError? =
    {
      _, _ in nil
    }
  let make: @Sendable (ModelDescription) -> any Family

  /// What a network is where options leave it open.
  struct NetworkDefaults: Sendable {
    var activation = Network.Activation.silu
    var isResidual = false
    var widths: @Sendable (_ rows: Int, _ columns: Int, _ common: Bool) -> [Int] = {
      rows, columns, common in
      if common { return [256, 256, 256] }
      if rows < 500 && columns <= 20 { return [64, 64] }
      return columns <= 20 || (rows < 5000 && columns <= 100) ? [128, 128] : [256, 256]
    }
  }

  package var hasClosedForm: Bool { fit == .closedForm || fit == .linear }
}
