import Foundation
import Testing

extension SystemTests {
  /// What a command finds: its environment, user, folder, limits, descriptors, terminal.
  @Suite struct ProcessWorld {
    /// Runs a oneshot that prints, and returns what it printed.
    private func printed(_ script: String, _ lines: [String], environment: [String: String] = [:]) throws -> String {
      var text = ""
      try sandboxed { box in
        chmod(box.folder, 0o777)
        let unit = Units.shell("{ \(script); } > \(box.path("out")) 2>&1", "Type=oneshot").appending(lines.map { $0 + "\n" }.joined())
        try box.write("units/print.service", unit)
        let apus = try box.apus(["run", box.path("units")], environment: environment)
        #expect(try apus.waitForEnd() == 0, "\(apus.process.stderr)")
        text = box.read("out")
      }
      return text
    }

    @Test func theEnvironment() throws {
      let text = try printed(
        "env", ["Environment=OWN=1 \"TWO=a b\"", "UnsetEnvironment=REMOVED", "User=nobody"],
        environment: [
          "FROM_OUTSIDE": "yes", "REMOVED": "x", "NOTIFY_SOCKET": "/nowhere", "LISTEN_FDS": "3", "WATCHDOG_USEC": "1", "APUS_FOO": "1",
        ])
      let lines = text.split(separator: "\n").map(String.init)
      for line in ["FROM_OUTSIDE=yes", "OWN=1", "TWO=a b", "USER=nobody"] { #expect(lines.contains(line), "\(line) is not in \(text)") }
      for name in ["REMOVED", "NOTIFY_SOCKET", "LISTEN_FDS", "WATCHDOG_USEC", "APUS_FOO"] {
        #expect(!lines.contains { $0.hasPrefix(name + "=") }, "\(name) is in \(text)")
      }
      #expect(lines.contains { $0.hasPrefix("INVOCATION_ID=") && $0.count == "INVOCATION_ID=".count + 32 })
    }

    @Test(.enabled(if: Machine.isRoot, "not root")) func userGroupAndMask() throws {
      #expect(
        try printed("id -u; id -g; id -G; umask; pwd", ["User=nobody", "UMask=0027", "WorkingDirectory=/tmp"])
          == "65534\n65534\n65534\n0027\n/tmp\n")
      #expect(try printed("id -u; id -g", ["User=123456", "Group=654321"]) == "123456\n654321\n")
      #expect(try printed("umask; pwd; nice", ["Nice=5"]) == "0022\n/\n5\n")
    }

    @Test func limitsAndSignals() throws {
      #expect(try printed("ulimit -n; ulimit -c", ["LimitNOFILE=512", "LimitCORE=0"]) == "512\n0\n")
      let status = try printed("cat /proc/self/status", [])
      // Only SIGPIPE (13) is ignored, nothing is blocked.
      #expect(status.contains("SigBlk:\t0000000000000000"))
      #expect(status.contains("SigIgn:\t0000000000001000"))
      #expect(try printed("cat /proc/self/status", ["IgnoreSIGPIPE=no"]).contains("SigIgn:\t0000000000000000"))
    }

    /// The other way to make children, for kernels and profiles that refuse the first.
    @Test func spawnedByFork() throws {
      try sandboxed { box in
        try box.write("units/print.service", Units.shell("id -u; echo $MINE", "Type=oneshot", "User=65534", "Environment=MINE=yes"))
        try box.write("units/missing.service", Units.service("Type=oneshot", "ExecStart=/nowhere/missing"))
        let apus = try box.apus(["run", "--spawn=fork", box.path("units"), "--", "/bin/sh", "-c", "exit 12"])
        #expect(try apus.waitForEnd() == 12)
        #expect(apus.process.stderr.contains("203/EXEC"), "\(apus.process.stderr)")
        #expect(apus.process.stdout == "65534\nyes\n")
      }
    }

    @Test func onlyThreeDescriptors() throws {
      try sandboxed { box in
        try box.write(
          "units/list.service", Units.service("Type=oneshot", "ExecStart=/bin/ls /proc/self/fd", "StandardOutput=file:\(box.path("out"))"))
        let apus = try box.apus(["run", box.path("units")])
        #expect(try apus.waitForEnd() == 0)
        // The fourth is ls's own, on the folder it lists.
        #expect(box.lines("out") == ["0", "1", "2", "3"])
      }
    }

    @Test func aFileOfTheEnvironment() throws {
      try sandboxed { box in
        try box.write("environment", "A=from file\n# comment\nB='quoted # text'\n")
        try box.write(
          "units/p.service",
          Units.shell(
            "echo \"$A|$B|$C\"", "Type=oneshot", "EnvironmentFile=\(box.path("environment"))", "EnvironmentFile=-/nowhere/x",
            "Environment=A=own C=own"))
        let apus = try box.apus(["run", box.path("units")])
        #expect(try apus.waitForEnd() == 0)
        #expect(apus.process.stdout == "from file|quoted # text|own\n")
      }
    }

    @Test func standardStreams() throws {
      try sandboxed { box in
        try box.write("input", "the input\n")
        try box.write("old", "old content that is longer\n")
        try box.write("appended", "first\n")
        for (name, output) in [
          ("file", "file:\(box.path("old"))"), ("append", "append:\(box.path("appended"))"), ("truncate", "truncate:\(box.path("cut"))"),
        ] {
          try box.write(
            "units/\(name).service",
            Units.shell(
              "cat; echo err >&2", "Type=oneshot", "StandardInput=file:\(box.path("input"))", "StandardOutput=\(output)",
              "StandardError=null"))
        }
        try box.write("cut", "something long that has to go\n")
        try box.write("units/inherit.service", Units.shell("echo to apus", "Type=oneshot"))
        let apus = try box.apus(["run", box.path("units")])
        #expect(try apus.waitForEnd() == 0, "\(apus.process.stderr)")
        #expect(box.read("old") == "the input\n" + "old content that is longer\n".dropFirst("the input\n".count))
        #expect(box.read("appended") == "first\nthe input\n")
        #expect(box.read("cut") == "the input\n")
        #expect(apus.process.stdout == "to apus\n")
      }
    }

    /// COMMAND gets what apus found: environment, folder, mask, ignored signals, descriptors.
    @Test func aCommandInherits() throws {
      try sandboxed { box in
        let script = "trap '' USR2; umask 0031; cd /tmp; exec \"$@\" 7< /etc/passwd"
        let apus = try box.apus(
          ["--", "/bin/sh", "-c", "umask; pwd; trap - USR2; kill -USR2 $$; head -c 4 <&7; echo; echo $MINE $APUS_FOO"],
          environment: ["MINE": "1", "APUS_FOO": "2"],
          wrapper: ["/bin/sh", "-c", script, "sh"], control: false)
        #expect(try apus.waitForEnd() == 0)
        #expect(apus.process.stdout == "0031\n/tmp\nroot\n1 2\n", "\(apus.process.stdout)")
      }
    }

    /// StandardInput=tty-force on a terminal that somebody else holds: it is reset, the other one loses it, the service has it.
    @Test func aTerminalOfAService() throws {
      try sandboxed { box in
        let terminal = try Terminal()
        let holder = try box.start(["setsid", "sh", "-c", "exec < \(terminal.path); stty raw -echo; : > \(box.path("held")); exec cat"])
        try eventually("the holder") { access(box.path("held"), F_OK) == 0 }
        try box.write(
          "units/t.service",
          Units.shell(
            "stty -a > \(box.path("modes")); tty > \(box.path("name")); echo hello; read line; echo $line > \(box.path("line")); exec sleep 1000",
            "StandardInput=tty-force", "StandardOutput=tty", "TTYPath=\(terminal.path)", "TTYReset=yes", "TTYVHangup=yes", "Restart=no"))
        let apus = try box.run(options: ["--stay"])
        try eventually("the holder's end") { holder.hasEnded }
        var seen = ""
        try eventually("the service's word: \(seen) \(apus.process.stderr)") {
          seen += terminal.read()
          return seen.contains("hello")
        }
        terminal.type("typed\n")
        try eventually("the line: \(apus.process.stderr)") { box.read("line") == "typed\n" }
        #expect(box.read("name") == terminal.path + "\n")
        let modes = box.read("modes").split(whereSeparator: { " ;\n".contains($0) })
        #expect(modes.contains("icanon") && modes.contains("echo"), "TTYReset=: \(modes)")
      }
    }

    @Test func theTerminalGoesToTheCommandAndComesBack() throws {
      try sandboxed { box in
        for arguments in [["--"], ["run", box.path("units"), "--"]] {
          try box.write("units/keep.service", Units.longRunning)
          let terminal = try Terminal()
          // tpgid (field 8 of stat) is the foreground group: COMMAND's own.
          let script = "stty -echo; set -- $(cat /proc/$$/stat); [ $8 = $$ ] && echo in the foreground; read line; echo got $line; exit 5"
          let apus = try box.apus(arguments + ["/bin/sh", "-c", script], terminal: terminal.path)
          var seen = ""
          try eventually("the foreground: \(seen)") {
            seen += terminal.read()
            return seen.contains("in the foreground")
          }
          terminal.type("hello\n")
          try eventually("the end: \(seen)") {
            seen += terminal.read()
            return apus.process.hasEnded
          }
          seen += terminal.read()
          #expect(seen.contains("got hello"), "\(seen)")
          #expect(apus.process.status == 5)
        }
      }
    }

    /// A stopped COMMAND beside services goes on: nobody else could continue it.
    @Test func ctrlZIsUndoneBesideServices() throws {
      try sandboxed { box in
        try box.write("units/keep.service", Units.longRunning)
        let terminal = try Terminal()
        let apus = try box.apus(["run", box.path("units"), "--", "/bin/sh", "-c", "echo up; read line; exit 6"], terminal: terminal.path)
        var seen = ""
        try eventually("COMMAND: \(seen)") {
          seen += terminal.read()
          return seen.contains("up")
        }
        terminal.type("\u{1a}")
        observe(for: 0.3)
        terminal.type("go\n")
        try eventually("the end: \(seen)") {
          seen += terminal.read()
          return apus.process.hasEnded
        }
        #expect(apus.process.status == 6)
      }
    }

    /// apus as a service of another supervisor.
    @Test func itNotifiesItsOwnSupervisor() throws {
      try sandboxed { box in
        let path = box.path("notify.sock")
        let receiver = try DatagramSocket(at: path)
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.apus(["run", box.path("units")], environment: ["NOTIFY_SOCKET": path])
        var seen = ""
        func wait(for word: String) throws {
          try eventually("\(word) in \(seen)") {
            seen += receiver.read()
            return seen.contains(word)
          }
        }
        try wait(for: "READY=1")
        try apus.send(SIGHUP)
        try wait(for: "RELOADING=1")
        try apus.send(SIGTERM)
        try wait(for: "STOPPING=1")
        #expect(try apus.waitForEnd() == 0)
      }
    }

    @Test func dieWithParent() throws {
      try sandboxed { box in
        try box.write("units/keep.service", Units.service("ExecStart=\(try Tools.path("witness")) \(box.path("log")) keep"))
        // Its parent is a shell, whose parent stays, so that the namespace does.
        let inner = "\"$0\" run --die-with-parent \"$1\" & wait"
        let shell = ["/bin/sh", "-c", "/bin/sh -c '\(inner)' \"$0\" \"$1\"; exec sleep 1000", try Binary.path(), box.path("units")]
        let world = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "--", try Tools.path("first")]
        let outside = try box.start(
          (Machine.hasNamespaces ? world : []) + shell, environment: ["APUS_CONTROL": box.path("c.sock"), "PATH": "/bin:/usr/bin"])
        try eventually("the service") { box.read("log").contains("keep start") }
        let apus = try #require(Processes.with(word: "--die-with-parent").first)
        kill(apus.parent, SIGKILL)
        try eventually("apus to end") { !Processes.isAlive(apus.pid) }
        outside.send(SIGKILL)
        #expect(box.lines("log").contains("keep signal 15"), "it did not stop its services")
      }
    }
  }
}
