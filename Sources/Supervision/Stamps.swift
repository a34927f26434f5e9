import Model

/// The stamps of Persistent=: systemd's folder and meaning. `stamp-UNIT` is an empty file whose mtime is the last run.
public enum Stamps {
  /// As systemd's.
  public static let folder: StaticString = "/var/lib/systemd/timers"
  /// The stamp's file in it.
  public static func name(_ unit: Bytes) -> Bytes { "stamp-" + unit }
}

/// What came of a stamp.
public enum StampOutcome: Equatable, Sendable {
  case at(WallTime)
  /// There was none; there is one now.
  case made
  /// There is no keeping stamps there: the reason.
  case failed(Bytes)
}
