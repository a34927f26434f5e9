import Foundation
import Testing

extension SystemTests {
  /// Units found by name in a unit path (units.md b.8), with the running binary.
  @Suite struct UnitPath {
    /// `etc` over `lib`, both in the sandbox.
    private static func environment(_ box: Sandbox) -> [String: String] { ["APUS_UNIT_PATH": box.path("etc") + ":" + box.path("lib")] }

    private static func link(_ box: Sandbox, _ name: String, _ target: String) throws {
      let path = box.path(name)
      try FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }

    private static func run(_ box: Sandbox, _ units: String...) throws -> Supervisor {
      let apus = try box.apus(["run"] + units, environment: environment(box))
      try apus.waitUntilReady()
      return apus
    }

    /// Says its arguments in a file, and stays.
    private static func saying(_ box: Sandbox, _ word: String) -> String {
      Units.service("ExecStart=/bin/sh -c 'echo \(word) >> \(box.path("said")); exec sleep 1000'")
    }

    private static func waitForWords(_ box: Sandbox, _ words: [String]) throws {
      try eventually("the words \(words), said is \(box.lines("said"))") { box.lines("said").sorted() == words.sorted() }
    }

    @Test func anInstanceOfATemplateAndItsDropIn() throws {
      try sandboxed { box in
        try box.write("lib/echo@.service", Self.saying(box, "%i,%I,%n"))
        try box.write("etc/echo@b.service.d/more.conf", "[Service]\nEnvironment=FOO=bar\n")
        let apus = try Self.run(box, "echo@a-x", "echo@b.service")
        try Self.waitForWords(box, ["a-x,a/x,echo@a-x.service", "b,b,echo@b.service"])
        let shown = try apus.properties(of: "echo@b.service")
        #expect(shown["FragmentPath"] == box.path("lib/echo@.service"))
        #expect(try apus.client(["is-active", "echo@a-x", "echo@b"]).stdout == "active\nactive\n")
      }
    }

    @Test func aTemplateWithoutAnInstanceIsRefused() throws {
      try sandboxed { box in
        try box.write("lib/echo@.service", Units.longRunning)
        try box.write("lib/other.service", Units.longRunning)
        let refused = try box.apus(["run", "echo@"], environment: Self.environment(box))
        #expect(try refused.waitForEnd() == 78)
        #expect(refused.process.stderr.contains("unit name echo@.service is missing the instance name (write echo@NAME.service)"))
        let apus = try Self.run(box, "other")
        let started = try apus.client(["start", "echo@"])
        #expect(started.status == 1 && started.stderr.contains("missing the instance name"), "\(started)")
      }
    }

    @Test func aDropInThatResetsTheCommand() throws {
      try sandboxed { box in
        try box.write("lib/web.service", Self.saying(box, "old"))
        try box.write("etc/web.service.d/command.conf", Self.saying(box, "new").replacing("ExecStart=", with: "ExecStart=\nExecStart="))
        _ = try Self.run(box, "web")
        try Self.waitForWords(box, ["new"])
      }
    }

    @Test func aMaskedUnitCannotBeStarted() throws {
      try sandboxed { box in
        try box.write("lib/web.service", Units.longRunning)
        try box.write("lib/other.service", "[Unit]\nWants=web.service\n" + Units.longRunning)
        try Self.link(box, "etc/web.service", "/dev/null")
        let apus = try Self.run(box, "other")
        try apus.wait(for: "other.service", toBe: "active")
        let started = try apus.client(["start", "web"])
        #expect(started.status == 1 && started.stderr.contains("masked"), "\(started)")
        #expect(try apus.properties(of: "web.service")["LoadState"] == "masked")
        #expect(try apus.client(["is-active", "web"]).status == 3)
        let refused = try box.apus(["run", "web"], environment: Self.environment(box))
        #expect(try refused.waitForEnd() == 78)
        #expect(refused.process.stderr.contains("unit web.service is masked"))
      }
    }

    @Test func anAliasIsTheSameUnitAndALinkedOneItsOwn() throws {
      try sandboxed { box in
        try box.write("lib/web.service", Units.longRunning)
        try Self.link(box, "etc/www.service", "../lib/web.service")
        try box.write("opt/far.service", Units.longRunning)
        try Self.link(box, "etc/near.service", box.path("opt/far.service"))
        let apus = try Self.run(box, "www", "near")
        try apus.wait(for: "web.service", toBe: "active")
        try apus.wait(for: "near.service", toBe: "active")
        let shown = try apus.properties(of: "www.service")
        #expect(shown["Id"] == "web.service" && shown["ActiveState"] == "active")
        #expect(try apus.client(["is-active", "far"]).status == 3)
        #expect(try apus.client(["stop", "www"]).status == 0)
        #expect(try apus.client(["is-active", "web"]).stdout == "inactive\n")
      }
    }

    @Test(.enabled(if: Machine.hasNamespaces, Machine.noNamespaces)) func aloneAsInitItBootsTheDefaultTargetAndStays() throws {
      try sandboxed { box in
        for name in ["wanted", "once", "stray", "early"] { try box.write("lib/\(name).service", Self.saying(box, name)) }
        try box.write("lib/once.service", Units.service("Type=oneshot", "ExecStart=/bin/sh -c 'echo once >> \(box.path("said"))'"))
        try Self.link(box, "etc/multi-user.target.wants/wanted.service", "../../lib/wanted.service")
        try Self.link(box, "etc/multi-user.target.wants/once.service", "../../lib/once.service")
        try Self.link(box, "lib/basic.target.wants/early.service", "../early.service")
        let apus = try box.apus([], asInit: true, environment: Self.environment(box))
        try apus.waitUntilReady()
        try apus.wait(for: "multi-user.target", toBe: "active")
        try Self.waitForWords(box, ["early", "once", "wanted"])
        for target in ["basic.target", "sysinit.target", "timers.target"] {
          #expect(try apus.property("ActiveState", of: target) == "active", "\(target)")
        }
        #expect(try apus.client(["stop", "wanted", "early"]).status == 0)
        observe(for: 0.3)
        #expect(!apus.process.hasEnded, "it never leaves by itself")
        try apus.send(SIGTERM)
        #expect(try apus.waitForEnd() == 0)
      }
    }

    @Test(.enabled(if: Machine.hasNamespaces, Machine.noNamespaces)) func theLinkDefaultTargetSaysWhatIsBooted() throws {
      try sandboxed { box in
        try box.write("etc/shop.target", "[Unit]\nWants=web.service\n")
        try box.write("lib/web.service", Self.saying(box, "web"))
        try Self.link(box, "etc/default.target", "shop.target")
        let apus = try box.apus(["--stop-timeout=5s"], asInit: true, environment: Self.environment(box))
        try apus.waitUntilReady()
        try Self.waitForWords(box, ["web"])
        try apus.wait(for: "default.target", toBe: "active")
        #expect(try apus.property("Id", of: "default.target") == "shop.target")
      }
    }

    @Test func aUnitThatIsNotLoadedIsLookedForOnDemand() throws {
      try sandboxed { box in
        try box.write("lib/main.service", Units.longRunning)
        let apus = try Self.run(box, "main")
        #expect(try apus.client(["start", "late"]).status == 5)
        try box.write("lib/late.service", "[Unit]\nRequires=base.service\nAfter=base.service\n" + Self.saying(box, "late"))
        try box.write("lib/base.service", Self.saying(box, "base"))
        #expect(try apus.client(["is-active", "late"]).stdout == "inactive\n")
        let started = try apus.client(["start", "late"])
        #expect(started.status == 0, "\(started)")
        try Self.waitForWords(box, ["base", "late"])
        #expect(try apus.client(["daemon-reload"]).status == 0)
        #expect(try apus.client(["is-active", "late", "base", "main"]).stdout == "active\nactive\nactive\n")
        // What is read anew is read anew, too, of what nothing of the boot names.
        try box.write("lib/late.service", "[Unit]\nDescription=changed\n" + Self.saying(box, "late"))
        #expect(try apus.client(["daemon-reload"]).status == 0)
        #expect(try apus.property("Description", of: "late.service") == "changed")
      }
    }

    /// NeedDaemonReload: the file, a drop-in, a new drop-in, and the file's end; each time until the reload.
    @Test func whatHasChangedSinceItWasRead() throws {
      try sandboxed { box in
        try box.write("lib/main.service", Units.longRunning)
        try box.write("lib/main.service.d/a.conf", "[Unit]\nDescription=a\n")
        let apus = try Self.run(box, "main")
        try apus.wait(for: "main.service", toBe: "active")
        func needs() throws -> String? { try apus.property("NeedDaemonReload", of: "main.service") }
        #expect(try needs() == "no")
        for file in ["main.service", "main.service.d/a.conf", "main.service.d/b.conf"] {
          try box.write("lib/" + file, file.hasSuffix("e") ? Units.longRunning + "# changed\n" : "[Unit]\nDescription=\(file)\n")
          #expect(try needs() == "yes", "\(file)")
          #expect(try apus.client(["daemon-reload"]).status == 0)
          #expect(try needs() == "no", "\(file)")
        }
        #expect(try apus.property("Description", of: "main.service") == "main.service.d/b.conf")
        try box.remove("lib/main.service")
        #expect(try needs() == "yes")
        #expect(try apus.client(["daemon-reload"]).status == 0)
        #expect(
          try apus.properties(of: "main.service").filter { ["NeedDaemonReload", "LoadState", "ActiveState"].contains($0.key) } == [
            "NeedDaemonReload": "no", "LoadState": "not-found", "ActiveState": "active",
          ])
        #expect(try apus.client(["restart", "main"]).status == 5)
        #expect(try apus.client(["stop", "main"]).status == 0)
      }
    }

    @Test func enableNowAndDisableNow() throws {
      try sandboxed { box in
        try box.write("lib/main.service", Units.longRunning)
        try box.write("lib/web.service", Units.longRunning + "[Install]\nWantedBy=multi-user.target\n")
        let apus = try Self.run(box, "main")
        let path = "--unit-path=" + box.path("etc") + ":" + box.path("lib")
        let enabled = try apus.client(["enable", "--now", path, "web"])
        #expect(enabled.status == 0 && enabled.stderr.contains("Created symlink"), "\(enabled)")
        try apus.wait(for: "web.service", toBe: "active")
        #expect(try apus.client(["is-enabled", path, "web"]).stdout == "enabled\n")
        #expect(try apus.client(["disable", "--now", path, "web"]).status == 0)
        #expect(try apus.client(["is-active", "web"]).stdout == "inactive\n")
        #expect(try apus.client(["is-enabled", path, "web"]).stdout == "disabled\n")
      }
    }

    @Test func aFolderHasDropInsLinksAndWants() throws {
      try sandboxed { box in
        try box.write("units/web.service", Self.saying(box, "old"))
        try box.write("units/web.service.d/new.conf", Self.saying(box, "new").replacing("ExecStart=", with: "ExecStart=\nExecStart="))
        try box.write("units/helper@.service", Self.saying(box, "helper-%i"))
        try Self.link(box, "units/web.service.wants/helper@one.service", "../helper@.service")
        try Self.link(box, "units/www.service", "web.service")
        let apus = try box.run()
        try Self.waitForWords(box, ["helper-one", "new"])
        #expect(try apus.client(["is-active", "www"]).status == 0)
        let checked = try runToEnd([try Binary.path(), "check", box.path("units")])
        #expect(checked.status == 0 && checked.stderr.isEmpty, "\(checked)")
      }
    }
  }
}
