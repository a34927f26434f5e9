import Calendar
import Model
import UnitFile

/// Finds time zones: the system's zoneinfo, and what `TZ` and /etc/localtime say.
public enum ZoneReader {
  static let fileLimit = 1 << 20
  static let localPath: StaticString = "/etc/localtime"

  /// A zone by its name; nil: there is none here. `UTC` needs no file.
  public static func read(_ name: Bytes, _ kernel: inout some Kernel) -> TimeZone? {
    if name == "UTC" { return .utc }
    guard TimeZoneParser.isName(name) else { return nil }
    let folders: [StaticString] = ["/usr/share/zoneinfo/", "/usr/lib/zoneinfo/", "/usr/share/lib/zoneinfo/"]
    for folder in folders { if let zone = file(folder + name, &kernel) { return zone } }
    return nil
  }

  private static func file(_ path: Bytes, _ kernel: inout some Kernel) -> TimeZone? {
    guard case .contents(let bytes) = kernel.readFile(path, limit: fileLimit) else { return nil }
    return try? TimeZoneParser.parse(tzif: bytes)
  }

  /// What is local: `TZ`, else /etc/localtime, else UTC. nil: that names no zone, and UTC in its place would be a lie.
  public static func local(_ environment: [Bytes], _ kernel: inout some Kernel) -> TimeZone? {
    if let setting = environmentValue(Bytes("TZ"), in: environment) { return zone(ofSetting: setting, &kernel) }
    switch kernel.readFile(Bytes(localPath), limit: fileLimit) {
    case .contents(let bytes): return try? TimeZoneParser.parse(tzif: bytes)
    // A link that leads nowhere is a zone that is not installed.
    case .failed: return kernel.readLink(Bytes(localPath)) == nil ? .utc : nil
    case .notRegular, .tooLarge: return nil
    }
  }

  /// As the C library reads `TZ`: a file of zoneinfo, an absolute path, or a POSIX rule; with a colon in front as well.
  private static func zone(ofSetting setting: Bytes, _ kernel: inout some Kernel) -> TimeZone? {
    let name = setting.first == 58 ? Bytes(setting[1...]) : setting
    if name.isEmpty { return .utc }
    if name.first == 47 { return file(name, &kernel) }
    return read(name, &kernel) ?? (try? TimeZoneParser.parse(posix: name))
  }
}
