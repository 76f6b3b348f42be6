/// Placeholder.
package final class Workers: Sendable {
  package init(threads: Int) {}
}
