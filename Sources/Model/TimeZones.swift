/// A time zone under its name of zoneinfo.
public struct NamedTimeZone: Equatable, Sendable {
  /// `Europe/Berlin`.
  public var name: Bytes
  /// What the file of that name says.
  public var zone: TimeZone
  public init(name: Bytes, zone: TimeZone) {
    self.name = name
    self.zone = zone
  }
}

/// The time zones that schedules go by. Names are resolved when units are loaded: an unknown one is an error there.
public struct TimeZones: Equatable, Sendable {
  /// `TZ`, else /etc/localtime, else UTC.
  public var local: TimeZone
  /// A few, so that looking through them costs less than hashing a name.
  public private(set) var named: [NamedTimeZone] = []

  public init(local: TimeZone = .utc) { self.local = local }

  /// The zone of that name, if it is known.
  public func find(_ name: Bytes) -> TimeZone? { named.first { $0.name == name }?.zone }

  /// In the place of an earlier one of that name.
  public mutating func add(_ name: Bytes, _ zone: TimeZone) {
    if let index = named.firstIndex(where: { $0.name == name }) {
      named[index].zone = zone
    } else {
      named.append(NamedTimeZone(name: name, zone: zone))
    }
  }

  /// The zone of an expression: its own, else `Timezone=`, else the local one.
  public func zone(_ own: Bytes?, _ setting: Bytes) -> TimeZone {
    let name = own ?? setting
    if name.isEmpty { return local }
    return name == "UTC" ? .utc : find(name) ?? .utc
  }
}
