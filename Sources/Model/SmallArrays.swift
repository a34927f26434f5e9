// The standard library's `append` of one element is inlined at every call, a test for uniqueness, one for room and two
// calls each: sixty to a hundred bytes, nine hundred times. In the static release these take its place.
#if hasFeature(Embedded)
extension Array {
  /// As the standard library's, but one function a type.
  @inline(never)
  public mutating func append(_ newElement: __owned Element) { appendAsCollection(newElement, to: &self) }
}

/// The protocol's requirement, which this module's `append` does not hide.
@inline(__always)
private func appendAsCollection<List: RangeReplaceableCollection>(_ element: __owned List.Element, to list: inout List) {
  list.append(element)
}

/// As the standard library's. In a chain of sums the one before is appended to, and no caller has to release it.
@inline(never)
public func + (left: consuming Bytes, right: Bytes) -> Bytes {
  left += right
  return left
}
#endif
