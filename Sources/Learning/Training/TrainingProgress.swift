import Core

/// How far training is: what a checkpoint keeps beside the weights.
struct TrainingProgress: Sendable {
  var step = 0
  var goodStep = 0
  /// Mean loss of the steps since the last check.
  private(set) var loss = Double.nan
  private(set) var validation = Double.nan
  private(set) var bestValidation = Double.infinity
  private(set) var bestStep = 0
  /// Checks since the best.
  private(set) var waiting = 0
  var stoppedEarly = false
  var pendingCheck = false
  /// Whether the network was judged on the way, and whether rows held out are trained on since.
  var isJudged = false
  var hasJoined = false
  /// Of training that has ended.
  var conclusion: Conclusion?
  private(set) var levels: [(sigma: Double, loss: Double)] = []
  private(set) var history: [(step: Int, loss: Double, validation: Double)] = []
  private var sum = 0.0
  private var count = 0

  mutating func add(_ result: StepResult) {
    sum += result.loss
    count += 1
  }

  mutating func closeInterval(_ plan: TrainingPlan) {
    if count > 0 { loss = sum / Double(count) }
    (sum, count) = (0, 0)
  }

  mutating func validated(_ result: Evaluation.Result, patience: Int, _ keep: () -> Void) {
    validation = result.mean
    levels = result.levels
    history.append((step, loss, validation))
    if validation < bestValidation {
      bestValidation = validation
      bestStep = step
      waiting = 0
      keep()
    } else {
      waiting += 1
      stoppedEarly = patience > 0 && waiting >= patience
    }
  }

  /// A check without rows to make it on.
  mutating func noted() { history.append((step, loss, .nan)) }

  /// For descriptions and checkpoints.
  var fields: [(String, JSON)] {
    [
      ("step", .integer(step)), ("good_step", .integer(goodStep)),
      ("loss", .number(loss)), ("validation", .number(validation)),
      ("best_validation", .number(bestValidation)), ("best_step", .integer(bestStep)),
      ("waiting", .integer(waiting)), ("stopped_early", .bool(stoppedEarly)),
      ("pending_check", .bool(pendingCheck)),
      ("interval_sum", .number(sum)), ("interval_steps", .integer(count)),
      ("judged", .bool(isJudged)), ("joined", .bool(hasJoined)),
      ("conclusion", conclusion?.json ?? .null),
      (
        "levels",
        .array(levels.map { .object([("sigma", .number($0.sigma)), ("loss", .number($0.loss))]) })
      ),
      (
        "history",
        .array(
          history.map {
            .object([
              ("step", .integer($0.step)), ("loss", .number($0.loss)),
              ("validation", .number($0.validation)),
            ])
          })
      ),
    ]
  }

  init() {}

  init(_ json: JSON) throws {
    func bad(_ key: String) -> SteinError {
      SteinError(.badFile, "the checkpoint's \(key)", argument: "path")
    }
    func integer(_ key: String) throws -> Int {
      guard let value = json[key]?.integer, value >= 0, value <= 1 << 40 else { throw bad(key) }
      return value
    }
    step = try integer("step")
    goodStep = try integer("good_step")
    loss = json["loss"]?.double ?? .nan
    validation = json["validation"]?.double ?? .nan
    bestValidation = json["best_validation"]?.double ?? .infinity
    bestStep = try integer("best_step")
    waiting = try integer("waiting")
    stoppedEarly = json["stopped_early"]?.bool ?? false
    pendingCheck = json["pending_check"]?.bool ?? false
    sum = json["interval_sum"]?.double ?? 0
    count = try integer("interval_steps")
    isJudged = json["judged"]?.bool ?? false
    hasJoined = json["joined"]?.bool ?? false
    conclusion = try json["conclusion"].flatMap { try Conclusion($0) }
    levels = (json["levels"]?.array ?? []).map {
      ($0["sigma"]?.double ?? .nan, $0["loss"]?.double ?? .nan)
    }
    history = (json["history"]?.array ?? []).map {
      ($0["step"]?.integer ?? 0, $0["loss"]?.double ?? .nan, $0["validation"]?.double ?? .nan)
    }
  }
}
