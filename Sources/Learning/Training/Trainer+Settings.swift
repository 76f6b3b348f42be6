// What may be set once there is a trainer.

import Core
import Data
import Execution
import Glibc
import Models
import Platform

extension Trainer {
  /// Noise of the caller's, from the next run on.
  package func setNoise(_ source: any NoiseSource) throws {
    guard plan.objective?.kernel == .caller else {
      throw SteinError(
        .badState, "the trainer was made without objective=denoising noise_kernel=caller",
        argument: "trainer")
    }
    noise = source
    trainingStep = nil
  }

  static let changeable = ["steps", "rate", "ema", "clip", "patience"]

  package func set(options text: String) throws {
    let newer = try Options(text, .trainer)
    for key in newer.keys where !Trainer.changeable.contains(key) {
      throw Options.bad(
        key,
        "can't change once there is a trainer; these can: "
          + Trainer.changeable.joined(separator: ", "))
    }
    let merged = options.replaced(by: newer)
    plan = try TrainingPlan(merged, model.snapshot.description, rows: totalRows)
    options = merged
    if newer.isSet(TrainingPlan.Key.patience) { progress.stoppedEarly = false }
  }
}
