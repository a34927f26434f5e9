import Model
import Testing

@testable import UnitFile

/// What needs more than one file.
@Suite struct CatalogueTests {
  /// A catalogue of files given as name and text.
  func catalogue(_ files: [(String, String)], strictness: Strictness = .strict) throws -> Catalogue {
    assemble(try files.map { try parse($0.1, name: $0.0, strictness: strictness) })
  }

  func starting(_ catalogue: Catalogue) -> [String] { startingUnits(catalogue).map { $0.bytes.shown } }

  func errors(_ catalogue: Catalogue) -> [String] {
    catalogue.diagnostics.filter { $0.severity != .notice }.map { $0.text.shown }
  }

  func restart(_ catalogue: Catalogue, _ name: String) -> RestartPolicy? {
    for unit in catalogue.units where unit.name.bytes.shown == name {
      if case .service(let settings) = unit.kind { return settings.restart }
    }
    return nil
  }

  static let plain = "[Service]\nExecStart=/bin/true\n"

  @Test(arguments: [
    (plain, RestartPolicy.always), (plain + "Type=exec\n", .always), (plain + "Type=oneshot\n", .no),
    (plain + "RemainAfterExit=yes\n", .no), ("[Unit]\nSuccessAction=exit\n" + plain, .no),
    ("[Unit]\nFailureAction=exit\n" + plain, .no), (plain + "[X-Apus]\nSchedule=every 5s\n", .no),
    (plain + "Restart=no\n", .no), (plain + "Restart=on-failure\n", .onFailure),
    (plain + "RemainAfterExit=yes\nRestart=always\n", .always),
  ])
  func restartDefault(_ text: String, _ wanted: RestartPolicy) throws {
    #expect(restart(try catalogue([("web.service", text)]), "web.service") == wanted)
  }

  @Test func whoeverIsTriggeredDoesNotRestartByItself() throws {
    let timer = "[Timer]\nOnActiveSec=5\n"
    #expect(restart(try catalogue([("a.service", Self.plain), ("a.timer", timer)]), "a.service") == .no)
    #expect(restart(try catalogue([("a.service", Self.plain), ("b.timer", timer + "Unit=a.service\n")]), "a.service") == .no)
    let other = try catalogue([("a.service", Self.plain), ("a.timer", timer + "Unit=b.service\n"), ("b.service", Self.plain)])
    #expect(restart(other, "a.service") == .always && restart(other, "b.service") == .no)
    for key in ["OnFailure", "OnSuccess"] {
      let both = try catalogue([("a.service", Self.plain), ("b.service", "[Unit]\n\(key)=a.service\n" + Self.plain)])
      #expect(restart(both, "a.service") == .no && restart(both, "b.service") == .always)
    }
    let wanted = try catalogue([("a.service", Self.plain), ("b.service", "[Unit]\nWants=a.service\n" + Self.plain)])
    #expect(restart(wanted, "a.service") == .always)
  }

  @Test func whatStartsByItself() throws {
    for key in ["Wants", "Requires", "BindsTo", "Upholds", "OnFailure", "OnSuccess"] {
      let both = try catalogue([("a.service", Self.plain), ("b.service", "[Unit]\n\(key)=a.service\n" + Self.plain)])
      #expect(starting(both) == ["b.service"], "\(key)")
    }
    for key in ["After", "Before", "Conflicts"] {
      let text = "[Unit]\n\(key)=c.service b.service\n"
      #expect(starting(try catalogue([("a.service", Self.plain), ("b.service", text + Self.plain)])) == ["a.service", "b.service"])
    }
    let mixed = try catalogue([
      ("tick.timer", "[Timer]\nOnActiveSec=5\n"), ("tick.service", Self.plain), ("w@.service", "[Unit]\nWants=z.service\n" + Self.plain),
      ("w@1.service", Self.plain), ("all.target", "[Unit]\nWants=tick.service\n"), ("self.service", "[Unit]\nWants=%n\n" + Self.plain),
      ("z.service", Self.plain), ("bad.service", "[Service]\n"),
    ])
    #expect(starting(mixed) == ["tick.timer", "w@1.service", "all.target", "self.service", "z.service"])
  }

  @Test func namesOfTheHostAreBuiltInWhenReferenced() throws {
    let result = try catalogue([
      (
        "web.service",
        "[Unit]\nRequires=network.target syslog.socket\nAfter=srv.mount nowhere.service system.slice\n"
          + "Wants=systemd-journald.service network.target mine.target\n" + Self.plain
      )
    ])
    #expect(!result.hasErrors)
    #expect(
      result.units.map { $0.name.bytes.shown }
        == [
          "web.service", "srv.mount", "system.slice", "network.target", "syslog.socket", "systemd-journald.service",
        ].sorted { $0 == "web.service" || ($1 != "web.service" && order(result, $0) < order(result, $1)) })
    #expect(result.units.dropFirst().allSatisfy { $0.isBuiltIn && $0.loadState == .loaded })
    #expect(result.units.count == 6)
    #expect(starting(result) == ["web.service"])
    // One's own file goes before the built-in.
    let own = try catalogue([
      ("network.target", "[Unit]\nDescription=Mine\n"), ("web.service", "[Unit]\nWants=network.target\n" + Self.plain),
    ])
    #expect(own.units.count == 2 && own.units.allSatisfy { !$0.isBuiltIn })
  }

  private func order(_ catalogue: Catalogue, _ name: String) -> Int {
    catalogue.units.firstIndex { $0.name.bytes.shown == name } ?? -1
  }

  @Test func missingUnits() throws {
    let required = try catalogue([("a.service", "[Unit]\nRequires=\\\n b.service\n" + Self.plain)])
    #expect(errors(required) == ["/etc/apus/a.service:3:2: error: cannot find the required unit b.service (write that unit, or Wants=)"])
    #expect(!(try catalogue([("a.service", "[Unit]\nWants=b.service\nAfter=c.service\n" + Self.plain)])).hasErrors)
    let instance = try catalogue([("w@.service", Self.plain), ("a.service", "[Unit]\nRequires=w@1.service\n" + Self.plain)])
    #expect(errors(instance).first?.hasSuffix("(instances of w@.service come with a later release)") == true)
    let timer = try catalogue([("a.timer", "[Timer]\nOnActiveSec=1\nUnit=b.service\n")])
    #expect(errors(timer) == ["/etc/apus/a.timer:3:6: error: cannot find the unit to start, b.service (write that unit, or [Timer] Unit=)"])
  }

  @Test func theFirstOfEqualNamesCounts() throws {
    let one = try parse(Self.plain, folder: "/a")
    let two = try parse("[Service]\n", folder: "/b")
    let result = assemble([one, two])
    #expect(result.units.map { $0.fragmentPath.shown } == ["/a/web.service"])
    #expect(!result.hasErrors)
    #expect(result.diagnostics.map { $0.text.shown } == ["/b/web.service: notice: hidden by /a/web.service, which has the same name"])
    #expect(assemble([one, one]).diagnostics.isEmpty)
  }

  @Test func cyclesAreNamed() throws {
    func unit(_ lines: String) -> String { "[Unit]\n" + lines + "\n" + Self.plain }
    let wanted = try catalogue([("a.service", unit("After=b.service\nWants=b.service")), ("b.service", unit("After=a.service"))])
    #expect(
      errors(wanted) == [
        "/etc/apus/a.service:2:7: warning: ordering cycle: a.service after b.service after a.service (one of them will not wait, or not start)"
      ])
    let required = try catalogue([
      ("a.service", unit("After=b.service\nRequires=b.service")),
      ("b.service", unit("Before=a.service\nAfter=a.service\nRequires=a.service")),
    ])
    #expect(required.hasErrors)
    #expect(errors(required).count == 1)
    let none = try catalogue([
      ("a.service", unit("After=b.service c.service")), ("b.service", unit("After=c.service")), ("c.service", Self.plain),
    ])
    #expect(errors(none).isEmpty)
  }

  @Test func manyUnitsAreAssembledInTime() throws {
    var files: [ParsedUnit] = []
    for number in 0..<1000 {
      let text = "[Unit]\nAfter=u\(number + 1).service network.target\nWants=u\((number * 7) % 1000).service\n" + Self.plain
      files.append(try parse(text, name: "u\(number).service"))
    }
    let result = assemble(files)
    #expect(result.units.count == 1001 && !result.hasErrors)
  }

  // MARK: default and implicit dependencies (units.md e.2)

  func unit(_ catalogue: Catalogue, _ name: String) throws -> Unit {
    try #require(catalogue.units.first { $0.name.bytes.shown == name })
  }

  /// The dependencies of a unit as `kind:name`, sorted.
  func edges(_ catalogue: Catalogue, _ name: String) throws -> [String] {
    let unit = try unit(catalogue, name)
    return ReferenceKind.allCases.flatMap { kind in unit.dependencies[kind].map { "\(kind):\($0.bytes.shown)" } }.sorted()
  }

  static let targets = ["sysinit", "basic", "shutdown", "timers"].map {
    ("\($0).target", "[Unit]\nDescription=\($0)\n" + ($0 == "shutdown" ? "DefaultDependencies=no\n" : ""))
  }

  @Test func defaultDependenciesOfEachKind() throws {
    let result = try catalogue(
      Self.targets + [
        ("a.service", Self.plain), ("b.service", "[Unit]\nDefaultDependencies=no\n" + Self.plain),
        ("c.timer", "[Timer]\nOnActiveSec=5\nUnit=a.service\n"),
        ("d.timer", "[Unit]\nDefaultDependencies=no\n[Timer]\nOnActiveSec=5\nUnit=a.service\n"),
        ("e.target", "[Unit]\nWants=a.service b.service d.timer\nRequires=c.timer\n"),
        ("f.target", "[Unit]\nDefaultDependencies=no\nWants=a.service\n"),
      ])
    #expect(!result.hasErrors)
    let common = ["before:shutdown.target", "conflicts:shutdown.target"]
    #expect(
      try edges(result, "a.service")
        == (common + ["after:basic.target", "after:sysinit.target", "requires:sysinit.target"]).sorted())
    #expect(try edges(result, "b.service") == [])
    #expect(
      try edges(result, "c.timer")
        == (common + ["after:sysinit.target", "before:a.service", "before:timers.target", "requires:sysinit.target"]).sorted())
    #expect(try edges(result, "d.timer") == ["before:a.service"])
    #expect(
      try edges(result, "e.target")
        == (common + ["after:a.service", "after:c.timer", "requires:c.timer", "wants:a.service", "wants:b.service", "wants:d.timer"])
        .sorted())
    #expect(try edges(result, "f.target") == ["wants:a.service"])
    #expect(try edges(result, "shutdown.target") == [])
    #expect(errors(result).isEmpty)
  }

  /// A folder on the command line has none of these targets, and is not told of them.
  @Test func defaultDependenciesNeedTheirTargets() throws {
    let result = try catalogue([("a.service", Self.plain), ("all.target", "[Unit]\nWants=a.service\n")])
    #expect(try edges(result, "a.service") == [] && result.units.count == 2)
    #expect(try edges(result, "all.target") == ["after:a.service", "wants:a.service"])
  }

  @Test func aTargetKeepsAnOrderThatSomebodyWrote() throws {
    let result = try catalogue([
      ("a.service", "[Unit]\nAfter=all.target\n" + Self.plain), ("b.service", Self.plain),
      ("all.target", "[Unit]\nWants=a.service b.service\nBefore=b.service\n"),
    ])
    #expect(try edges(result, "all.target") == ["before:b.service", "wants:a.service", "wants:b.service"])
    #expect(errors(result).isEmpty)
  }

  // MARK: aliases

  @Test func aliasesAreTheUnit() throws {
    let links = UnitLinks()
    links.aliases = [try #require(UnitName(Bytes("sshd.service")))]
    let name = try #require(UnitName(Bytes("ssh.service")))
    let ssh = parseUnit(
      UnitSource(path: Bytes("/l/ssh.service"), name: name, contents: Bytes(Self.plain), strictness: .strict), links: links, host: testHost)
    let user = try parse(
      "[Unit]\nRequires=sshd.service\nAfter=sshd.service ssh.service\nOnFailure=sshd.service\n" + Self.plain, name: "a.service")
    let timer = try parse("[Timer]\nOnActiveSec=5\nUnit=sshd.service\n", name: "t.timer")
    let result = assemble([user, ssh, timer])
    #expect(result.diagnostics.isEmpty)
    #expect(try edges(result, "a.service") == ["after:ssh.service", "onFailure:ssh.service", "requires:ssh.service"])
    #expect(starting(result) == ["a.service", "t.timer"] && restart(result, "ssh.service") == .no)
    guard case .timer(let settings) = try unit(result, "t.timer").kind else { throw NoSuchKind() }
    #expect(settings.unit == name)
  }

  /// A unit of its own file goes before an alias of the same name.
  @Test func aFileGoesBeforeAnAlias() throws {
    let links = UnitLinks()
    links.aliases = [try #require(UnitName(Bytes("b.service")))]
    let name = try #require(UnitName(Bytes("a.service")))
    let one = parseUnit(
      UnitSource(path: Bytes("/l/a.service"), name: name, contents: Bytes(Self.plain), strictness: .strict), links: links, host: testHost)
    let result = assemble([
      one, try parse("[Unit]\nWants=c.service\n" + Self.plain, name: "b.service"),
      try parse("[Unit]\nWants=b.service\n" + Self.plain, name: "c.service"),
    ])
    #expect(try edges(result, "c.service") == ["wants:b.service"])
  }

  @Test func whatIsNeededAndMissingIsAnErrorForEachKind() throws {
    for (key, isNeeded) in [
      ("Requires", true), ("Requisite", true), ("BindsTo", true), ("PartOf", false), ("Upholds", false), ("OnFailure", false),
    ] {
      for strictness in [Strictness.strict, .lenient] {
        let result = try catalogue([("a.service", "[Unit]\n\(key)=b.service\n" + Self.plain)], strictness: strictness)
        let loaded = try unit(result, "a.service").loadState == .loaded
        #expect(errors(result).count == (isNeeded ? 1 : 0), "\(key)")
        #expect(result.hasErrors == (isNeeded && strictness == .strict) && loaded)
      }
    }
  }

  /// What the systemd package has under these names; the rest is the container's own.
  @Test func namesOfTheHost() throws {
    let host = [
      "dbus.service", "getty@tty1.service", "getty@.service", "user@1000.service", "modprobe@fuse.service", "rescue.service",
      "systemd-journald.service", "quotaon.service", "quotaon@var.service", "network.target", "blockdev@dev-sda.target", "a.mount",
      "syslog.socket",
    ]
    let own = [
      "user.service", "modprobe.service", "getty.service", "autovt.service", "dbus@x.service", "rescue@a.service", "use.service",
      "web.service", "web.socket", "web.target",
    ]
    for word in host + own {
      let name = try #require(UnitName(Bytes(word.utf8)))
      #expect(BuiltInNames.contains(name) == host.contains(word), "\(word)")
    }
  }
}
