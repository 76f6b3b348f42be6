import Models

extension GraphModel {
  /// Why a form of score matching does not fit the graph; nil if it does.
  func refusal(of form: Objective.Form) -> String? {
    guard output != .score, [.exact, .sliced, .slicedVR].contains(form) else { return nil }
    return kinkRefusal
  }
}
