import Calendar
import Model
import UnitFile

/// Why the local time cannot be told. UTC in its place would be a lie.
public struct UnknownLocalZone: Error, Equatable, Sendable {
  /// `TZ=Mars is no time zone`, `/etc/localtime leads to …, which is not there`.
  public let message: Bytes
  /// What to do.
  public let hint: Bytes

  init(_ message: Bytes, hint: StaticString) {
    self.message = message
    self.hint = Bytes(hint)
  }

  /// Message and hint in one line.
  public var text: Bytes { message + " (" + hint + ")" }
}

/// Finds time zones: the system's zoneinfo, and what `TZ` and /etc/localtime say. The one place that does; files are read
/// by whoever asks, a kernel or a face that has none.
public enum ZoneReader {
  /// The largest file of tzdata has 4 KB.
  public static let fileLimit = 1 << 20
  static let localPath: StaticString = "/etc/localtime"

  /// A zone by its name; nil: there is none here. `UTC` needs no file.
  public static func find(_ name: Bytes, read: (Bytes) -> FileContents) -> TimeZone? {
    if name == "UTC" { return .utc }
    guard TimeZoneParser.isName(name) else { return nil }
    let folders: [StaticString] = ["/usr/share/zoneinfo/", "/usr/lib/zoneinfo/", "/usr/share/lib/zoneinfo/"]
    for folder in folders { if let zone = zone(read(folder + name)) { return zone } }
    return nil
  }

  private static func zone(_ contents: FileContents) -> TimeZone? {
    guard case .contents(let bytes) = contents else { return nil }
    return try? TimeZoneParser.parse(tzif: bytes)
  }

  /// What is local: `TZ`, else /etc/localtime, else UTC: systemd's rule for a host without that file.
  public static func local(
    _ environment: [Bytes], read: (Bytes) -> FileContents, readLink: (Bytes) -> Bytes?
  ) throws(UnknownLocalZone) -> TimeZone {
    if let setting = environmentValue(Bytes("TZ"), in: environment) {
      if let zone = find(setting: setting, read: read) { return zone }
      throw UnknownLocalZone("TZ=" + setting.quotable + " is no time zone", hint: "install the package tzdata, or set TZ=UTC")
    }
    let path = Bytes(localPath)
    let contents = read(path)
    if let zone = zone(contents) { return zone }
    let remedy: StaticString = "link it to a file of /usr/share/zoneinfo, from the package tzdata, or set TZ=UTC"
    guard case .failed(let errno) = contents else { throw UnknownLocalZone(path + " is no time zone", hint: remedy) }
    if errno != Errno.ENOENT { throw UnknownLocalZone("cannot read " + path + ": " + errorText(errno), hint: remedy) }
    guard let target = readLink(path) else { return .utc }
    // Images without tzdata keep Debian's link, whose meaning needs no file.
    if target.ends(with: "zoneinfo/UTC") || target.ends(with: "zoneinfo/Etc/UTC") { return .utc }
    throw UnknownLocalZone(path + " leads to " + target.quotable + ", which is not there", hint: remedy)
  }

  /// As the C library reads `TZ`: a file of zoneinfo, an absolute path, or a POSIX rule; with a colon in front as well.
  public static func find(setting: Bytes, read: (Bytes) -> FileContents) -> TimeZone? {
    let name = setting.first == 58 ? Bytes(setting[1...]) : setting
    if name.isEmpty { return .utc }
    if name.first == 47 { return zone(read(name)) }
    return find(name, read: read) ?? (try? TimeZoneParser.parse(posix: name))
  }

  static func find(_ name: Bytes, _ kernel: inout some Kernel) -> TimeZone? {
    find(name) { kernel.readFile($0, limit: fileLimit) }
  }

  static func local(_ environment: [Bytes], _ kernel: inout some Kernel) throws(UnknownLocalZone) -> TimeZone {
    try local(environment, read: { kernel.readFile($0, limit: fileLimit) }, readLink: { kernel.readLink($0) })
  }
}
