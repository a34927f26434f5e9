import Model
import Testing

@testable import Runtime
@testable import SimulatedKernel

private func texts(_ names: [UnitName]) -> [String] { names.map(\.bytes.shown) }

/// What is read, and what starts.
@Suite struct LoaderStartTests {
  private func boots(_ disk: Disk) -> LoadedUnits {
    var disk = disk
    disk.configuration.bootsDefaultTarget = true
    return disk.load()
  }

  @Test func aloneItBootsTheDefaultTarget() {
    let disk = Disk()
    disk.write(Disk.lib + "web.service")
    disk.write(Disk.lib + "other.service")
    disk.link(Disk.etc + "multi-user.target.wants/web.service", Disk.lib + "web.service")
    let loaded = boots(disk)
    #expect(texts(loaded.starting) == ["multi-user.target"])
    let all = texts(loaded.units.map(\.name))
    #expect(all.contains("web.service") && !all.contains("other.service"), "only what is pulled in is read")
    for name in ["basic.target", "sysinit.target", "sockets.target", "timers.target", "paths.target", "local-fs.target"] {
      #expect(all.contains(name), "\(name)")
    }
    let target = loaded.units.first { $0.name.bytes == Bytes("multi-user.target".utf8) }
    #expect(target?.isBuiltIn == true && target?.origin == .builtIn && target?.fragmentPath == [])
    let required = texts(target?.dependencies[.requires] ?? [])
    #expect(required.contains("basic.target"))
    #expect(texts(target?.dependencies[.wants] ?? []) == ["web.service"])
    #expect(loaded.units.first { $0.name.bytes == Bytes("web.service".utf8) }?.origin == .unitPath)
    #expect(!loaded.hasErrors)
  }

  @Test func theLinkDefaultTargetDecides() {
    let disk = Disk()
    // As `systemctl set-default` leaves it in a root without the systemd package: to a file that is not there.
    disk.link(Disk.etc + "default.target", "/lib/systemd/system/graphical.target")
    #expect(texts(boots(disk).starting) == ["graphical.target"])
    disk.link(Disk.etc + "default.target", "shop.target")
    disk.write(Disk.etc + "shop.target", "[Unit]\nWants=web.service\n")
    disk.write(Disk.lib + "web.service")
    let loaded = boots(disk)
    #expect(texts(loaded.starting) == ["shop.target"])
    #expect(texts(loaded.units.first?.aliases ?? []) == ["default.target"])
  }

  @Test func aFileOfTheDistributionTakesTheBuiltInPlace() {
    let disk = Disk()
    disk.write(Disk.lib + "multi-user.target", "[Unit]\nDescription=mine\nWants=web.service\n")
    disk.write(Disk.lib + "web.service")
    let target = boots(disk).units.first { $0.name.bytes == Bytes("multi-user.target".utf8) }
    #expect(target?.description.shown == "mine" && target?.isBuiltIn == false)
  }

  @Test func unitsOfTheHostAreNotReadThoughTheyLieThere() {
    let disk = Disk()
    for name in ["systemd-logind.service", "getty@.service", "tmp.mount", "dbus.service", "kmod-static-nodes.service"] {
      disk.write(Disk.lib + name, "[Foo\n")
      disk.link(Disk.etc + "multi-user.target.wants/" + name.split(separator: "@").joined(separator: "@tty1"), "../x")
    }
    let loaded = boots(disk)
    for name in ["systemd-logind.service", "getty@tty1.service", "tmp.mount", "dbus.service", "kmod-static-nodes.service"] {
      let unit = loaded.units.first { $0.name.bytes.shown == name }
      #expect(unit?.isBuiltIn == true && unit?.loadState == .loaded, "\(name)")
    }
    #expect(loaded.diagnostics.isEmpty)
    // Whoever writes one for a container means it.
    disk.write("/etc/apus/systemd-logind.service")
    #expect(boots(disk).units.first { $0.name.bytes.shown == "systemd-logind.service" }?.isBuiltIn == false)
  }

  /// The package's files say nothing of it; somebody's own service runs, and a mount, which does nothing, is said.
  @Test func somebodysOwnFileUnderANameOfTheHost() {
    let disk = Disk()
    disk.write(Disk.lib + "dbus.service")
    for name in ["systemd-mine.service", "data.mount"] { disk.write(Disk.etc + name) }
    disk.write(Disk.etc + "web.service", "[Unit]\nWants=dbus.service systemd-mine.service data.mount\n[Service]\nExecStart=/bin/true\n")
    disk.link(Disk.etc + "multi-user.target.wants/web.service", Disk.etc + "web.service")
    let loaded = boots(disk)
    #expect(
      loaded.diagnostics.map(\.text.shown) == [
        Disk.etc + "data.mount: warning: not read: data.mount is a name of the host, always satisfied"
      ])
    for (name, isStub) in [("dbus.service", true), ("systemd-mine.service", false), ("data.mount", true)] {
      #expect(loaded.units.first { $0.name.bytes.shown == name }?.isBuiltIn == isStub, "\(name)")
    }
  }

  @Test func aUnitArgument() {
    let disk = Disk("web")
    disk.write(Disk.lib + "web.service", "[Unit]\nWants=db.service\n" + Disk.service)
    disk.write(Disk.lib + "db.service")
    let loaded = disk.load()
    #expect(texts(loaded.starting) == ["web.service"] && !loaded.hasErrors)
    #expect(texts(loaded.units.map(\.name)).contains("db.service"))
    for (word, message) in [
      ("nope", "nope.service: error: unit nope.service not found in the unit path (write ./NAME for a path)"),
      ("t@", "t@: error: unit name t@.service is missing the instance name (write t@NAME.service)"),
      ("m", Disk.lib + "m.service: error: unit m.service is masked (apus unmask, or remove the link to /dev/null)"),
    ] {
      let disk = Disk(word)
      disk.write(Disk.lib + "t@.service")
      disk.link(Disk.lib + "m.service", "/dev/null")
      let loaded = disk.load()
      #expect(loaded.diagnostics.map(\.text.shown) == [message])
    }
  }

  @Test func aFolderHonoursItsLinksAndDropIns() {
    let disk = Disk("/u")
    disk.write("/u/web.service")
    disk.describe("/u/web.service.d/a.conf", "dropped")
    disk.link("/u/web.service.wants/helper.service", "../helper.service")
    disk.write("/u/helper.service")
    disk.link("/u/alias.service", "web.service")
    // As Kubernetes mounts a ConfigMap.
    disk.write("/u/..2026_11/cm.service")
    disk.link("/u/cm.service", "..data/cm.service")
    disk.write("/u/..data/cm.service")
    disk.link("/u/nginx.service", Disk.lib + "nginx.service")
    disk.write(Disk.lib + "nginx.service")
    disk.write(Disk.lib + "stray.service")
    let loaded = disk.load()
    #expect(loaded.diagnostics.map(\.text.shown) == [])
    #expect(
      texts(loaded.starting).sorted() == ["cm.service", "nginx.service", "web.service"], "helper.service starts when it is pulled in")
    let web = loaded.units.first { $0.name.bytes.shown == "web.service" }
    #expect(web?.description.shown == "dropped" && texts(web?.aliases ?? []) == ["alias.service"])
    #expect(!texts(loaded.units.map(\.name)).contains("stray.service"))
    // A folder does not boot the machine: what is linked into its sysinit.target stays out.
    disk.link(Disk.etc + "sysinit.target.wants/stray.service", "../x")
    #expect(!texts(disk.load().units.map(\.name)).contains("stray.service"))
  }

  @Test func aFileHonoursTheDropInsBesideIt() {
    let disk = Disk("/u/web.service")
    disk.write("/u/web.service")
    disk.write("/u/other.service")
    disk.describe("/u/web.service.d/a.conf", "dropped")
    let loaded = disk.load()
    #expect(texts(loaded.starting) == ["web.service"])
    #expect(loaded.units.first?.description.shown == "dropped")
    #expect(!texts(loaded.units.map(\.name)).contains("other.service"))
  }

  @Test func badLinksAreErrorsOnTheCommandLineAndWarningsElsewhere() {
    let disk = Disk("/u")
    disk.write("/u/a.service")
    disk.link("/u/b.timer", "a.service")
    #expect(
      disk.load().diagnostics.map(\.text.shown) == [
        "/u/b.timer: error: cannot be a link to a.service: the types differ (a link may name a unit of the same type, "
          + "a template's link a template, an instance's link the same instance)"
      ])
    let other = Disk("a")
    other.write(Disk.etc + "a.service")
    other.link(Disk.etc + "b.timer", "a.service")
    #expect(other.load().diagnostics.map(\.severity) == [.warning])
  }

  @Test func aBrokenFileOfTheUnitPathRefusesNothingElse() {
    let disk = Disk("good")
    disk.write(Disk.lib + "good.service", "[Unit]\nWants=broken.service\n" + Disk.service)
    disk.write(Disk.lib + "broken.service", "[Service\nExecStart=/bin/true\n")
    let loaded = disk.load()
    #expect(!loaded.hasErrors && loaded.diagnostics.contains { $0.severity == .warning })
    #expect(loaded.units.first { $0.name.bytes.shown == "broken.service" }?.loadState == .error)
    #expect(disk.demand("broken.service").units.first?.loadState == .error)
    // Asked for by name it cannot be had.
    let named = Disk("broken")
    named.write(Disk.lib + "broken.service", "[Service\nExecStart=/bin/true\n")
    #expect(named.load().hasErrors)
    // In apus's own folder nobody is lenient.
    disk.write("/etc/apus/broken.service", "[Service\nExecStart=/bin/true\n")
    #expect(disk.load().hasErrors)
  }

  @Test func aReloadReadsWhatIsKnownAndForgivesWhatIsGone() {
    let disk = Disk("web")
    disk.write(Disk.lib + "web.service")
    disk.write(Disk.lib + "late.service")
    let loaded = disk.reload(known: "late.service", "gone.service")
    let all = texts(loaded.units.map(\.name))
    #expect(all.contains("web.service") && all.contains("late.service") && !all.contains("gone.service"))
    #expect(texts(loaded.starting) == ["web.service"] && !loaded.isPartial)
    // `mask --now web` reloads, too.
    disk.link(Disk.etc + "web.service", "/dev/null")
    #expect(!disk.reload(known: "web.service").hasErrors)
    #expect(disk.load().hasErrors)
  }

  @Test func aDemandIsPartial() {
    let disk = Disk("/u")
    disk.write("/u/web.service")
    disk.write(Disk.lib + "db.service", "[Unit]\nWants=log.service\n" + Disk.service)
    disk.write(Disk.lib + "log.service")
    let loaded = disk.demand("db.service")
    #expect(loaded.isPartial && loaded.starting.isEmpty)
    let all = texts(loaded.units.map(\.name))
    #expect(all.contains("db.service") && all.contains("log.service") && !all.contains("web.service"))
    #expect(disk.demand("nope.service").units.isEmpty)
    #expect(!disk.demand("nope.service").hasErrors)
    #expect(disk.demand("bad name").units.isEmpty)
  }

  @Test func aTimerKeepsItsServiceFromRestartingThoughOnlyTheServiceIsAskedFor() {
    let disk = Disk()
    disk.write(Disk.lib + "job.service")
    guard case .service(let before) = disk.unit("job.service")?.kind else { return #expect(Bool(false)) }
    #expect(before.restart == .always)
    disk.write(Disk.lib + "job.timer", "[Timer]\nOnBootSec=1h\n")
    guard case .service(let after) = disk.unit("job.service")?.kind else { return #expect(Bool(false)) }
    #expect(after.restart == .no)
  }
}
