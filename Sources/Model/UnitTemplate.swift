/// A template of whose instances one is made for each connection, without reading any file. How they are made is the
/// parser's business.
public final class UnitTemplate: Equatable, Sendable {
  /// `echo@.service`
  public let name: UnitName
  /// An instance as it might be, with what other units add to it: two of them tell what a new file changes.
  public let example: Unit
  /// The instance of that name for a connection of that socket, or why it cannot be made.
  public let make: @Sendable (_ name: UnitName, _ socket: UnitName) -> InstanceOutcome

  public init(name: UnitName, example: Unit, make: @escaping @Sendable (_ name: UnitName, _ socket: UnitName) -> InstanceOutcome) {
    self.name = name
    self.example = example
    self.make = make
  }

  public static func == (left: UnitTemplate, right: UnitTemplate) -> Bool { left.name == right.name }
}

/// An instance, or why there is none, for people.
public enum InstanceOutcome: Equatable, Sendable {
  case made(Unit)
  case failed(Bytes)
}
