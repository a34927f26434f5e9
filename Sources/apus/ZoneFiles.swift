import CLinux
import Calendar
import Model

/// Time zones by name, each read once. A zone that is not there is nil, never UTC.
final class ZoneFiles {
  /// More names than this are not remembered: there are 600 zones.
  private static let rememberedMax = 1024
  /// The largest file of tzdata has 4 KB.
  private static let fileMax = 1 << 20

  private var remembered: [(name: Bytes, zone: TimeZone?)] = []
  private var latest = 0

  /// Of zoneinfo; `UTC` is always there.
  func find(_ name: Bytes) -> TimeZone? {
    if name == "UTC" { return .utc }
    if latest < remembered.count, remembered[latest].name == name { return remembered[latest].zone }
    for index in remembered.indices where remembered[index].name == name {
      latest = index
      return remembered[index].zone
    }
    let zone = TimeZoneParser.isName(name) ? read(name) : nil
    if remembered.count < ZoneFiles.rememberedMax {
      latest = remembered.count
      remembered.append((name, zone))
    }
    return zone
  }

  private func read(_ name: Bytes) -> TimeZone? {
    for folder in ["/usr/share/zoneinfo/", "/usr/lib/zoneinfo/", "/usr/share/lib/zoneinfo/"] as [StaticString] {
      if let zone = ZoneFiles.zone(ofFile: folder + name) { return zone }
    }
    return nil
  }

  private static func zone(ofFile path: Bytes) -> TimeZone? {
    guard let bytes = readSmallFile(path, limit: fileMax) else { return nil }
    return try? TimeZoneParser.parse(tzif: bytes)
  }

  /// A manager's zone: a name, or else a POSIX string.
  func manager(_ name: Bytes) -> TimeZone? {
    find(name) ?? (try? TimeZoneParser.parse(posix: name))
  }

  /// The zone of this process as the C library finds it: `TZ`, else /etc/localtime, else UTC. Nil if `TZ` names none.
  func local(_ process: ProcessArguments) -> TimeZone? {
    guard var name = process.variable(Bytes("TZ")) else {
      return ZoneFiles.zone(ofFile: Bytes("/etc/localtime")) ?? .utc
    }
    if name.first == 58 { name.removeFirst() }
    if name.isEmpty { return .utc }
    return name.first == 47 ? ZoneFiles.zone(ofFile: name) : manager(name)
  }
}

/// A regular file as a whole; nil if it is none, or longer.
func readSmallFile(_ path: Bytes, limit: Int) -> Bytes? {
  let name = (path + [0]).map { CChar(bitPattern: $0) }
  var uid: UInt32 = 0
  var mode: UInt32 = 0
  guard !path.contains(0), control_stat(name, 1, &uid, &mode) == Int32(CONTROL_FILE) else { return nil }
  let fd = control_open_file(name)
  if fd < 0 { return nil }
  defer { close(fd) }
  var out = Bytes()
  var buffer = Bytes(repeating: 0, count: 8192)
  while true {
    let count = buffer.withUnsafeMutableBytes { control_read(fd, $0.baseAddress, $0.count) }
    if count == -Int64(CONTROL_EINTR) { continue }
    if count < 0 || out.count + Int(count) > limit { return nil }
    if count == 0 { return out }
    out += buffer[..<Int(count)]
  }
}
