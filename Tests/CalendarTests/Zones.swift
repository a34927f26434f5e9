import Calendar
import Foundation
import Model

/// Zones for the tests: of the machine's zoneinfo, or POSIX strings.
enum Zones {
  static let folder = "/usr/share/zoneinfo/"
  /// Without tzdata on the machine, tests that need it say so and pass.
  static let areInstalled = FileManager.default.fileExists(atPath: folder + "Europe/Berlin")

  private static let lock = NSLock()
  nonisolated(unsafe) private static var known: [String: Model.TimeZone?] = [:]

  static func bytes(_ name: String) -> Bytes? {
    guard TimeZoneParser.isName(Bytes(name.utf8)), let data = FileManager.default.contents(atPath: folder + name) else { return nil }
    return Bytes(data)
  }

  /// Nil if there is no such zone.
  static func named(_ name: String) -> Model.TimeZone? {
    if name == "UTC" { return .utc }
    return lock.withLock {
      if let zone = known[name] { return zone }
      let zone = bytes(name).flatMap { try? TimeZoneParser.parse(tzif: $0) } ?? (try? TimeZoneParser.parse(posix: Bytes(name.utf8)))
      known[name] = .some(zone)
      return zone
    }
  }

  /// Of a suffix: no POSIX strings.
  static func isInstalled(_ name: Bytes) -> Bool { name == "UTC" || bytes(name.shown) != nil }
}

/// Lines of a fixture.
func vectors<T: Decodable>(_ name: String) -> [T] {
  guard let url = Bundle.module.url(forResource: name, withExtension: "jsonl", subdirectory: "Fixtures"),
    let text = try? String(contentsOf: url, encoding: .utf8)
  else { return [] }
  return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(T.self, from: Data($0.utf8)) }
}
