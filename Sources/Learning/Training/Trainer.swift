package import Core
package import Data
import Execution
import Glibc
package import Models
import Platform

/// Trains a model's weights by score matching.
///
/// One call at a time: the boundary sees to that.
///
/// A step is map, reduce, update: shards of the batch give gradients in a fixed number of lanes, the lanes are added in order, Adam
/// moves the weights. The shards and lanes depend on the shapes alone, so the weights are the same for any number of threads.
package final class Trainer: Described, @unchecked Sendable {
  let model: Model
  let dataset: Dataset
  var options: Options
  var plan: TrainingPlan
  var progress = TrainingProgress()
  let data: TrainingRows
  /// Rows here that are trained on, and those that are held out.
  var trainRows: RowList
  var validationRows: RowList
  /// Rows that batches are drawn from: those of all ranks, by their numbers.
  var drawnRows: RowList
  /// Rows held out, by their numbers among those of all ranks.
  var validation: Validation
  package var ranks: Ranks?
  /// The rows of all ranks that a checkpoint was made with, until there are ranks.
  var expected: (rows: Int, means: [Double])?
  let weights: Weights
  /// The average at the best validation so far.
  let best: Storage<Float>
  /// The last state whose loss was sound.
  let good: Weights
  /// What a closed form found beside the weights.
  var fit: LinearFit.Result?
  /// Of the finished model.
  var diagnosis: Diagnosis?
  private var isDiagnosed = false
  /// What a checkpoint said of the two.
  var restored: JSON?
  var trainingStep: TrainingStep?
  private var isAttached = false
  /// What does not fit of a model made of other rows.
  var strangeness: [String]
  /// Time that runs took, and the steps that they made.
  var pace = (seconds: 0.0, steps: 0)
  /// Whether the model has what the last run learnt.
  private var isShown = true
  /// Noise of the caller's; with noise_kernel=caller it must be there before a run.
  package var noise: (any NoiseSource)?

  struct Validation {
    /// Those here.
    let rows: RowList
    let first: Int
    /// In all.
    let count: Int
  }

  package convenience init(model: Model, dataset: Dataset, options: String) throws {
    let options = try Options(options, .trainer)
    try self.init(
      model: model, dataset: dataset, options, rescale: options[TrainingPlan.Key.rescale])
    weights.parameters.view.copy(model.snapshot.weights.view)
    weights.average.view.copy(model.snapshot.weights.view)
    good.copy(weights)
  }

  init(model: Model, dataset: Dataset, _ options: Options, rescale: Bool = false) throws {
    var description = model.snapshot.description
    try description.checkColumns(dataset)
    if rescale { description = try description.rescaled(dataset) }
    strangeness = description.strangeness(of: dataset)
    let memory = model.context.memory
    self.model = model
    self.dataset = dataset
    self.options = options
    plan = try TrainingPlan(options, description, rows: dataset.rowCount)
    data = try TrainingRows(dataset, description, memory: memory)
    (trainRows, validationRows) = try splitRows(
      dataset.rowCount, validation: plan.validationRows, seed: plan.seed, memory: memory)
    drawnRows = trainRows
    validation = Validation(rows: validationRows, first: 0, count: validationRows.count)
    weights = try Weights(count: model.layout.count, memory: memory)
    good = try Weights(count: model.layout.count, memory: memory)
    best = try Storage(memory, count: model.layout.count)
    try model.attachTrainer()
    isAttached = true
    // Nothing that can fail comes after it: a trainer that is refused leaves the model as it was.
    if rescale { model.rescale(description) }
  }

  // Also of a trainer that was refused because the model has one.
  deinit { if isAttached { model.detachTrainer() } }

  /// Runs at most `steps` steps (0: all that are left); true at the end of training.
  package func run(steps: Int, monitor: any Monitor) throws -> Bool {
    monitor.begin(steps: plan.steps)
    monitor.report(step: progress.step)
    // A run that goes on knows what the last check found.
    monitor.report(loss: progress.loss, validation: progress.validation)
    guard !isFinished || progress.pendingCheck || !isShown else {
      if progress.step > 0 {
        try conclude(monitor)
        try diagnose(monitor)
      }
      return true
    }
    try monitor.poll()
    if let expected {
      throw SteinError(
        .badState,
        "the checkpoint was made with \(expected.rows) rows, here are \(dataset.rowCount): resume with the same data, or as one of several ranks call stein_trainer_set_allreduce first",
        argument: "trainer")
    }
    // Had before the work begins, so that no work is lost for want of it.
    let shown = try Storage<Float>(model.context.memory, count: weights.average.count)
    guard let objective = plan.objective else {
      try fitClosedForm(shown, monitor: monitor)
      return true
    }
    guard objective.kernel != .caller || noise != nil else {
      throw SteinError(
        .badState, "noise_kernel=caller needs stein_trainer_set_noise first", argument: "trainer")
    }
    if trainingStep == nil {
      trainingStep = try TrainingStep(self, objective)
      if progress.hasJoined { try trainingStep?.join() }
    }
    guard let trainingStep else { return false }
    isShown = false
    do {
      try train(trainingStep, steps: steps, monitor)
    } catch {
      try? publish(shown, monitor)
      throw error
    }
    try publish(shown, monitor)
    if isFinished {
      try conclude(monitor)
      try diagnose(monitor)
    }
    return isFinished
  }

  /// Once, at the end: judges the network beside the Gaussian that it began as, and finds the level of the clean score.
  private func conclude(_ monitor: any Monitor) throws {
    guard progress.conclusion == nil, model.snapshot.description.trained else { return }
    // Had before, so that what was concluded is shown.
    let shown = try Storage<Float>(model.context.memory, count: weights.average.count)
    progress.conclusion = try Conclusion(self, monitor: monitor)
    if progress.conclusion != nil { try publish(shown, monitor) }
  }

  /// Once, at the end; a call that is stopped in it is taken up by the next.
  private func diagnose(_ monitor: any Monitor) throws {
    guard !isDiagnosed, plan.objective != nil, restored?["denoising"]?.array == nil else { return }
    do {
      diagnosis = try Diagnosis(self, monitor: monitor)
    } catch let error as SteinError
      where [.cancelled, .deadline, .callbackFailed].contains(error.code)
    {
      throw error
    } catch {
      // A description without it is better than a training that fails at its end.
    }
    isDiagnosed = true
  }

  private func train(_ trainingStep: TrainingStep, steps: Int, _ monitor: any Monitor) throws {
    let (begin, first) = (ContinuousClock.now, progress.step)
    defer {
      pace.seconds += (ContinuousClock.now - begin) / .seconds(1)
      pace.steps += max(progress.step - first, 0)
    }
    if progress.pendingCheck { try check(trainingStep, monitor) }
    let last = steps > 0 ? min(plan.steps, progress.step + steps) : plan.steps
    while progress.step < last, !isFinished {
      if let ranks { ranks.part { try monitor.poll() } } else { try monitor.poll() }
      try step(trainingStep, monitor)
      monitor.report(step: progress.step)
      if plan.isCheck(after: progress.step) { try check(trainingStep, monitor) }
    }
  }

  var isFinished: Bool { progress.step >= plan.steps || progress.stoppedEarly }

  private func step(_ trainingStep: TrainingStep, _ monitor: any Monitor) throws {
    // Weights that go on are judged anew.
    progress.conclusion = nil
    let adam = AdamStep(
      rate: plan.rate(at: progress.step), beta1: plan.beta1, beta2: plan.beta2, epsilon: 1e-8,
      step: progress.step + 1, averageDecay: plan.averageDecay(at: progress.step))
    let result = try trainingStep.run(progress.step, plan, adam, monitor)
    let isLocal = ranks != nil && plan.localSteps > 1
    // By itself a rank can't go back: where it left the finite numbers all see it in the average.
    guard isLocal || result.loss.isFinite && result.norm.isFinite else { throw diverged(result) }
    progress.add(result)
    progress.step += 1
    if isLocal, progress.step % plan.localSteps == 0 || plan.isCheck(after: progress.step) {
      // A stop that another rank tells of here comes after the step, so that a check is still to be made.
      progress.pendingCheck = plan.isCheck(after: progress.step)
      try trainingStep.average(weights)
      progress.pendingCheck = false
      guard weights.parameters.view.allFinite else { throw diverged(nil) }
    }
  }

  /// Looks at the average of the weights: keeps it if it is the best so far, and ends training that no longer gets better.
  private func check(_ trainingStep: TrainingStep, _ monitor: any Monitor) throws {
    progress.closeInterval(plan)
    // Stopped in the middle, the check is made when training goes on, so that the pieces of a run don't show.
    progress.pendingCheck = true
    try refit(weights.average.view, monitor)
    if hasHeldOut {
      let result = try trainingStep.validate(plan, monitor: monitor)
      progress.validated(result, patience: plan.patience) { best.view.copy(weights.average.view) }
      if let join = plan.joinStep, progress.step >= join, !progress.isJudged {
        progress.hasJoined = try isBetterThanGaussian(monitor)
        progress.isJudged = true
        if progress.hasJoined { try trainingStep.join() }
      }
    }
    // One that joined them has been noted with the check before.
    if !hasHeldOut, progress.history.last?.step != progress.step { progress.noted() }
    progress.pendingCheck = false
    let loss = hasHeldOut ? progress.validation : progress.loss
    guard loss.isFinite, weights.parameters.view.allFinite else {
      throw diverged(nil)
    }
    progress.goodStep = progress.step
    good.copy(weights)
    monitor.report(loss: progress.loss, validation: progress.validation)
  }

  /// Whether there are rows that are not trained on.
  var hasHeldOut: Bool { validation.count > 0 && !progress.hasJoined }

  /// The weights of deep kernels, which training solves for shard by shard, for all rows at once.
  private func refit(_ parameters: View<Float>, _ monitor: any Monitor) throws {
    guard model.snapshot.description.family.fit == .innerSolve else { return }
    try LinearFit(self).refit(parameters, monitor: monitor)
  }

  /// Goes back to the last sound state and says where it went wrong.
  private func diverged(_ result: StepResult?) -> SteinError {
    let place = result.map { ", at noise level \($0.worstSigma)" } ?? ""
    let step = progress.step + (result == nil ? 0 : 1)
    weights.copy(good)
    progress.step = progress.goodStep
    trainingStep?.prepare()
    return SteinError(
      .diverged,
      "training left the finite numbers at step \(step)\(place); the state of step \(progress.goodStep) is kept: set a lower rate and go on"
    )
  }

  /// Shows the best average, or before any validation the latest, in `shown`.
  func publish(_ shown: Storage<Float>, _ monitor: any Monitor = Unwatched()) throws {
    let isBest = progress.bestStep > 0 && plan.keepsBest
    let source = isBest ? best : weights.average
    guard source.view.allFinite else { return }
    shown.view.copy(source.view)
    if !isBest { try refit(shown.view, monitor) }
    if let conclusion = progress.conclusion { model.apply(conclusion.gains, to: shown.view) }
    isShown = true
    model.publish(shown) { description in
      description.cleanLevel = progress.conclusion?.cleanLevel
      description.sigmaMin = plan.levels.range.lowerBound
      description.sigmaMax = plan.levels.range.upperBound
      description.noiseKernel = plan.objective?.kernel ?? .gaussian
      description.unconditional = description.classes.isEmpty || plan.labelDropout > 0
      description.trained = progress.step > 0
    }
  }

  /// The optimum of a quadratic loss, at once.
  private func fitClosedForm(_ shown: Storage<Float>, monitor: any Monitor) throws {
    if model.family is any LinearFamily {
      fit = try LinearFit(self).run(monitor: monitor)
    } else {
      // The optimum of score matching and of maximum likelihood alike (Hyvärinen 2005, section 3.1).
      try fitGaussian(data, model, into: weights.parameters.view, monitor: monitor)
    }
    weights.average.view.copy(weights.parameters.view)
    good.copy(weights)
    progress.step = 1
    progress.goodStep = 1
    monitor.report(step: 1)
    try publish(shown)
  }

  /// Rows over all ranks.
  var totalRows: Int { ranks?.totalRows ?? dataset.rowCount }
}
