/// A stretch of elements in a `Storage` or an arena that outlives it.
///
/// The one way in which the subject touches memory: indices are checked in debug builds, and no pointer leaves `Execution`.
@safe
package struct View<Element: BitwiseCopyable>: @unchecked Sendable {
  package let base: UnsafeMutablePointer<Element>
  package let count: Int

  @inlinable
  package init(base: UnsafeMutablePointer<Element>, count: Int) {
    unsafe self.base = unsafe base
    self.count = count
  }

  @inlinable
  package subscript(index: Int) -> Element {
    get {
      assert(index >= 0 && index < count)
      return unsafe base[index]
    }
    nonmutating set {
      assert(index >= 0 && index < count)
      unsafe base[index] = newValue
    }
  }

  /// The elements start ..< start + count.
  @inlinable
  package func slice(_ start: Int, _ count: Int) -> View {
    assert(start >= 0 && count >= 0 && start + count <= self.count)
    return unsafe View(base: unsafe base + start, count: count)
  }

  @inlinable
  package func fill(_ value: Element) { unsafe base.update(repeating: value, count: count) }

  /// Copies all of `other`, which must not be longer.
  @inlinable
  package func copy(_ other: View) {
    assert(other.count <= count)
    unsafe base.update(from: other.base, count: other.count)
  }
}
