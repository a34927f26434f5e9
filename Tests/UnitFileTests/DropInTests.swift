import Model
import Testing

@testable import UnitFile

/// Several files for one unit.
@Suite struct DropInTests {
  func unit(
    _ main: String, _ dropIns: [String], name: String = "web.service", strictness: Strictness = .strict,
    links: UnitLinks = UnitLinks()
  ) throws -> ParsedUnit {
    let name = try #require(UnitName(Bytes(name)))
    let sources = dropIns.enumerated().map { index, text in
      UnitSource(path: Bytes("/d/\(index).conf"), name: name, contents: Bytes(text), strictness: strictness)
    }
    let source = UnitSource(path: "/etc/apus/" + name.bytes, name: name, contents: Bytes(main), strictness: .strict)
    return parseUnit(source, dropIns: sources, links: links, host: testHost)
  }

  func said(_ parsed: ParsedUnit) -> [String] { parsed.diagnostics.map { $0.text.shown } }

  static let main = "[Unit]\nAfter=a.service\n[Service]\nExecStart=/bin/a\nNice=1\n"

  @Test func theyAreAppliedInOrder() throws {
    let parsed = try unit(
      Self.main,
      ["[Service]\nExecStart=\nExecStart=/bin/b\nNice=2\n[Unit]\nAfter=\nAfter=b.service\n", "", "[Service]\nNice=3\nEnvironment=A=%n\n"])
    #expect(said(parsed).isEmpty)
    guard case .service(let service) = parsed.unit.kind else { throw NoSuchKind() }
    #expect(service.start.map { $0.path.shown } == ["/bin/b"] && service.exec.nice == 3)
    #expect(service.exec.environment.map { $0.shown } == ["A=web.service"])
    #expect(parsed.unit.dependencies[.after].map { $0.bytes.shown } == ["a.service", "b.service"])
    #expect(parsed.unit.dropInPaths.map { $0.shown } == ["/d/0.conf", "/d/1.conf", "/d/2.conf"])
    #expect(parsed.unit.fragmentPath.shown == "/etc/apus/web.service")
  }

  @Test func everyFindingNamesItsFile() throws {
    let parsed = try unit(Self.main + "Nice=x\n", ["[Service]\nNice=y\nfoo\n", "Nice=1\n[Service]\nRestartSteps=3\nexec\n"])
    #expect(
      said(parsed).map { String($0.prefix(40)) } == [
        "/etc/apus/web.service:6:6: error: cannot", "/d/0.conf:2:6: error: cannot use Nice=y:", "/d/0.conf:3:1: error: the line has no =:",
        "/d/1.conf:1:1: error: Nice= stands befor", "/d/1.conf:4:1: error: the line has no =:", "/d/1.conf:3:14: error: RestartSteps= has",
      ])
  }

  @Test func aSecondExecStartSaysWhereAndHow() throws {
    let parsed = try unit(Self.main, ["[Service]\nExecStart=/bin/b\n"])
    #expect(parsed.unit.loadState == .badSetting)
    #expect(
      said(parsed) == [
        "/d/0.conf:2:11: error: a second ExecStart= needs Type=oneshot (an empty ExecStart= line before it replaces the first; "
          + "Type=oneshot runs one after the other)"
      ])
    #expect(try unit("[Service]\nType=oneshot\nExecStart=/bin/a\n", ["[Service]\nExecStart=/bin/b\n"]).unit.loadState == .loaded)
  }

  /// The main file is the user's and strict, the drop-ins are systemd's.
  @Test func strictnessIsTheFiles() throws {
    let parsed = try unit(Self.main, ["[Service]\nNice=y\nRestartSteps=3\n"], strictness: .lenient)
    #expect(parsed.diagnostics.map { $0.severity } == [.warning, .warning])
  }

  /// As in systemd, what cannot be read in a drop-in does not refuse the unit.
  @Test(arguments: ["[Service\nNice=5\n", "[Service]\nNice=2\n\u{0}[Serv\nNice=5"])
  func aBrokenDropInIsBrokenOff(_ text: String) throws {
    for strictness in [Strictness.strict, .lenient] {
      let parsed = try unit(Self.main, [text, "[Service]\nUMask=077\n"], strictness: strictness)
      #expect(parsed.unit.loadState == .loaded)
      #expect(parsed.diagnostics.contains { $0.severity == (strictness == .strict ? .error : .warning) })
      guard case .service(let service) = parsed.unit.kind else { throw NoSuchKind() }
      #expect(service.exec.umask == 0o077 && service.exec.nice != 5)
    }
  }

  @Test func anUnreadableDropInIsSaid() throws {
    let name = try #require(UnitName(Bytes("web.service")))
    let main = UnitSource(path: Bytes("/w"), name: name, contents: Bytes(Self.main), strictness: .strict)
    let dropIn = UnitSource(path: Bytes("/d"), name: name, contents: nil, readError: Bytes("is a folder"), strictness: .lenient)
    let parsed = parseUnit(main, dropIns: [dropIn], host: testHost)
    #expect(said(parsed) == ["/d: warning: cannot load the drop-in: is a folder"] && parsed.unit.loadState == .loaded)
  }

  @Test func aMaskedUnitHasNoDropIns() throws {
    let parsed = try unit("", ["[Service]\nExecStart=/bin/b\n"])
    #expect(parsed.unit.loadState == .masked && parsed.unit.dropInPaths.isEmpty)
    let name = try #require(UnitName(Bytes("web.service")))
    let link = UnitSource(path: Bytes("/w"), name: name, contents: [], strictness: .strict, isMask: true)
    let masked = parseUnit(link, host: testHost)
    #expect(masked.unit.loadState == .masked && masked.diagnostics.isEmpty)
  }

  /// Of kinds that cannot be loaded, too: images mask mounts and sockets.
  @Test func aMaskOfAnyKindSaysNothing() throws {
    for word in ["a.mount", "a.socket", "a.path", "a.service"] {
      let name = try #require(UnitName(Bytes(word.utf8)))
      let masked = parseUnit(UnitSource(path: Bytes("/w"), name: name, contents: [], strictness: .lenient, isMask: true), host: testHost)
      #expect(masked.unit.loadState == .masked && masked.diagnostics.isEmpty, "\(word)")
    }
  }

  @Test func linksBecomeDependencies() throws {
    let links = UnitLinks(origin: .unitPath)
    links.aliases = [try #require(UnitName(Bytes("w.service")))]
    links.wants = [try #require(UnitName(Bytes("x.service")))]
    links.requires = [try #require(UnitName(Bytes("y.service")))]
    links.upholds = [try #require(UnitName(Bytes("z.service")))]
    let parsed = try unit(Self.main, [], links: links)
    #expect(parsed.unit.aliases == links.aliases && parsed.unit.origin == .unitPath)
    #expect(parsed.unit.dependencies[.wants] == links.wants && parsed.unit.dependencies[.requires] == links.requires)
    #expect(parsed.unit.dependencies[.upholds] == links.upholds)
    let other = try unit("[Service]\nExecStart=/bin/a\n", [], name: "x.service")
    // What is pulled in does not start by itself, nor does what comes from the unit path.
    #expect(startingUnits(assemble([parsed, other])).isEmpty)
    #expect(
      assemble([parsed, other]).diagnostics.map { $0.text.shown } == [
        "/etc/apus/web.service: error: cannot find the required unit y.service (write that unit, or Wants=)"
      ])
    let basic = try #require(UnitName(Bytes("basic.target")))
    let target = try #require(builtInUnit(basic, links: links))
    #expect(target.unit.isBuiltIn && target.unit.kind == .target && target.unit.dependencies[.wants] == links.wants)
    let mine = try #require(UnitName(Bytes("my.target")))
    #expect(builtInUnit(mine) == nil)
  }

  /// An instance is read from its template's file, under its own name.
  @Test func instancesAreReadFromTheTemplate() throws {
    let name = try #require(UnitName(Bytes("db@15-main.service")))
    let text =
      "[Unit]\nPartOf=db.service\nBefore=%p.service\nAssertPathExists=/etc/db/%I/conf\n[Service]\nExecStart=/bin/db %i\nPIDFile=db/%i.pid\n"
    let source = UnitSource(path: Bytes("/lib/db@.service"), name: name, contents: Bytes(text), strictness: .strict)
    let parsed = parseUnit(source, host: testHost)
    #expect(parsed.diagnostics.isEmpty && parsed.unit.name == name && parsed.unit.fragmentPath.shown == "/lib/db@.service")
    #expect(parsed.unit.asserts.map { $0.parameter.shown } == ["/etc/db/15/main/conf"])
    guard case .service(let service) = parsed.unit.kind else { throw NoSuchKind() }
    #expect(service.start[0].arguments.map { $0.shown } == ["/bin/db", "15-main"] && service.pidFile.shown == "/run/db/15-main.pid")
  }

  /// Of a template's own values only an instance can tell whether they are right.
  @Test func aTemplateIsNotToldOffForItsEmptyInstance() throws {
    let text =
      "[Unit]\nConditionPathExists=%I\nWants=%i.service\nDocumentation=%i\n[Service]\nExecStart=/usr/bin/%i\nRuntimeDirectory=%i\n"
      + "User=a%i:\n[X-Apus]\nReadyTcp=127.0.0.1:%i\n"
    let template = try parse(text, name: "w@.service")
    #expect(template.diagnostics.isEmpty && template.unit.loadState == .loaded)
    let instance = try parse(text.replacing("User=a%i:\n", with: ""), name: "w@80.service")
    #expect(instance.diagnostics.map { $0.line } == [2, 4])
    #expect(try parse("[Service]\nExecStart=/usr/bin/%n/\nNice=%Q\n", name: "w@.service").diagnostics.count >= 2)
  }
}
