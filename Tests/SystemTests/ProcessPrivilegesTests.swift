import Foundation
import Testing

extension SystemTests {
  /// Users, privileges, directories and streams as the real systemd 252 gave them to the same units.
  @Suite struct ProcessPrivileges {
    /// Runs a oneshot that prints, and returns what it printed, or with the failed unit what apus said.
    private func printed(_ script: String, _ lines: [String], prefix: String = "", role: String = "ExecStart") throws -> String {
      var text = ""
      try sandboxed { box in
        chmod(box.folder, 0o777)
        try box.write("script", script)
        chmod(box.path("script"), 0o755)
        let command = "\(role)=\(prefix)/bin/sh -c '/bin/sh \(box.path("script")) > \(box.path("out")) 2>&1'"
        let main = role == "ExecStart" ? [] : ["ExecStart=/bin/true"]
        try box.write("units/print.service", Units.service((["Type=oneshot", command] + main + lines).joined(separator: "\n")))
        let apus = try box.apus(["run", box.path("units")])
        let status = try apus.waitForEnd()
        text = status == 0 ? box.read("out") : apus.process.stderr
      }
      return text
    }

    static let capabilities = "grep -E '^Cap|^NoNew' /proc/self/status | sed 's/.*\\t0*//; s/^$/0/' | tr '\\n' ' '; id"
    static let nobody = "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\n"

    /// Inheritable, permitted, effective, bounding, ambient, no new privileges.
    @Test(
      .enabled(if: Machine.isRoot, "not root"),
      arguments: [
        (["CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_CHOWN"], "", "0 401 401 401 0 0 uid=0(root) gid=0(root) groups=0(root)\n"),
        (
          ["CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_CHOWN", "User=nobody", "AmbientCapabilities=CAP_NET_BIND_SERVICE CAP_SYS_TIME"],
          "", "400 400 400 401 400 0 " + nobody
        ),
        (["CapabilityBoundingSet=", "User=nobody", "NoNewPrivileges=yes"], "", "0 0 0 0 0 1 " + nobody),
        (
          ["CapabilityBoundingSet=CAP_CHOWN", "User=nobody", "NoNewPrivileges=yes", "AmbientCapabilities=CAP_CHOWN"], "!",
          "1 1 1 1 1 1 uid=0(root) gid=0(root) groups=0(root),65534(nogroup)\n"
        ),
        (
          ["CapabilityBoundingSet=CAP_CHOWN", "User=nobody", "AmbientCapabilities=CAP_CHOWN"], "!!", "1 1 1 1 1 0 " + nobody
        ),
        (["CapabilityBoundingSet=CAP_CHOWN", "SecureBits=noroot"], "", "0 0 0 1 0 0 uid=0(root) gid=0(root) groups=0(root)\n"),
        (
          ["CapabilityBoundingSet=CAP_CHOWN", "Group=daemon", "SupplementaryGroups=adm"], "",
          "0 1 1 1 0 0 uid=0(root) gid=1(daemon) groups=1(daemon),4(adm)\n"
        ),
      ]) func privileges(lines: [String], prefix: String, expected: String) throws
    {
      #expect(try printed(Self.capabilities, lines, prefix: prefix) == expected)
    }

    /// `+` and PermissionsStartOnly=: everything of root's, no limits, but the environment of User=.
    @Test(.enabled(if: Machine.isRoot, "not root"), arguments: ["+", ""]) func fullPrivileges(prefix: String) throws {
      let lines =
        ["User=nobody", "CapabilityBoundingSet=CAP_CHOWN", "NoNewPrivileges=yes", "LimitNOFILE=77", "WorkingDirectory=/usr", "Nice=5"]
        + (prefix.isEmpty ? ["PermissionsStartOnly=yes"] : [])
      let script = "id; pwd; nice; ulimit -n; grep -o 'NoNewPrivs.*' /proc/self/status; env | grep -E '^(USER|HOME|LOGNAME|SHELL)=' | sort"
      let got = try printed(script, lines, prefix: prefix, role: "ExecStartPre").split(separator: "\n").map(String.init)
      guard got.count == 7 else {
        Issue.record("\(got)")
        return
      }
      #expect(got[0...2] == ["uid=0(root) gid=0(root) groups=0(root),65534(nogroup)", "/usr", "5"])
      #expect(got[3] != "77" && got[4] == "NoNewPrivs:\t0" && got[5...] == ["LOGNAME=nobody", "USER=nobody"], "\(got)")
    }

    @Test(
      .enabled(if: Machine.isRoot, "not root"),
      arguments: [
        ("daemon", "HOME=/usr/sbin\nLOGNAME=daemon\nUSER=daemon\n"), ("nobody", "LOGNAME=nobody\nUSER=nobody\n"),
        ("root", "HOME=/root\nLOGNAME=root\nSHELL=/bin/bash\nUSER=root\n"),
      ]) func login(user: String, expected: String) throws
    {
      #expect(try printed("env | grep -E '^(USER|HOME|LOGNAME|SHELL)=' | sort", ["User=\(user)"]) == expected)
    }

    @Test func ownPidAndSearchPath() throws {
      try sandboxed { box in
        try box.write(
          "units/a.service",
          Units.service(
            "Type=oneshot", "ExecSearchPath=/nowhere:/usr/bin:/bin",
            "ExecStart=sh -c 'echo $SYSTEMD_EXEC_PID $$$$ $PATH $$0' $SYSTEMD_EXEC_PID",
            "StandardOutput=file:\(box.path("out"))"))
        try box.write(
          "units/b.service",
          Units.service(
            "Type=oneshot", "UnsetEnvironment=SYSTEMD_EXEC_PID", "ExecStart=/bin/sh -c 'echo unset $SYSTEMD_EXEC_PID'",
            "StandardOutput=file:\(box.path("unset"))"))
        let apus = try box.apus(["run", box.path("units")])
        #expect(try apus.waitForEnd() == 0, "\(apus.process.stderr)")
        let words = box.read("out").split(whereSeparator: \.isWhitespace)
        #expect(words.count == 4 && words[0] == words[1] && words[2] == "/nowhere:/usr/bin:/bin", "\(words)")
        #expect(box.read("unset") == "unset\n")
      }
    }

    /// A uid of its own without an entry, its state below private/, the moving of what was there.
    @Test(.enabled(if: Machine.isRoot && Machine.hasNamespaces, "not root")) func dynamicUser() throws {
      try sandboxed { box in
        let name = "apus-test-\(UInt32.random(in: 0...UInt32.max))"
        defer {
          for path in ["/var/lib/\(name)", "/var/lib/private/\(name)", "/run/\(name)"] { try? FileManager.default.removeItem(atPath: path) }
          rmdir("/var/lib/private")
        }
        chmod(box.folder, 0o777)
        mkdir("/var/lib/\(name)", 0o755)
        FileManager.default.createFile(atPath: "/var/lib/\(name)/kept", contents: nil)
        let script =
          "id -u; id -g; echo $USER $STATE_DIRECTORY; stat -c %%u $STATE_DIRECTORY/kept; echo > $STATE_DIRECTORY/new; readlink $STATE_DIRECTORY"
        try box.write(
          "units/dyn.service",
          Units.service(
            "Type=oneshot", "DynamicUser=yes", "StateDirectory=\(name)", "ExecStart=/bin/sh -c '\(script)'",
            "StandardOutput=file:\(box.path("out"))"))
        let apus = try box.apus(["run", box.path("units")])
        #expect(try apus.waitForEnd() == 0, "\(apus.process.stderr)")
        // The number is the real systemd's for dyn.service.
        #expect(
          box.lines("out") == [
            "62264", "62264", "dyn /var/lib/\(name)", "62264", "private/\(name)",
          ])
      }
    }

    @Test func inputFromTheUnit() throws {
      let text = try printed("cat", ["StandardInput=data", "StandardInputText=one line", "StandardInputData=dHdvCg=="])
      #expect(text == "one line\ntwo\n", "\(text)")
    }

    /// A terminal as StandardInput=, with its size, taken as controlling terminal; its outputs follow.
    @Test func aTerminalOfAService() throws {
      try sandboxed { box in
        let terminal = try Terminal()
        try box.write(
          "units/t.service",
          Units.service(
            "Type=oneshot",
            "ExecStart=/bin/sh -c 'stty size; tty; read line; echo got $line; echo err >&2; ps -o tpgid= -p $$$$ | tr -d \" \"; echo $$$$'",
            "StandardInput=tty", "StandardOutput=inherit", "StandardError=tty", "TTYPath=\(terminal.path)", "TTYReset=yes", "TTYRows=31",
            "TTYColumns=77"))
        let apus = try box.apus(["run", box.path("units")])
        var seen = ""
        try eventually("the service: \(seen) \(apus.process.stderr)") {
          seen += terminal.read()
          return seen.contains("31 77") && seen.contains(terminal.path)
        }
        terminal.type("hello\n")
        try eventually("the end: \(seen)") {
          seen += terminal.read()
          return apus.process.hasEnded
        }
        seen += terminal.read()
        #expect(apus.process.status == 0 && seen.contains("got hello") && seen.contains("err"), "\(seen)")
        let last = seen.split(whereSeparator: \.isNewline).suffix(2)
        #expect(last.first == last.last, "in the foreground: \(seen)")
      }
    }

    /// systemd's exit statuses, and a sentence that names the key.
    @Test(arguments: [
      (["CPUAffinity=500"], "215", "CPUAffinity="), (["CPUSchedulingPriority=7"], "214", "CPUSchedulingPolicy="),
      (["RootDirectory=/nowhere"], "210", "RootDirectory=/nowhere"), (["TTYPath=/nowhere", "StandardInput=tty"], "208", "tty /nowhere"),
      (["WorkingDirectory=/nowhere"], "200", "WorkingDirectory=/nowhere"),
    ]) func refused(lines: [String], status: String, sentence: String) throws {
      let said = try printed("true", lines)
      #expect(said.contains(status + "/") && said.contains(sentence), "\(said)")
    }

    @Test(.enabled(if: Machine.isRoot, "not root")) func aDirectoryThatCannotBeMade() throws {
      let name = "apus-test-\(UInt32.random(in: 0...UInt32.max))"
      FileManager.default.createFile(atPath: "/var/lib/\(name)", contents: nil)
      defer { unlink("/var/lib/\(name)") }
      let said = try printed("true", ["StateDirectory=\(name)"])
      #expect(said.contains("238/") && said.contains("StateDirectory=: cannot make /var/lib/\(name): "), "\(said)")
    }
  }
}
