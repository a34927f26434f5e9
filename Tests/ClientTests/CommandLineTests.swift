import Foundation
import Testing

@Suite struct CommandLineTests {
  @Test func helpOfEveryVerb() throws {
    let verbs = [
      "run", "check", "plan", "status", "show", "list-units", "list-timers", "is-active", "is-failed", "start", "stop", "restart",
      "try-restart",
      "reload", "reload-or-restart", "try-reload-or-restart", "kill", "reset-failed", "daemon-reload", "apply", "exit", "cat",
      "list-unit-files", "is-enabled", "enable", "disable", "reenable", "preset", "mask", "unmask", "get-default", "set-default", "escape",
      "list-dependencies", "is-system-running", "list-sockets", "list-paths", "relay", "import", "calendar", "timespan", "timestamp",
    ]
    let general = try apus(["--help"])
    #expect(general.status == 0 && general.err.isEmpty)
    #expect(try apus([]) == Outcome(status: 64, out: "", err: general.out))
    var text = general.out
    for verb in verbs {
      #expect(general.out.contains("\n  \(verb) "), "\(verb) is not in the general help")
      let help = try apus([verb, "--help"])
      #expect(help.status == 0 && help.err.isEmpty)
      #expect(try apus(["help", verb]) == help)
      #expect(try apus([verb, "-h"]) == help)
      text += "\n==== \(verb)\n" + help.out
    }
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 110 })
    expectGolden(text, "help.txt")
    #expect(try apus(["--version"]) == Outcome(status: 0, out: "apus 0.1.0\n", err: ""))
  }

  /// Every wrong command line: status 64, one line that says what, a hint, and nothing on stdout.
  @Test func wrongCommandLines() throws {
    let lines: [([String], [String: String])] = [
      (["run"], [:]), (["run", "--"], [:]), (["run", "x", "--"], [:]), (["run", "--", "x"], [:]), (["--"], [:]), (["--group", "--"], [:]),
      (["--stay", "--", "true"], [:]), (["--group"], [:]), (["run", ""], [:]), (["stauts"], [:]), (["strat", "x"], [:]), (["xyzzy"], [:]),
      (["./services"], [:]), (["web.service"], [:]), (["help", "xyzzy"], [:]), (["--stpo"], [:]), (["run", "--stop-timout=3", "x"], [:]),
      (["run", "--stop-timeout=zz", "x"], [:]), (["run", "--stop-timeout"], [:]), (["run", "--stop-timeout", "--", "x"], [:]),
      (["run", "--stay=1", "x"], [:]), (["run", "-z", "x"], [:]), (["status", "--stay"], [:]), (["--stay", "status"], [:]),
      (["run", "--containment=x", "y"], [:]), (["run", "--spawn=vfork", "y"], [:]), (["run", "--control=", "y"], [:]),
      (["check"], [:]), (["start"], [:]), (["is-active"], [:]), (["show"], [:]), (["exit", "256"], [:]),
      (["exit", "x"], [:]), (["exit", "1", "2"], [:]), (["daemon-reload", "x"], [:]), (["apply", "x"], [:]),
      (["kill", "-s", "FOO", "x"], [:]),
      (["kill", "--kill-whom=x", "y"], [:]), (["start", "--job-mode=x", "y"], [:]), (["status", "-o", "yaml"], [:]),
      (["status", "-o"], [:]),
      (["run", "x"], ["APUS_STAY": "maybe"]), (["run", "x"], ["APUS_STOP_TIMEOUT": "x"]), (["run", "x"], ["APUS_CONTAINMENT": "x"]),
      (["status"], ["APUS_OUTPUT": "yaml"]), (["logs"], [:]), (["calendar"], [:]), (["timespan", "-5"], [:]),
      (["calendar", "--iterations=x", "daily"], [:]),
      (["calendar", "--timezone=Europe/Nowhere", "daily"], [:]), (["calendar", "--base-time=x", "daily"], [:]),
      (["calendar", "daily"], ["TZ": "Europe/Nowhere"]), (["cat"], [:]), (["set-default"], [:]),
      (["wait"], [:]), (["relay"], [:]), (["relay", "x"], [:]), (["relay", "--connections-max=0", "h:1"], [:]), (["import"], [:]),
      (["import", "inetd", "a", "b"], [:]), (["import", "xinetd", "a"], [:]), (["list-sockets", "--stay"], [:]),
      (["check", ""], [:]), (["plan"], [:]), (["plan", ""], [:]), (["plan", "--for=soon", "x"], [:]),
      (["plan", "--base-time=once", "x"], [:]), (["plan", "x"], ["APUS_FOR": "infinity"]), (["plan", "--stay", "x"], [:]),
    ]
    var text = ""
    for (line, environment) in lines {
      let outcome = try apus(line, environment: environment)
      #expect(outcome.status == 64 && outcome.out.isEmpty, "\(line): \(outcome)")
      let shown = environment.map { "\($0)=\($1) " }.joined() + (["apus"] + line.map { $0.isEmpty ? "''" : $0 }).joined(separator: " ")
      text += "$ \(shown)\n" + outcome.err + "\n"
    }
    expectGolden(text, "wrong.txt")
  }

  @Test func systemctlHasOnlyItsOwnVerbs() throws {
    let folder = Folder()
    let link = folder.path + "/systemctl"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: binaryPath)
    #expect(try apus(["run", "x"], program: link).status == 1)
    #expect(try apus(["help"], program: link).status == 1)
    #expect(try apus(["start", "x", "--no-pager"], environment: ["APUS_CONTROL": folder.path + "/none"], program: link).status == 1)
  }

  @Test func saysWhereItLooked() throws {
    let folder = Folder()
    for verb in ["status", "list-units", "list-timers", "daemon-reload", "apply", "exit"] {
      let outcome = try apus([verb, "--control=\(folder.path)/none"])
      #expect(
        outcome == Outcome(status: 1, out: "", err: "apus: cannot reach apus: tried \(folder.path)/none: no such file or directory\n"))
    }
    let outcome = try apus(["start", "web"], environment: ["APUS_CONTROL": folder.path + "/none"])
    #expect(outcome.status == 1 && outcome.err.contains(folder.path + "/none"))
  }
}
