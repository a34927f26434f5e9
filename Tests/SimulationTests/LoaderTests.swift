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
    return load(.demand(RequestID(1), .unit(Bytes(name.utf8)), unit: Bytes(name.utf8)), known: [], &kernel)
  }

  /// daemon-reload, with these units from the unit path loaded.
  func reload(known: String...) -> LoadedUnits {
    var kernel = SimulatedKernel(world: world)
    return load(.daemonReload(RequestID(1)), known: known.map { Bytes($0.utf8) }, &kernel)
  }

  private func load(_ purpose: LoadPurpose, known: [Bytes], _ kernel: inout SimulatedKernel) -> LoadedUnits {
    let loader = Loader(purpose, configuration, known: known, host: HostFactsReader.read(configuration, &kernel))
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
      #expect(unit?.dependencies[.wants].contains { $0.bytes.shown == "aw.service" } == true)
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
    let wanted = texts(unit?.dependencies[.wants] ?? []).sorted()
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
    let wanted = texts(unit?.dependencies[.wants] ?? []).sorted()
    #expect(wanted == ["tt@foo-bar.service", "w1.service", "w2.service", "w3.service", "w4.service"])
    #expect(unit?.dependencies[.requires].contains { $0.bytes.shown == "main.service" } == true)
    #expect(texts(unit?.dependencies[.upholds] ?? []) == ["main.service"])
  }

  @Test func dropInsAloneMakeNoUnit() {
    let disk = Disk()
    disk.describe(Disk.etc + "nomain.service.d/1.conf", "x")
    #expect(disk.unit("nomain.service") == nil)
  }
}
