import Foundation
import Testing

/// A unit path in a folder of its own: `etc` is where links are made, `lib` has what packages bring.
private final class UnitPathFolder {
  let folder = Folder()
  var etc: String { folder.path + "/etc" }

  init() {
    for name in ["etc", "lib"] {
      try? FileManager.default.createDirectory(atPath: folder.path + "/" + name, withIntermediateDirectories: true)
    }
  }

  func write(_ name: String, _ text: String = "[Service]\nExecStart=/bin/sleep 1000\n", install: String = "") {
    let path = folder.path + "/" + name
    try? FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try? (text + (install.isEmpty ? "" : "[Install]\n" + install)).write(toFile: path, atomically: true, encoding: .utf8)
  }

  func link(_ name: String, _ target: String) throws {
    let path = folder.path + "/" + name
    try FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
  }

  /// What a link holds; nil: there is none.
  func target(_ name: String) -> String? {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/" + name))?.replacing(folder.path, with: "")
  }

  func run(_ line: String) throws -> Outcome {
    let variables = ["APUS_UNIT_PATH": "\(folder.path)/etc:\(folder.path)/lib", "APUS_CONTROL": folder.path + "/none.sock"]
    var outcome = try apus(line.split(separator: " ").map(String.init), environment: variables)
    outcome.out = outcome.out.replacing(folder.path, with: "")
    outcome.err = outcome.err.replacing(folder.path, with: "")
    return outcome
  }
}

/// `enable` and its kin work on the disk alone; states, statuses and links are those that systemctl 252 gave.
@Suite struct UnitFileFaceTests {
  private func machine() throws -> UnitPathFolder {
    let path = UnitPathFolder()
    path.write("lib/plain.service", install: "WantedBy=multi-user.target\nAlias=other.service\n")
    path.write("etc/static.service")
    path.write("etc/tpl@.service", install: "WantedBy=multi-user.target\nDefaultInstance=def\n")
    path.write("etc/tnd@.service", install: "WantedBy=multi-user.target\n")
    path.write("etc/also.service", install: "RequiredBy=plain.service\nAlso=static.service plain.service\n")
    path.write("etc/badinst.service", install: "Alias=bad.timer\nWantedBy=foo.service\n")
    try path.link("etc/masked.service", "/dev/null")
    path.write("etc/empty.service", "")
    try path.link("etc/ali.service", "static.service")
    path.write("opt/linked.service", install: "WantedBy=multi-user.target\n")
    try path.link("etc/linked.service", path.folder.path + "/opt/linked.service")
    return path
  }

  @Test func states() throws {
    let path = try machine()
    let expected: [(String, String, Int32)] = [
      ("plain", "disabled", 1), ("tpl@", "disabled", 1), ("tpl@x", "disabled", 1), ("tnd@x", "disabled", 1), ("also", "disabled", 1),
      ("masked", "masked", 1), ("empty", "masked", 1), ("ali", "alias", 0), ("static", "indirect", 0), ("linked", "linked", 1),
      ("multi-user.target", "static", 0), ("systemd-journald", "static", 0), ("plain static", "disabled\nindirect", 0),
      ("plain masked", "disabled\nmasked", 1),
    ]
    for (units, state, status) in expected {
      #expect(try path.run("is-enabled " + units) == Outcome(status: status, out: state + "\n", err: ""), "\(units)")
    }
    #expect(try path.run("is-enabled nope") == Outcome(status: 1, out: "", err: "apus: there is no unit file nope.service\n"))
    #expect(try path.run("-q is-enabled multi-user.target") == Outcome(status: 0, out: "", err: ""))
  }

  @Test func enableAndDisable() throws {
    let path = try machine()
    let enabled = try path.run("enable plain")
    #expect(enabled.status == 0 && enabled.out.isEmpty)
    #expect(enabled.err.contains("Created symlink /etc/multi-user.target.wants/plain.service → /lib/plain.service.\n"))
    #expect(path.target("etc/multi-user.target.wants/plain.service") == "/lib/plain.service")
    #expect(path.target("etc/other.service") == "/lib/plain.service")
    #expect(try path.run("enable plain") == Outcome(status: 0, out: "", err: ""), "nothing is left to do")
    #expect(try path.run("is-enabled plain other").out == "enabled\nalias\n")
    #expect(try path.run("-q enable tpl@ tpl@foo") == Outcome(status: 0, out: "", err: ""))
    #expect(path.target("etc/multi-user.target.wants/tpl@def.service") == "/etc/tpl@.service")
    #expect(path.target("etc/multi-user.target.wants/tpl@foo.service") == "/etc/tpl@.service")
    #expect(try path.run("is-enabled tpl@ tpl@foo tpl@x").out == "enabled\nenabled\ndisabled\n")
    #expect(try path.run("enable also").status == 0)
    #expect(path.target("etc/plain.service.requires/also.service") == "/etc/also.service")
    #expect(try path.run("enable linked").status == 0)
    #expect(path.target("etc/multi-user.target.wants/linked.service") == "/opt/linked.service")

    #expect(try path.run("disable also").status == 0)
    for gone in ["plain.service.requires/also.service", "multi-user.target.wants/plain.service", "other.service", "ali.service"] {
      #expect(path.target("etc/" + gone) == nil, "\(gone)")
    }
    #expect(!FileManager.default.fileExists(atPath: path.etc + "/plain.service.requires"), "empty folders go")
    #expect(try path.run("disable tpl@foo").err == "Removed \"/etc/multi-user.target.wants/tpl@foo.service\".\n")
    #expect(try path.run("disable tpl@").err == "Removed \"/etc/multi-user.target.wants/tpl@def.service\".\n")
    #expect(try path.run("disable linked").status == 0)
    #expect(path.target("etc/linked.service") == nil)
    #expect(try path.run("disable plain") == Outcome(status: 0, out: "", err: ""))
    #expect(FileManager.default.fileExists(atPath: path.etc + "/tpl@.service"), "files stay")
  }

  @Test func whatCannotBeEnabledChangesNothing() throws {
    let path = try machine()
    for (units, reason) in [
      ("tnd@", "tnd@.service is a template: name an instance, as in tnd@NAME.service"),
      ("badinst", "cannot alias badinst.service as bad.timer"), ("nope", "there is no unit file nope.service"),
      ("plain nope", "there is no unit file nope.service"), ("masked", "the unit file /etc/masked.service is masked"),
      ("ali", "ali.service is an alias of static.service: enable that"),
    ] {
      #expect(try path.run("enable " + units) == Outcome(status: 1, out: "", err: "apus: cannot enable: \(reason)\n"), "\(units)")
    }
    #expect(!FileManager.default.fileExists(atPath: path.etc + "/multi-user.target.wants"))
    #expect(!FileManager.default.fileExists(atPath: path.etc + "/foo.service.wants"))
    let nothing = try path.run("enable static")
    #expect(nothing.status == 0 && nothing.err.contains("nothing to enable"))
    #expect(try path.run("disable nope").status == 1)
    path.write("etc/multi-user.target.wants/plain.service", "")
    #expect(try path.run("enable plain").err.contains("exists already"))
    #expect(path.target("etc/other.service") == nil, "all is checked before anything is made")
  }

  @Test func masks() throws {
    let path = try machine()
    #expect(try path.run("mask plain").status == 0)
    #expect(path.target("etc/plain.service") == "/dev/null")
    #expect(try path.run("is-enabled plain").out == "masked\n")
    #expect(try path.run("mask plain") == Outcome(status: 0, out: "", err: ""))
    #expect(try path.run("unmask plain") == Outcome(status: 0, out: "", err: "Removed \"/etc/plain.service\".\n"))
    #expect(try path.run("is-enabled plain").out == "disabled\n")
    let file = try path.run("mask static")
    #expect(file.status == 1 && file.err.contains("/etc/static.service exists already"))
    let unknown = try path.run("mask nope")
    #expect(unknown.status == 0 && unknown.err.contains("there is no unit file nope.service"))
    #expect(try path.run("unmask nope").status == 0)
    #expect(try path.run("unmask nope").status == 0)
    #expect(path.target("etc/nope.service") == nil)
  }

  @Test func presetsDecide() throws {
    let path = try machine()
    path.write("etc/one.service", install: "WantedBy=multi-user.target\n")
    path.write("etc/two.service", install: "WantedBy=multi-user.target\n")
    path.write("lib-preset/90-default.preset", "# comment\nenable o*.service\ndisable *\n")
    #expect(try path.run("enable two").status == 0)
    #expect(try path.run("preset one two").status == 0)
    #expect(try path.run("is-enabled one").out == "enabled\n" && path.run("is-enabled two").out == "disabled\n")
    path.write("etc-preset/10-mine.preset", "disable one.service\n")
    #expect(try path.run("preset one").status == 0)
    #expect(try path.run("is-enabled one").out == "disabled\n")
    #expect(try path.run("preset nope").status == 1)
  }

  /// What maintainer scripts call it with.
  @Test func asSystemctl() throws {
    let path = try machine()
    let link = path.folder.path + "/systemctl"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: binaryPath)
    let variables = ["APUS_UNIT_PATH": "\(path.folder.path)/etc:\(path.folder.path)/lib", "APUS_CONTROL": path.folder.path + "/none.sock"]
    func systemctl(_ line: String) throws -> Outcome {
      try apus(line.split(separator: " ").map(String.init), environment: variables, program: link)
    }
    #expect(try systemctl("--quiet --no-reload enable plain.service") == Outcome(status: 0, out: "", err: ""))
    #expect(try systemctl("--system --no-pager is-enabled plain.service") == Outcome(status: 0, out: "enabled\n", err: ""))
    #expect(try systemctl("-q disable plain.service") == Outcome(status: 0, out: "", err: ""))
    #expect(try systemctl("--runtime --quiet mask plain.service").status == 0)
    #expect(try systemctl("is-system-running") == Outcome(status: 1, out: "offline\n", err: ""))
    #expect(try systemctl("daemon-reload").status == 1)
    #expect(try systemctl("daemon-reexec").status == 1)
    #expect(try systemctl("--failed --no-legend --plain").status == 1)
    #expect(try systemctl("bogus").status == 1)
  }

  @Test func filesAreShown() throws {
    let path = try machine()
    path.write("etc/plain.service.d/20-b.conf", "[Service]\nNice=4\n\n")
    path.write("lib/service.d/10-a.conf", "[Service]\nNice=3")
    try path.link("etc/second.service", "plain.service")
    let files =
      "# /lib/plain.service\n[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\nAlias=other.service\n"
      + "\n# /lib/service.d/10-a.conf\n[Service]\nNice=3\n" + "\n# /etc/plain.service.d/20-b.conf\n[Service]\nNice=4\n\n"
    #expect(try path.run("cat plain") == Outcome(status: 0, out: files, err: ""))
    #expect(try path.run("cat second").out == files)
    #expect(try path.run("cat masked") == Outcome(status: 0, out: "# Unit masked.service is masked.\n", err: ""))
    let missing = try path.run("cat nope plain")
    #expect(missing.status == 1 && missing.out == files && missing.err == "apus: no files found for nope.service\n")
    #expect(
      try path.run("list-unit-files tpl@ m* s*").out == """
        UNIT FILE      STATE
        masked.service masked
        second.service alias
        static.service indirect
        tpl@.service   disabled

        4 unit files listed.

        """)
    #expect(try path.run("list-unit-files --no-legend --state=linked") == Outcome(status: 0, out: "linked.service linked\n", err: ""))
    #expect(try path.run("list-unit-files nope").status == 1)
  }

  @Test func theDefaultTarget() throws {
    let path = try machine()
    #expect(try path.run("get-default").out == "multi-user.target\n")
    #expect(try path.run("set-default graphical.target").status == 0)
    #expect(try path.run("get-default").out == "graphical.target\n")
    path.write("etc/shop.target", "[Unit]\nDescription=Shop\n")
    #expect(try path.run("set-default shop.target").status == 0)
    #expect(path.target("etc/default.target") == "/etc/shop.target")
    #expect(try path.run("get-default").out == "shop.target\n")
    #expect(try path.run("set-default nope.target").status == 1)
    #expect(try path.run("set-default plain").status == 1)
  }

  @Test func withoutAnApus() throws {
    let path = try machine()
    #expect(try path.run("is-system-running") == Outcome(status: 1, out: "offline\n", err: ""))
    #expect(try path.run("enable --now plain").status == 1, "the links are made, the start is refused")
    #expect(path.target("etc/other.service") == "/lib/plain.service")
  }
}
