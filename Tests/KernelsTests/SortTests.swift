import Kernels
import Testing

@Suite struct SortTests {
  private struct Stop: Error {}

  private func sorted(_ values: [Double], _ check: () throws -> Void = {}) throws -> [Double] {
    var (result, scratch) = (values, values)
    try result.withUnsafeMutableBufferPointer { keys in
      try scratch.withUnsafeMutableBufferPointer { other in
        guard let base = keys.baseAddress, let second = other.baseAddress else { return }
        try RadixSort(base, scratch: second, count: keys.count).run(check)
      }
    }
    return result
  }

  /// Numbers of all magnitudes and both signs, with ties; odd and even numbers of passes.
  @Test(arguments: awkwardSizes)
  func isInOrder(count: Int) throws {
    for spread in [0, 1, 300] {
      let values = points(count).enumerated().map { index, x in
        Double(index % 7 == 0 ? 1 : x)
          * Double(sign: .plus, exponent: index % (2 * spread + 1) - spread, significand: 1)
      }
      #expect(try sorted(values) == values.sorted())
    }
  }

  @Test func ends() throws {
    let values = [
      0, .infinity, -1, .leastNonzeroMagnitude, -.infinity, -0.0, .greatestFiniteMagnitude,
    ]
    let result = try sorted(values + [.nan])
    #expect(result.last?.isNaN == true)
    #expect(Array(result.dropLast()) == values.sorted())
    #expect(result[2].sign == .minus && result[3].sign == .plus)
  }

  @Test func stops() {
    #expect(throws: Stop.self) { _ = try sorted([2, 1]) { throw Stop() } }
  }
}
