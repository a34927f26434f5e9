import Model
import Testing

@testable import Runtime
@testable import SimulatedKernel

/// Which files are crontabs, and how their jobs stand beside other units.
@Suite struct LoaderCrontabTests {
  private func services(_ loaded: LoadedUnits) -> [(name: String, settings: ServiceSettings)] {
    loaded.units.compactMap { unit in
      guard case .service(let settings) = unit.kind, unit.name.bytes.starts(with: "crontab-") else { return nil }
      return (unit.name.bytes.shown, settings)
    }
  }

  private func said(_ loaded: LoadedUnits) -> [String] { loaded.diagnostics.map { $0.text.shown } }

  @Test(arguments: [
    ("/etc/crontab", true), ("/etc/cron.d/sessions", true), ("/etc//cron.d/./sessions", true), ("/etc/../etc/crontab", true),
    ("/etc/cron.d/sub/tab", false), ("/etc/crontab.d", false), ("/srv/crontab", false), ("/srv/etc/crontab", false),
    ("/var/spool/cron/crontabs/me", false),
  ])
  func userFields(_ path: String, _ hasUsers: Bool) {
    for option in [false, true] {
      var disk = Disk(path)
      disk.write(path, "@daily who cares\n")
      disk.configuration.crontabsHaveUsers = option
      let settings = services(disk.load()).first?.settings
      #expect(settings?.exec.user.shown == (hasUsers || option ? "who" : ""), "\(path)")
      #expect(settings?.start.first?.arguments.last?.shown == (hasUsers || option ? "cares" : "who cares"))
    }
  }

  @Test func jobsStartBesideUnits() throws {
    let disk = Disk("/units", "/one", "/two.txt", "/one")
    disk.write("/units/web.service")
    disk.write("/units/crontab-.service.d/all.conf", "[Service]\nTimeoutStartSec=5\n[X-Apus]\nOverlap=parallel\n")
    disk.write("/units/crontab-b-.service.d/some.conf", "[Service]\nRestart=on-failure\nUser=me\n")
    disk.write("/one", "@daily a\n@daily b\n")
    disk.write("/two.txt", "@daily a\n")
    let loaded = disk.load()
    #expect(said(loaded) == [])
    let jobs = services(loaded)
    try #require(jobs.count == 3)
    #expect(loaded.starting.map { $0.bytes.shown } == ["web.service"] + jobs.map(\.name))
    #expect(jobs[2].name.hasSuffix("-2.service") && jobs[0].name.dropLast(8) == jobs[2].name.dropLast(10))
    for (name, settings) in jobs {
      #expect(settings.timeoutStart == TimeSpan(seconds: 5) && settings.schedule.overlap == .parallel, "\(name)")
      #expect(settings.restart == (name.hasPrefix("crontab-b-") ? .onFailure : .no))
    }
    #expect(jobs[1].settings.exec.user.shown == "me")
    #expect(loaded.units.first { $0.name.bytes.shown == jobs[0].name }?.fragmentPath.shown == "/one")
    // The same again: an apply would find nothing to do.
    #expect(disk.reload().units == loaded.units)
    #expect(services(disk.demand("web.service")).isEmpty && disk.unit(jobs[1].name)?.fragmentPath.shown == "/one")
  }

  @Test func oneBadLineIsAnErrorOfAll() {
    let disk = Disk("/units", "/tab")
    disk.write("/units/web.service")
    disk.write("/tab", "@daily a\n@dayly b\n")
    let loaded = disk.load()
    #expect(loaded.hasErrors && said(loaded).count == 1 && said(loaded)[0].hasPrefix("/tab:2:1: error: "))
  }

  @Test func whatIsNone() {
    let disk = Disk("/etc/cron.d")
    disk.write("/etc/cron.d/x", "@daily a\n")
    #expect(said(disk.load()) == ["/etc/cron.d: error: it is a folder of crontabs, not of unit files (name the files: /etc/cron.d/*)"])
    let unit = Disk("/units/web.sevice")
    unit.write("/units/web.sevice")
    #expect(said(unit.load())[0].contains(":1:1: error: a section of a unit file in a crontab"))
    #expect(Disk("/nowhere/tab").load().hasErrors)
  }
}
