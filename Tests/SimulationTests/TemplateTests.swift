import Model
import Testing

@testable import Runtime
@testable import SimulatedKernel

/// Sockets with Accept=yes, and what instances of their templates are made of.
@Suite struct TemplateTests {
  static let socket = "[Socket]\nListenStream=7\nAccept=yes\n"
  static let connection = "3-127.0.0.1:7-127.0.0.1:5000"

  func make(_ loaded: LoadedUnits, _ template: String = "echo@.service") throws -> Unit {
    let found = try #require(loaded.templates.first { $0.name.bytes == Bytes(template.utf8) })
    let name = try #require(found.name.with(instance: Bytes(Self.connection.utf8)))
    switch found.make(name, try #require(UnitName(Bytes("echo.socket")))) {
    case .made(let unit):
      #expect(unit.name == name)
      return unit
    case .failed(let why):
      Issue.record("\(why.shown)")
      throw Nothing()
    }
  }

  struct Nothing: Error {}

  func service(_ unit: Unit) throws -> ServiceSettings {
    guard case .service(let settings) = unit.kind else { throw Nothing() }
    return settings
  }

  func errors(_ loaded: LoadedUnits) -> [String] { loaded.diagnostics.filter { $0.severity != .notice }.map { $0.text.shown } }

  @Test func anInstanceHasItsOwnNameAndNeverRestarts() throws {
    let disk = Disk("/u")
    disk.write("/u/echo.socket", Self.socket)
    disk.write(
      "/u/echo@.service", "[Unit]\nDescription=echo %i\nRequires=log.service\n[Service]\nExecStart=/bin/cat\nStandardInput=socket\n")
    disk.write("/u/log.service")
    let loaded = disk.load()
    #expect(errors(loaded) == [])
    // What the template names starts by itself all the same: nobody may ever connect.
    #expect(loaded.starting.map { $0.bytes.shown } == ["echo.socket", "log.service"])
    #expect(loaded.units.map { $0.name.bytes.shown } == ["echo.socket", "log.service"])
    let unit = try make(loaded)
    #expect(unit.description.shown == "echo " + Self.connection && unit.origin == .commandLine)
    #expect(unit.dependencies[.after].map { $0.bytes.shown } == ["echo.socket"])
    #expect(unit.dependencies[.requires].map { $0.bytes.shown } == ["log.service"])
    let settings = try service(unit)
    #expect(settings.restart == .no && settings.restartSource == .default && settings.exec.standardInput == .socket)
  }

  @Test func specifiersOfTheInstanceAreItsOwn() throws {
    let disk = Disk("/u")
    disk.write("/u/echo.socket", Self.socket)
    disk.write(
      "/u/echo@.service", "[Unit]\nAfter=b@%i.service\n[Service]\nExecStart=/bin/echo %i %n\nRestart=on-failure\nEnvironment=A=%j\n")
    let unit = try make(disk.load())
    let settings = try service(unit)
    #expect(settings.start[0].arguments.map { $0.shown } == ["/bin/echo", Self.connection, "echo@\(Self.connection).service"])
    #expect(settings.restart == .onFailure)
    #expect(unit.dependencies[.after].map { $0.bytes.shown } == ["b@\(Self.connection).service", "echo.socket"])
  }

  /// Default dependencies are those of any service, where their targets are there; what the template needs is read.
  @Test(arguments: ["/bin/cat", "/bin/echo %i"])
  func defaultDependencies(_ command: String) throws {
    let disk = Disk("echo.socket")
    disk.write(Disk.etc + "echo.socket", Self.socket)
    disk.write(Disk.lib + "echo@.service", "[Unit]\nWants=helper.service\n[Service]\nExecStart=\(command)\n")
    disk.write(Disk.lib + "helper.service")
    let loaded = disk.load()
    #expect(errors(loaded) == [])
    let names = loaded.units.map { $0.name.bytes.shown }
    #expect(names.contains("helper.service") && names.contains("basic.target") && !names.contains { $0.contains("@") })
    #expect(loaded.starting.map { $0.bytes.shown } == ["echo.socket"])
    let unit = try make(loaded)
    #expect(unit.dependencies[.requires].map { $0.bytes.shown } == ["sysinit.target"])
    #expect(unit.dependencies[.after].map { $0.bytes.shown } == ["sysinit.target", "basic.target", "echo.socket"])
    #expect(unit.dependencies[.conflicts].map { $0.bytes.shown } == ["shutdown.target"])
    #expect(unit.dependencies[.wants].map { $0.bytes.shown } == ["helper.service"])
    #expect(unit.origin == .unitPath)
    let socket = try #require(loaded.units.first { $0.name.bytes == "echo.socket" })
    #expect(socket.dependencies[.before].map { $0.bytes.shown } == ["sockets.target", "shutdown.target"])
  }

  @Test func dropInsOfTheTemplateApply() throws {
    let disk = Disk("echo.socket")
    disk.write(Disk.etc + "echo.socket", Self.socket)
    disk.write(Disk.etc + "echo@.service")
    disk.write(Disk.etc + "echo@.service.d/a.conf", "[Service]\nNice=5\n")
    disk.write(Disk.lib + "service.d/b.conf", "[Service]\nUMask=0077\n")
    let settings = try service(try make(disk.load()))
    #expect(settings.exec.nice == 5 && settings.exec.umask == 0o077)
  }

  /// Two sockets, one a template's instance: one template.
  @Test func oneTemplateForAllSocketsOfItsName() throws {
    let disk = Disk("/u")
    disk.write("/u/echo.socket", Self.socket)
    disk.write("/u/echo@.socket", "[Socket]\nListenStream=/run/%i\nAccept=yes\n")
    disk.write("/u/all.target", "[Unit]\nWants=echo@a.socket echo.socket\n")
    disk.write("/u/echo@.service")
    let loaded = disk.load()
    #expect(errors(loaded) == [] && loaded.templates.count == 1)
    #expect(loaded.units.map { $0.name.bytes.shown } == ["all.target", "echo.socket", "echo@a.socket"])
  }

  @Test func aSocketWithoutItsTemplate() throws {
    let disk = Disk("/u")
    disk.write("/u/echo.socket", Self.socket)
    #expect(errors(disk.load()).count == 1 && disk.load().hasErrors)
    let lenient = Disk("echo.socket", "other.service")
    lenient.write(Disk.lib + "echo.socket", Self.socket)
    lenient.write(Disk.lib + "other.service")
    #expect(lenient.unit("echo.socket")?.loadState == .badSetting)
    lenient.link(Disk.etc + "echo@.service", "/dev/null")
    #expect(lenient.unit("echo.socket")?.loadError.shown == "its template echo@.service cannot be used: the unit is masked")
  }

  /// A value that only an instance tells the sense of.
  @Test func aTemplateThatIsBadAsAnInstanceOnlyIsFoundAtLoad() throws {
    let disk = Disk("/u")
    disk.write("/u/echo.socket", Self.socket)
    disk.write("/u/echo@.service", "[Service]\nExecStart=/bin/cat\nUser=%i\n")
    let loaded = disk.load()
    #expect(errors(loaded).count == 1 && errors(loaded)[0].contains("/u/echo@.service:3:6: error: cannot use User=%i"))
    let bad = Disk("/u")
    bad.write("/u/echo.socket", Self.socket)
    bad.write("/u/echo@.service", "[Service]\nExecStart=cat/x\n")
    #expect(errors(bad.load()).count == 1 && bad.load().hasErrors)
    let idle = Disk("/u")
    idle.write("/u/echo.socket", Self.socket)
    idle.write("/u/echo@.service", Disk.service + "[X-Apus]\nIdleStopSec=5\n")
    #expect(errors(idle.load()).map { $0.contains("IdleStopSec= needs a socket with Accept=no") } == [true])
  }

  // MARK: what starts

  @Test func whoeverIsTriggeredDoesNotStartByItself() throws {
    let disk = Disk("/u")
    for name in ["a", "b", "c", "d", "e"] { disk.write("/u/\(name).service") }
    disk.write("/u/a.socket", "[Socket]\nListenStream=1\n")
    disk.write("/u/x.socket", "[Socket]\nListenStream=2\nService=b.service\n")
    disk.write("/u/c.path", "[Path]\nPathExists=/x\n")
    disk.write("/u/y.path", "[Path]\nPathExists=/x\nUnit=d.service\n")
    disk.write("/u/e.socket", "[Socket]\nListenStream=3\nService=b.service\n")
    let loaded = disk.load()
    #expect(errors(loaded) == [])
    #expect(loaded.starting.map { $0.bytes.shown } == ["a.socket", "c.path", "e.service", "e.socket", "x.socket", "y.path"])
    for unit in loaded.units {
      guard case .service(let settings) = unit.kind else { continue }
      #expect(settings.restart == (unit.name.bytes == "e.service" ? .always : .no), "\(unit.name.bytes.shown)")
    }
    let order = Dictionary(
      uniqueKeysWithValues: loaded.units.map { ($0.name.bytes.shown, $0.dependencies[.before].map { $0.bytes.shown }) })
    #expect(order["a.socket"] == ["a.service"] && order["y.path"] == ["d.service"])
  }

  @Test func socketsOfAService() throws {
    let disk = Disk("web.service")
    disk.write(Disk.etc + "web.service", Disk.service + "Sockets=one.socket two.socket\nSockets=two.socket\n")
    disk.write(Disk.etc + "one.socket", "[Socket]\nListenStream=1\nService=web.service\n")
    disk.write(Disk.etc + "two.socket", "[Socket]\nListenStream=2\nService=web.service\n")
    let loaded = disk.load()
    #expect(errors(loaded) == [])
    let unit = try #require(loaded.units.first { $0.name.bytes == "web.service" })
    #expect(unit.dependencies[.wants].map { $0.bytes.shown } == ["one.socket", "two.socket"])
    #expect(Set(unit.dependencies[.after].map { $0.bytes.shown }).isSuperset(of: ["one.socket", "two.socket"]))
    #expect(try service(unit).sockets.map { $0.bytes.shown } == ["one.socket", "two.socket"] && service(unit).restart == .no)
  }

  @Test func aDescriptorForStandardInputIsOneOnly() throws {
    for (lines, isRight) in [("ListenDatagram=69\n", true), ("ListenDatagram=69\nListenDatagram=70\n", false)] {
      let disk = Disk("/u")
      disk.write("/u/tftp.socket", "[Socket]\n" + lines)
      disk.write("/u/tftp.service", Disk.service + "StandardInput=socket\n")
      #expect(errors(disk.load()).count == (isRight ? 0 : 1), "\(errors(disk.load()))")
    }
  }
}
