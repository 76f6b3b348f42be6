package import Core
import Diagnostics
import Glibc
import Platform

extension Chains {
  func position(_ place: View<Double>) -> String {
    let shown = (0 ..< min(place.count, 6)).map { "\(Float(place[$0]))" }.joined(separator: ", ")
    return "[\(shown)\(place.count > 6 ? ", …" : "")]"
  }

  package var figures: JSON {
    func list(_ value: (Int) -> JSON) -> JSON { .array(chains.indices.map(value)) }
    return .object([
      ("options", options.json), ("kernel", .string(kernel.rawValue)),
      ("dimension", .integer(density.dimension)), ("transitions", .integer(progress.transitions)),
      ("warmup", .integer(plan.count)),
      ("warmed_up", .bool(progress.isSettled && progress.transitions >= plan.count)),
      (
        "acceptance",
        list {
          .number(counts[$0].draws > 0 ? counts[$0].acceptance / Double(counts[$0].draws) : .nan)
        }
      ),
      ("step_size", list { .number(chains[$0].adaptation.step) }),
      ("divergences", list { .integer(counts[$0].divergences) }),
      ("not_finite", list { .integer(counts[$0].notFinite) }),
      ("deepest_tree", list { .integer(counts[$0].deepest) }),
      ("draws", list { .integer(counts[$0].draws) }),
      ("saturated_trees", list { .integer(counts[$0].saturated) }),
      ("ebfmi", list { .number(counts[$0].energies.fraction ?? .nan) }),
      ("rhat", .number(progress.rHat?.value ?? .nan)),
      ("warnings", .array(warnings.map(JSON.string))),
      ("statistics", .array(Chains.statistics.map(JSON.string))),
    ])
  }
}
