/// A large value that is seldom there: without one it takes a word.
public indirect enum Boxed<Value> {
  case none
  case some(Value)

  public init(_ value: Value?) { self = value.map { .some($0) } ?? .none }

  public var isEmpty: Bool {
    if case .none = self { return true }
    return false
  }

  public var value: Value? {
    if case .some(let value) = self { return value }
    return nil
  }
}

extension Boxed: Sendable where Value: Sendable {}

extension Array {
  /// Empties a list that is filled again and again, and keeps its room unless that is for more than `limit` elements: what
  /// a boot or a reload of everything needed once must not stay for years.
  public mutating func empty(keepingAtMost limit: Int) { removeAll(keepingCapacity: capacity <= limit) }
}
