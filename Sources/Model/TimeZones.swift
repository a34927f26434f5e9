/// The time zones that schedules go by. Names are resolved when units are loaded: an unknown one is an error there.
public struct TimeZones: Equatable, Sendable {
  /// `TZ`, else /etc/localtime, else UTC.
  public var local: TimeZone
  public var named: [Bytes: TimeZone]

  public init(local: TimeZone = .utc, named: [Bytes: TimeZone] = [:]) {
    self.local = local
    self.named = named
  }

  /// The zone of an expression: its own, else `Timezone=`, else the local one.
  public func zone(_ own: Bytes?, _ setting: Bytes) -> TimeZone {
    let name = own ?? setting
    return name.isEmpty ? local : named[name] ?? .utc
  }
}
