/// A template of whose instances one is made for each connection, without reading any file. How they are made is the
/// parser's business.
public final class UnitTemplate: Equatable, Sendable {
  /// `echo@.service`
  public let name: UnitName
  /// The instance of that name for a connection of that socket, or why it cannot be made.
  public let make: @Sendable (_ name: UnitName, _ socket: UnitName) -> InstanceOutcome

  public init(name: UnitName, make: @escaping @Sendable (_ name: UnitName, _ socket: UnitName) -> InstanceOutcome) {
    self.name = name
    self.make = make
  }

  public static func == (left: UnitTemplate, right: UnitTemplate) -> Bool { left.name == right.name }
}

/// An instance, or why there is none, for people.
public enum InstanceOutcome: Equatable, Sendable {
  case made(Unit)
  case failed(Bytes)
}
