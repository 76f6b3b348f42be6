package import Core
import Data
import Execution
import Glibc
import Models
import Platform

extension Trainer {
  package var figures: JSON {
    .object(
      [
        ("options", options.json),
        ("objective", .string(plan.objective?.name ?? "closed_form")),
        ("steps", .integer(plan.steps)),
        ("finished", .bool(isFinished)),
        (
          "reason",
          .string(
            progress.stoppedEarly
              ? "no better validation loss for \(plan.patience) checks"
              : isFinished ? "all steps done" : "")
        ),
        ("rows", .integer(drawnRows.count)),
        ("validation_rows", .integer(validation.count)),
        ("validation_joined", .bool(progress.hasJoined)),
        ("ranks", .integer(ranks?.count ?? 1)), ("rank", .integer(ranks?.rank ?? 0)),
        ("seconds", .number(pace.seconds)),
        ("seconds_left", secondsLeft.map(JSON.number) ?? .null),
      ] + progress.fields + report + [("warnings", .array(warnings.map(JSON.string)))]
    )
  }

  /// Until the last step at the pace so far; nil before a hundredth of the steps.
  var secondsLeft: Double? {
    if isFinished { return 0 }
    guard pace.steps > 0, pace.steps >= plan.steps / 100 else { return nil }
    return pace.seconds / Double(pace.steps) * Double(plan.steps - progress.step)
  }

  /// What training found beside the weights.
  var report: [(String, JSON)] {
    [
      ("closed_form", fit?.json ?? restored?["closed_form"] ?? .null),
      ("denoising", diagnosis?.json ?? restored?["denoising"] ?? .null),
    ]
  }

  /// For a checkpoint.
  var reportToKeep: JSON {
    .object(report + [("warnings", .array((diagnosis?.warnings ?? []).map(JSON.string)))])
  }

  var warnings: [String] {
    var list = diagnosis?.warnings ?? (restored?["warnings"]?.array ?? []).compactMap(\.string)
    list += progress.conclusion?.warnings ?? []
    if isFinished, hasHeldOut, !progress.stoppedEarly, progress.bestStep == progress.step,
      progress.step > 0, plan.steps > 1
    {
      list.append(
        "the last check was the best yet: training ended while it still learnt; give more steps than \(plan.steps)"
      )
    }
    if plan.objective != nil, totalRows < 60 {
      list.append(
        "\(totalRows) rows are few for a network; family=gaussian is likely to do better")
    }
    list += strangeness
    list += model.warnings
    let constant = dataset.columns.filter(\.isConstant).count
    if constant > 0 {
      list.append("\(constant) constant columns are left out and restored on output")
    }
    return list
  }
}
