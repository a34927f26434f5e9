import Linux
import Model
import Runtime

/// Time zones by name, each read once: thousands of lines name the same few.
final class ZoneFiles {
  /// More names than this are not remembered: there are 600 zones.
  private static let rememberedMax = 1024

  private struct Entry {
    let name: Bytes
    let isSetting: Bool
    let zone: TimeZone?
  }

  private var remembered: [Entry] = []
  private var latest = 0

  /// Of zoneinfo; `UTC` is always there. nil: there is none of that name.
  func find(_ name: Bytes) -> TimeZone? { find(name, isSetting: false) }

  /// A manager's zone, as `TZ` names it: a POSIX rule, too.
  func manager(_ name: Bytes) -> TimeZone? { find(name, isSetting: true) }

  private func find(_ name: Bytes, isSetting: Bool) -> TimeZone? {
    func isFound(_ entry: Entry) -> Bool { entry.isSetting == isSetting && entry.name == name }
    if latest < remembered.count, isFound(remembered[latest]) { return remembered[latest].zone }
    if let index = remembered.firstIndex(where: isFound) {
      latest = index
      return remembered[index].zone
    }
    let zone = isSetting ? ZoneReader.find(setting: name, read: readZone) : ZoneReader.find(name, read: readZone)
    if remembered.count < ZoneFiles.rememberedMax {
      latest = remembered.count
      remembered.append(Entry(name: name, isSetting: isSetting, zone: zone))
    }
    return zone
  }

  /// The zone of this process.
  static func local(_ environment: [Bytes]) throws(UnknownLocalZone) -> TimeZone {
    try ZoneReader.local(environment, read: readZone, readLink: HostFiles.readLink)
  }
}

private func readZone(_ path: Bytes) -> FileContents { HostFiles.read(path, limit: ZoneReader.fileLimit) }
