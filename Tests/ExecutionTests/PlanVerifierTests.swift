import Execution
import Testing

/// Plans that are wrong in one way each, which the verifier sees.
@Suite struct PlanVerifierTests {
  private typealias Entry = PlanVerifier.Entry

  private func frame(_ offset: Int, _ count: Int = 16) -> Extent {
    Extent(Slot(.frame, offset), count)
  }

  /// An input of 16 floats at the beginning of a frame of 64, and what the steps make of it.
  private func fault(_ steps: [Entry], outputs: [(lowered: Extent, placed: Extent)] = []) -> String?
  {
    let input = (lowered: frame(0), placed: frame(0))
    var verifier = PlanVerifier(frame: 64, shared: 0, parameters: 32, sums: 32, inputs: [input])
    return verifier.fault(steps, outputs: outputs)
  }

  /// Reads and writes, each as lowered and in its place.
  private func step(
    _ reads: [(Int, Int)], _ writes: [(Int, Int)], scratch: [(Int, Int)] = []
  ) -> Entry {
    func extents(_ list: [(Int, Int)], _ part: KeyPath<(Int, Int), Int>) -> [Extent] {
      list.map { frame($0[keyPath: part]) }
    }
    func access(_ part: KeyPath<(Int, Int), Int>) -> Access {
      Access(extents(reads, part), extents(writes, part), scratch: extents(scratch, part))
    }
    return Entry(lowered: access(\.0), placed: access(\.1))
  }

  @Test func aRightPlanHasNoFault() {
    let steps = [
      step([(0, 0)], [(100 * 16, 16)], scratch: [(101 * 16, 32)]),
      step([(100 * 16, 16)], [(102 * 16, 32)]),
      // The first value is no longer needed, and its place is taken.
      step([(102 * 16, 32), (0, 0)], [(103 * 16, 16)]),
    ]
    #expect(fault(steps, outputs: [(frame(103 * 16), frame(16)), (frame(0), frame(0))]) == nil)
  }

  @Test func aValueIsWrittenBeforeItIsRead() {
    #expect(fault([step([(160, 16)], [(320, 32)])])?.contains("before it is written") == true)
    let afterScratch = [
      step([(0, 0)], [(160, 16)], scratch: [(320, 32)]), step([(320, 32)], [(480, 48)]),
    ]
    #expect(fault(afterScratch)?.contains("step 1 reads") == true)
  }

  @Test func twoLivingValuesDoNotOverlap() {
    let steps = [
      step([(0, 0)], [(160, 16)]), step([(0, 0)], [(320, 16)]), step([(160, 16)], [(480, 32)]),
    ]
    #expect(fault(steps)?.contains("step 2 reads frame[16]") == true)
    #expect(fault(steps)?.contains("another value") == true)
    // An input is needed to the end.
    let overInput = [step([], [(160, 0)])]
    #expect(fault(overInput, outputs: [(frame(0), frame(0))])?.hasPrefix("output 0") == true)
  }

  @Test func aStepKeepsItsOwnValuesApart() {
    #expect(fault([step([(0, 0)], [(160, 0)])])?.contains("which it reads") == true)
    let scratch = [step([(0, 0)], [(160, 16)], scratch: [(320, 16)])]
    #expect(fault(scratch)?.contains("scratch") == true)
  }

  @Test func placesAreAlignedAndInside() {
    let behind = step([(0, 0)], [(160, 56)])
    #expect(fault([behind])?.contains("behind the 64 floats") == true)
    let askew = [step([(0, 0)], [(160, 24)]), step([(160, 24)], [(320, 48)])]
    #expect(fault(askew)?.contains("not aligned") == true)
  }

  @Test func totalsAreNotRead() {
    let sums = Extent(Slot(.sums, 0), 16)
    let access = Access([sums], [frame(16)])
    #expect(fault([Entry(lowered: access, placed: access)])?.contains("reads a total") == true)
  }
}
