/// JSON array that describes every option of `kind`: "context", "dataset", "model", "trainer", "sampler", "loss"; nil for another.
package func describeOptions(kind: String) -> String? { nil }
