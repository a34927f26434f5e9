/// The kinds of unit. `service`, `timer` and `target` run; the others are names that apus knows of.
public enum UnitType: UInt8, CaseIterable, Sendable {
  case service, timer, target, socket, path, mount, automount, swap, slice, scope, device

  /// The suffix without its dot.
  public var name: StaticString {
    switch self {
    case .service: "service"
    case .timer: "timer"
    case .target: "target"
    case .socket: "socket"
    case .path: "path"
    case .mount: "mount"
    case .automount: "automount"
    case .swap: "swap"
    case .slice: "slice"
    case .scope: "scope"
    case .device: "device"
    }
  }
}

/// A checked unit name (units.md b.8): at most 255 bytes of `0-9A-Za-z:_.\-` and at most one part behind `@`.
/// A class, because names are handed about and stored everywhere: a reference is one word.
public final class UnitName: Equatable, Sendable {
  public static let maximumLength = 255

  /// The whole name, `getty@tty1.service`.
  public let bytes: Bytes
  public let type: UnitType
  /// Index of the `@`, or nil for a plain name.
  let at: Int?
  /// Index of the dot before the suffix.
  let dot: Int

  /// nil if the bytes are no unit name.
  public init?(_ bytes: Bytes) {
    guard bytes.count <= UnitName.maximumLength, let dot = bytes.lastIndex(of: 46), dot > 0 else { return nil }
    let suffix = Bytes(bytes[(dot + 1)...])
    var found: UnitType? = nil
    for type in UnitType.allCases where suffix == type.name { found = type }
    guard let type = found else { return nil }
    var at: Int? = nil
    for index in 0..<dot {
      let byte = bytes[index]
      if byte == 64 {
        if at == nil { at = index }
      } else if !(byte.isDigit || byte.isASCIILetter || byte == 58 || byte == 95 || byte == 46 || byte == 92 || byte == 45) {
        return nil
      }
    }
    if at == 0 { return nil }
    self.bytes = bytes
    self.type = type
    self.at = at
    self.dot = dot
  }

  public static func == (left: UnitName, right: UnitName) -> Bool { left === right || left.bytes == right.bytes }

  /// `%N`: without the suffix.
  public var withoutSuffix: Bytes { Bytes(bytes[..<dot]) }
  /// `%p`: before the `@`, or all before the suffix.
  public var prefix: Bytes { Bytes(bytes[..<(at ?? dot)]) }
  /// `%i`: between `@` and suffix; nil for a plain name, empty for a template.
  public var instance: Bytes? { at.map { Bytes(bytes[($0 + 1)..<dot]) } }
  public var isTemplate: Bool { at.map { $0 + 1 == dot } ?? false }
  public var isInstance: Bool { at.map { $0 + 1 < dot } ?? false }

  /// The template of an instance: `getty@.service`.
  public var template: UnitName? {
    guard isInstance, let at else { return nil }
    return UnitName(Bytes(bytes[...at]) + Bytes(bytes[dot...]))
  }

  /// The template with an instance put in, an instance with another one; nil for a plain name, or if it became too long.
  public func with(instance: Bytes) -> UnitName? {
    guard let at, !instance.isEmpty else { return nil }
    return UnitName(Bytes(bytes[...at]) + instance + Bytes(bytes[dot...]))
  }

  /// The same name with another suffix; nil only if it became too long.
  public func with(type: UnitType) -> UnitName? {
    UnitName(withoutSuffix + "." + Bytes(type.name))
  }
}
