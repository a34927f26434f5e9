import Model

/// A JSON text that was read. Objects keep their order.
public indirect enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// A whole number that fits.
  case integer(Int64)
  /// Any other number, as written.
  case number(Bytes)
  case string(Bytes)
  case array([JSONValue])
  case object([JSONMember])

  /// The value of a key; nil if this is no object or has no such key.
  public subscript(key: StaticString) -> JSONValue? { member(key) }

  /// As the subscript. Not inlined, like its kin: they are everywhere in the client, and the binary has to stay small.
  @inline(never) func member(_ key: StaticString) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    for member in members where member.key == key { return member.value }
    return nil
  }

  /// The text of a key; empty if it has none.
  @inline(never) public func text(_ key: StaticString) -> Bytes {
    if case .string(let text)? = member(key) { return text }
    return []
  }

  /// The whole number of a key; nil if it has none.
  @inline(never) public func number(_ key: StaticString) -> Int64? {
    if case .integer(let value)? = member(key) { return value }
    return nil
  }

  /// The elements of a key; empty if it has none.
  @inline(never) public func elements(_ key: StaticString) -> [JSONValue] { member(key)?.elements ?? [] }

  /// Whether a key has a value that is not null.
  @inline(never) public func has(_ key: StaticString) -> Bool {
    switch member(key) {
    case nil, .some(.null): return false
    default: return true
    }
  }

  public var isNull: Bool {
    if case .null = self { return true }
    return false
  }

  /// Whether a key holds `true`.
  @inline(never) public func isTrue(_ key: StaticString) -> Bool {
    if case .bool(true)? = member(key) { return true }
    return false
  }

  /// Whether a key holds that text.
  @inline(never) public func says(_ key: StaticString, _ text: StaticString) -> Bool { self.text(key) == text }

  /// The elements; empty for anything but an array.
  public var elements: [JSONValue] {
    if case .array(let elements) = self { return elements }
    return []
  }

  /// The members; empty for anything but an object.
  public var members: [JSONMember] {
    if case .object(let members) = self { return members }
    return []
  }

  /// The text of a string; nil for anything else.
  public var text: Bytes? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// The value of a whole number; nil for anything else.
  public var wholeNumber: Int64? {
    if case .integer(let value) = self { return value }
    return nil
  }

  public static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }
}

/// One key and its value.
public struct JSONMember: Equatable, Sendable {
  public var key: Bytes
  public var value: JSONValue
  public init(key: Bytes, value: JSONValue) {
    self.key = key
    self.value = value
  }
}

extension JSONWriter {
  /// A value that was read, or built.
  public mutating func value(_ value: JSONValue) {
    switch value {
    case .null: null()
    case .bool(let flag): bool(flag)
    case .integer(let number): integer(number)
    case .number(let text): literal(text)
    case .string(let text): string(text)
    case .array(let elements):
      beginArray()
      for element in elements { self.value(element) }
      endArray()
    case .object(let members):
      beginObject()
      for member in members {
        key(member.key)
        self.value(member.value)
      }
      endObject()
    }
  }
}
