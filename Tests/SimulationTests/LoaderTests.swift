import Model
import Testing

@testable import Runtime
@testable import SimulatedKernel

/// A virtual disk and what the loader makes of it.
struct Disk {
  static let etc = "/etc/systemd/system/"
  static let lib = "/usr/lib/systemd/system/"
  static let service = "[Service]\nExecStart=/bin/sleep 1000\n"
  var world = WorldTests.calm()
  var configuration = SupervisorConfiguration()

  init(_ paths: String...) { configuration.paths = paths.map { Bytes($0.utf8) } }

  func write(_ path: String, _ text: String = Disk.service) { world.files.write(Bytes(path.utf8), Bytes(text.utf8)) }
  func describe(_ path: String, _ text: String) { write(path, "[Unit]\nDescription=\(text)\n") }
  func link(_ path: String, _ target: String) { world.files.link(Bytes(path.utf8), to: Bytes(target.utf8)) }

  func load() -> LoadedUnits {
    var kernel = SimulatedKernel(world: world)
    return loadUnits(configuration, &kernel)
  }

  /// What a request for one name loads.
  func demand(_ name: String) -> LoadedUnits {
    var kernel = SimulatedKernel(world: world)
    let purpose = LoadPurpose.demand(RequestID(1), .unit(Bytes(name.utf8)), unit: Bytes(name.utf8))
    var loader = Loader(purpose, configuration, known: [], host: HostFactsReader.read(configuration, &kernel))
    while true {
      if let loaded = loader.step(&kernel) { return loaded }
    }
  }

  /// The unit that a name means, as a request would get it.
  func unit(_ name: String) -> Unit? {
    let wanted = UnitName(Bytes(name.utf8))
    return demand(name).units.first { unit in unit.name == wanted || unit.aliases.contains { $0 == wanted } }
  }
}

private func texts(_ names: [Bytes]) -> [String] { names.map(\.shown) }
private func texts(_ names: [UnitName]) -> [String] { names.map(\.bytes.shown) }
private func names(_ unit: Unit?) -> [String] { unit.map { texts([$0.name] + $0.aliases) } ?? [] }

/// Names, links and drop-ins as units.md b.8 has them. What is expected was asked of systemd 252.
@Suite struct LoaderNameTests {
  @Test func theFirstFolderWins() {
    let disk = Disk()
    disk.describe(Disk.lib + "a.service", "lib")
    disk.describe("/run/systemd/system/a.service", "run")
    #expect(disk.unit("a.service")?.description.shown == "run")
    disk.describe(Disk.etc + "a.service", "etc")
    #expect(disk.unit("a.service")?.description.shown == "etc")
    disk.describe("/run/systemd/system.control/a.service", "control")
    #expect(disk.unit("a.service")?.fragmentPath.shown == "/run/systemd/system.control/a.service")
    disk.describe("/etc/apus/a.service", "own")
    #expect(disk.unit("a.service")?.description.shown == "own")
    #expect(disk.unit("b.service") == nil)
  }

  @Test func aUnitPathOfOnesOwn() {
    var disk = Disk()
    disk.describe(Disk.lib + "a.service", "lib")
    disk.describe("/x/a.service", "x")
    disk.describe("/y/a.service", "y")
    disk.configuration.unitPath = Bytes("/y:/x".utf8)
    #expect(disk.unit("a.service")?.description.shown == "y")
    disk.configuration.unitPath = Bytes("/z".utf8)
    #expect(disk.unit("a.service") == nil)
    disk.configuration.unitPath = Bytes("/z:".utf8)
    #expect(disk.unit("a.service")?.description.shown == "lib")
  }

  @Test func dropInsOfEveryKindInOneList() {
    let disk = Disk()
    let (etc, lib) = (Disk.etc, Disk.lib)
    disk.write(etc + "foo-bar.service")
    disk.describe(lib + "foo-bar.service.d/50-a.conf", "lib, whole name")
    disk.describe(etc + "foo-.service.d/50-a.conf", "etc, prefix")
    disk.describe(lib + "foo-bar.service.d/50-b.conf", "lib")
    disk.describe(etc + "service.d/50-b.conf", "type")
    disk.describe(etc + "foo-bar.service.d/60-c.conf", "c")
    disk.describe("/run/systemd/system/foo-bar.service.d/60-c.conf", "run")
    disk.describe(etc + "service.d/95-x.conf", "type-x")
    disk.link(etc + "foo-bar.service.d/70-n.conf", "/dev/null")
    disk.describe(lib + "foo-bar.service.d/70-n.conf", "hidden")
    disk.describe(etc + "foo-bar.service.d/.hidden.conf", "no")
    disk.describe(etc + "foo-bar.service.d/x.conf~", "no")
    disk.describe(etc + "foo-bar.service.d/99-no.txt", "no")
    disk.write(etc + "foo-bar.service.d/81-empty.conf", "")
    let unit = disk.unit("foo-bar.service")
    #expect(
      texts(unit?.dropInPaths ?? []) == [
        etc + "foo-.service.d/50-a.conf", lib + "foo-bar.service.d/50-b.conf", etc + "foo-bar.service.d/60-c.conf",
        etc + "foo-bar.service.d/70-n.conf", etc + "foo-bar.service.d/81-empty.conf", etc + "service.d/95-x.conf",
      ])
    #expect(unit?.description.shown == "type-x")
  }

  @Test func dropInsOfAnAliasComeAfterThoseOfTheName() {
    let disk = Disk()
    let (etc, lib) = (Disk.etc, Disk.lib)
    disk.write(etc + "main.service")
    disk.link(etc + "also.service", "main.service")
    disk.describe(etc + "also.service.d/10-al.conf", "alias")
    disk.describe(lib + "main.service.d/10-al.conf", "main")
    disk.describe(etc + "also.service.d/20-own.conf", "own")
    disk.link(etc + "also.service.wants/aw.service", "../x")
    for name in ["main.service", "also.service"] {
      let unit = disk.unit(name)
      #expect(names(unit) == ["main.service", "also.service"])
      #expect(texts(unit?.dropInPaths ?? []) == [lib + "main.service.d/10-al.conf", etc + "also.service.d/20-own.conf"])
      #expect(unit?.dependencies.wants.contains { $0.bytes.shown == "aw.service" } == true)
    }
  }

  @Test func templatesInstancesAndTheirDropIns() {
    let disk = Disk()
    let (etc, lib) = (Disk.etc, Disk.lib)
    disk.write(etc + "t-u@.service")
    let files = [
      "t-u@.service.d/1", "t-u@i.service.d/2", "t-@.service.d/3", "t-@i.service.d/4", "t-.service.d/5", "t-u@.service.d/9",
      "t-u@i.service.d/9", "t-@i.service.d/9", "t-u@.service.d/8",
    ]
    for file in files { disk.describe(etc + file + ".conf", file) }
    disk.describe(lib + "t-u@i.service.d/8.conf", "lib")
    disk.link(etc + "t-u@.service.wants/tt@.service", "../x")
    disk.link(etc + "t-u@i.service.wants/j.service", "../x")
    let unit = disk.unit("t-u@i.service")
    #expect(unit?.fragmentPath.shown == etc + "t-u@.service")
    #expect(
      texts(unit?.dropInPaths ?? [])
        == [
          "t-u@.service.d/1", "t-u@i.service.d/2", "t-@.service.d/3", "t-@i.service.d/4", "t-.service.d/5", "t-u@.service.d/8",
          "t-u@i.service.d/9",
        ]
        .map { etc + $0 + ".conf" })
    let wanted = texts(unit?.dependencies.wants ?? []).sorted()
    #expect(wanted == ["j.service", "tt@i.service"])
    disk.write(etc + "q@.service")
    disk.write(etc + "q@exact.service")
    #expect(disk.unit("q@exact.service")?.fragmentPath.shown == etc + "q@exact.service")
    #expect(disk.unit("q@other.service")?.fragmentPath.shown == etc + "q@.service")
    #expect(disk.demand("q@.service").units.isEmpty)
  }

  /// Each link, the name asked for, and the names of the unit that systemd gives; none: not found.
  @Test func links() {
    let disk = Disk()
    let (etc, lib) = (Disk.etc, Disk.lib)
    disk.write(etc + "main.service")
    disk.write(etc + "t-u@.service")
    for (name, target) in [
      ("l1.timer", "main.service"), ("l2.service", "t-u@.service"), ("l3@.service", "main.service"), ("l4@.service", "t-u@.service"),
      ("l5@x.service", "t-u@.service"), ("l6@.service", "t-u@i.service"), ("l7@k.service", "t-u@k.service"),
      ("l8@m.service", "t-u@k.service"), ("l9.service", "nofile.service"), ("l10.service", "/opt/out.service"),
      ("l11.service", "/opt/none.service"), ("l12a.service", "l12b.service"), ("l12b.service", "l12a.service"),
      ("l13.service", lib + "l13.service"), ("l15.service", "l14.service"), ("l16.service", "/lib/systemd/system/l14.service"),
      ("l17.service", "l16.service"), ("l19@.service", "/opt/tout@.service"), ("l19@z.service", "/opt/tout@.service"),
      ("l20.service", "masked2.service"), ("masked2.service", "/dev/null"), ("l23.service", "../../../opt/out.service"),
      ("l24.service", "/opt/nothing.service"), ("l26.service", "/dev/null"), ("l28.mount", "l29.mount"),
    ] { disk.link(etc + name, target) }
    disk.write("/opt/out.service")
    disk.write("/opt/tout@.service")
    disk.write("/opt/nothing.service", "")
    for name in ["l13.service", "l14.service", "l26.service"] { disk.write(lib + name) }
    let expected: [(String, [String], LoadState, String)] = [
      ("l1.timer", [], .loaded, ""), ("l2.service", [], .loaded, ""), ("l3@a.service", [], .loaded, ""),
      ("l4@a.service", ["t-u@a.service", "l4@a.service"], .loaded, etc + "t-u@.service"),
      ("l5@x.service", ["t-u@x.service", "l4@x.service", "l5@x.service"], .loaded, etc + "t-u@.service"),
      ("l6@q.service", [], .loaded, ""),
      ("l7@k.service", ["t-u@k.service", "l7@k.service", "l4@k.service"], .loaded, etc + "t-u@.service"),
      ("l8@m.service", [], .loaded, ""), ("l9.service", [], .loaded, ""),
      ("l10.service", ["l10.service"], .loaded, etc + "l10.service"), ("l11.service", [], .loaded, ""), ("l12a.service", [], .loaded, ""),
      ("l13.service", ["l13.service"], .loaded, lib + "l13.service"),
      ("l15.service", ["l14.service", "l15.service", "l16.service", "l17.service"], .loaded, lib + "l14.service"),
      ("l17.service", ["l14.service", "l15.service", "l16.service", "l17.service"], .loaded, lib + "l14.service"),
      ("l19@p.service", ["l19@p.service"], .loaded, etc + "l19@.service"),
      ("l19@z.service", ["l19@z.service"], .loaded, etc + "l19@z.service"),
      ("l20.service", ["masked2.service", "l20.service"], .masked, etc + "masked2.service"),
      ("l23.service", ["l23.service"], .loaded, etc + "l23.service"), ("l24.service", ["l24.service"], .masked, etc + "l24.service"),
      ("l26.service", ["l26.service"], .masked, etc + "l26.service"),
    ]
    for (name, wanted, state, path) in expected {
      let unit = disk.unit(name)
      #expect(names(unit) == wanted, "\(name)")
      if let unit { #expect(unit.loadState == state && unit.fragmentPath.shown == path, "\(name): \(unit.fragmentPath.shown)") }
    }
  }

  @Test func dependencyFolders() {
    let disk = Disk()
    let (etc, lib) = (Disk.etc, Disk.lib)
    disk.write(etc + "foo-bar.service")
    disk.write(etc + "main.service")
    for (link, target) in [
      ("foo-bar.service.wants/w1.service", "../main.service"), ("foo-.service.wants/w2.service", "../x"),
      ("service.wants/w3.service", "../x"),
      ("foo-bar.service.wants/w5.service", "/dev/null"), ("foo-bar.service.wants/notaunit", "../x"),
      ("foo-bar.service.wants/tt@.service", "../t@.service"), ("foo-bar.service.requires/main.service", "../x"),
      ("foo-bar.service.upholds/main.service", "../x"),
    ] { disk.link(etc + link, target) }
    disk.link(lib + "foo-bar.service.wants/w4.service", "../x")
    disk.link(lib + "foo-bar.service.wants/w5.service", "../x")
    disk.write(etc + "foo-bar.service.wants/w7.service")
    let unit = disk.unit("foo-bar.service")
    let wanted = texts(unit?.dependencies.wants ?? []).sorted()
    #expect(wanted == ["tt@foo-bar.service", "w1.service", "w2.service", "w3.service", "w4.service"])
    #expect(unit?.dependencies.requires.contains { $0.bytes.shown == "main.service" } == true)
    #expect(texts(unit?.dependencies.upholds ?? []) == ["main.service"])
  }

  @Test func dropInsAloneMakeNoUnit() {
    let disk = Disk()
    disk.describe(Disk.etc + "nomain.service.d/1.conf", "x")
    #expect(disk.unit("nomain.service") == nil)
  }
}

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
    let required = texts(target?.dependencies.requires ?? [])
    #expect(required.contains("basic.target"))
    #expect(texts(target?.dependencies.wants ?? []) == ["web.service"])
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
