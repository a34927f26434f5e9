import Model
import Testing

@testable import Runtime
@testable import SimulatedKernel

/// Which zone is the local one, and which names are zones, on disks of all sorts.
@Suite struct ZoneReaderTests {
  static let berlin = "CET-1CEST,M3.5.0,M10.5.0/3"

  struct Row: Sendable {
    enum Local: Sendable { case absent, zone, link(String), text(String), folder }
    var local: Local
    var setting: String? = nil
    /// The abbreviation in winter, or a part of what is said.
    var expected: String
  }

  private func disk(_ local: Row.Local) -> Disk {
    let disk = Disk("/units")
    for (name, rule) in [("Europe/Berlin", Self.berlin), ("CET", Self.berlin), ("Asia/Tokyo", "JST-9"), ("EST", "EST5")] {
      disk.world.files.write("/usr/share/zoneinfo/\(name)".bytes, TZif.bytes(rule))
    }
    switch local {
    case .absent: break
    case .zone: disk.world.setZone(Self.berlin)
    case .link(let target): disk.link("/etc/localtime", target)
    case .text(let text): disk.write("/etc/localtime", text)
    case .folder: disk.write("/etc/localtime/file", "")
    }
    return disk
  }

  @Test(arguments: [
    Row(local: .absent, expected: "UTC"), Row(local: .zone, expected: "CET"),
    Row(local: .link("/usr/share/zoneinfo/Asia/Tokyo"), expected: "JST"),
    Row(local: .link("../usr/share/zoneinfo/Europe/Berlin"), expected: "CET"),
    // What the link means needs no file, where it leads nowhere.
    Row(local: .link("/usr/share/zoneinfo/UTC"), expected: "UTC"), Row(local: .link("../usr/share/zoneinfo/Etc/UTC"), expected: "UTC"),
    Row(
      local: .link("/usr/share/zoneinfo/Mars/Olympus"),
      expected: "/etc/localtime leads to /usr/share/zoneinfo/Mars/Olympus, which is not there (link it"),
    Row(local: .text(""), expected: "/etc/localtime is no time zone (link it"),
    Row(local: .text("TZif2"), expected: "/etc/localtime is no time zone (link it to a file of /usr/share/zoneinfo, from the package"),
    Row(local: .text("Europe/Berlin\n"), expected: "/etc/localtime is no time zone"),
    Row(local: .folder, expected: "/etc/localtime is no time zone"),
    // TZ= goes before, whatever the file is.
    Row(local: .text("x"), setting: "", expected: "UTC"), Row(local: .text("x"), setting: "UTC", expected: "UTC"),
    Row(local: .zone, setting: "Asia/Tokyo", expected: "JST"), Row(local: .zone, setting: ":Asia/Tokyo", expected: "JST"),
    Row(local: .zone, setting: "/usr/share/zoneinfo/Asia/Tokyo", expected: "JST"), Row(local: .zone, setting: "EET-2", expected: "EET"),
    Row(local: .zone, setting: "Mars/Olympus", expected: "TZ=Mars/Olympus is no time zone (install the package tzdata"),
    Row(local: .zone, setting: "../../../etc/localtime", expected: "TZ=../../../etc/localtime is no time zone"),
    Row(local: .zone, setting: "/nowhere", expected: "TZ=/nowhere is no time zone"),
  ])
  func localTime(_ row: Row) {
    var kernel = SimulatedKernel(world: disk(row.local).world)
    var answer: String
    do throws(UnknownLocalZone) {
      let zone = try ZoneReader.local(row.setting.map { ["TZ=\($0)".bytes] } ?? [], &kernel)
      answer = (zone.rule?.standard ?? zone.types[0]).abbreviation.shown
    } catch {
      answer = error.text.shown
    }
    #expect(row.expected.count > 4 ? answer.hasPrefix(row.expected) : answer == row.expected, "\(row): \(answer)")
  }

  /// The same words at boot, for each unit that goes by the local time, and for no other.
  @Test func unitsByALocalTimeThatIsUnknown() {
    let disk = disk(.link("/nowhere"))
    disk.write("/units/a.service", Disk.service + "[X-Apus]\nSchedule=daily\n")
    disk.write("/units/b.service", Disk.service + "[X-Apus]\nSchedule=daily UTC\nSchedule=every 5s\n")
    disk.write("/units/c.service", Disk.service + "[X-Apus]\nSchedule=daily\nTimezone=Asia/Tokyo\n")
    #expect(
      disk.load().diagnostics.map { $0.text.shown } == [
        "/units/a.service: error: cannot tell the local time: /etc/localtime leads to /nowhere, which is not there"
          + " (link it to a file of /usr/share/zoneinfo, from the package tzdata, or set TZ=UTC, or write Timezone=)"
      ])
  }

  /// Behind an expression an abbreviation of the local zone is refused even where a file is called so.
  @Test(arguments: [
    // systemd 252 takes the first two for the local zone, and then computes "never" in the other half of the year.
    (Self.berlin, "Schedule=12:00 CET", "an abbreviation is no time zone (write a name such as Europe/Berlin for CET)"),
    (Self.berlin, "Schedule=12:00 CEST", "an abbreviation is no time zone"),
    (Self.berlin, "Schedule=*-07-01 12:00 CET", "an abbreviation is no time zone"), (Self.berlin, "Schedule=12:00 EST", ""),
    (Self.berlin, "Schedule=12:00 Europe/Berlin", ""), (Self.berlin, "Schedule=12:00 utc", ""),
    (Self.berlin, "Schedule=12:00\nTimezone=CET", ""), (Self.berlin, "Schedule=12:00 Europe/Rome", "no time zone Europe/Rome"),
    ("JST-9", "Schedule=12:00 CET", ""), ("JST-9", "Schedule=12:00 JST", "an abbreviation is no time zone"),
    // A clock that never changes: systemd computes what the file says.
    ("EST5", "Schedule=12:00 EST", ""),
  ])
  func abbreviationsBehindExpressions(_ local: String, _ line: String, _ message: String) {
    let disk = disk(.absent)
    disk.world.setZone(local)
    disk.write("/units/a.service", Disk.service + "[X-Apus]\n\(line)\n")
    let said = disk.load().diagnostics.map { $0.text.shown }
    let column = line.split(separator: "\n")[0].split(separator: " ").dropLast().joined(separator: " ").count + 2
    #expect(said.count == (message.isEmpty ? 0 : 1), "\(said)")
    for line in said { #expect(line.hasPrefix("/units/a.service:4:\(column): error: \(message)")) }
  }

  @Test func aTimerOfTheSystemsOwnFolders() {
    let disk = Disk("a.timer")
    disk.world.setZone(Self.berlin)
    disk.world.files.write("/usr/share/zoneinfo/CET".bytes, TZif.bytes(Self.berlin))
    disk.write(Disk.etc + "a.timer", "[Timer]\nOnCalendar=12:00 CET\n")
    disk.write(Disk.etc + "a.service")
    let loaded = disk.load()
    #expect(loaded.diagnostics.contains { $0.text.shown.hasPrefix("/etc/systemd/system/a.timer:2:18: warning: an abbreviation") })
    #expect(loaded.units.first { $0.name.bytes.shown == "a.timer" }?.loadState == .badSetting)
  }
}
