import Foundation
import Testing

extension SystemTests {
  /// README claims nothing that is not so.
  @Suite struct Readme {
    static let text = (try? String(contentsOfFile: Machine.root + "/README.md", encoding: .utf8)) ?? ""

    /// The lines below a heading, up to the next one.
    private func section(_ heading: String) -> [String] {
      let lines = Self.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      guard let start = lines.firstIndex(of: "## " + heading) else { return [] }
      return Array(lines[(start + 1)...].prefix { !$0.hasPrefix("## ") })
    }

    /// The complete list, the design's and what was decided since, each with a word that has to be in README's item.
    static let differences: [(name: String, words: [String])] = [
      ("Restart.", ["`always`", "RestartSource="]), ("Backoff.", ["100 ms", "8 steps", "30 s", "RestartResetSec="]),
      ("Start limit.", ["StartLimitBurst=", "StartLimitIntervalSec=", "5 starts in 10 s", "30 s"]),
      (
        "Sockets.",
        ["`PollLimitBurst=`", "`TriggerLimitBurst=`", "`ExecStopPost=`", "`AccessAllow=::/0`", "`ListenSpecial=`", "`ExecStopPre=`"]
      ),
      (
        "Environment.",
        [
          "NOTIFY_SOCKET", "LISTEN_*", "WATCHDOG_*", "INVOCATION_ID", "SYSTEMD_EXEC_PID", "MAINPID", "JOURNAL_STREAM",
          "CREDENTIALS_DIRECTORY", "APUS_CONTROL",
        ]
      ), ("Numeric users.", ["217/USER"]), ("Timers.", ["`AccuracySec=`", "`OnUnitActiveSec=`"]), ("Output.", ["`StandardOutput=inherit`"]),
      ("Names of the host.", ["network.target", "syslog.socket", "*.mount"]), ("Leaving.", ["poweroff", "halt", "reboot"]),
      ("Booting.", ["tmpfiles.d", "/tmp"]), ("Sandboxing.", ["never fatal"]), ("Stopped means gone.", ["`stop-sigkill`"]),
      ("Jobs.", ["`Schedule=`"]), ("A file that is gone.", ["`daemon-reload`", "`ExecStop=`"]),
      ("Severity.", ["error", "/etc/apus"]),
    ]

    @Test func theListOfDifferencesIsComplete() {
      var items: [String] = []
      for line in section("Differences from systemd") {
        if line.hasPrefix("- ") { items.append(line) } else if line.hasPrefix("  "), !items.isEmpty { items[items.count - 1] += " " + line }
      }
      #expect(items.count == Self.differences.count)
      for (item, (name, words)) in zip(items, Self.differences) {
        #expect(item.hasPrefix("- **\(name)**"), "\(item)")
        for word in words { #expect(item.contains(word), "\(word) is not in: \(item)") }
      }
    }

    /// The statuses of the table are those that ExitContract shows.
    @Test func theExitStatusesAreTheTestedOnes() {
      let rows = section("Exit statuses").filter { $0.hasPrefix("| ") }.dropFirst()
      let statuses = rows.compactMap { $0.split(separator: "|").last?.trimmingCharacters(in: .whitespaces) }
      let numbers = statuses.compactMap { Int32($0.prefix { $0.isNumber }) }
      #expect(numbers == [64, 78, 127, 126, 1, 0, 0, 1, 70])
      let tested = Set(ExitContract.cases.map(\.status)).union([64, 70, 78])
      #expect(Set(numbers).isSubset(of: tested))
    }

    /// The commands on top are the first two, and the folder they run is there.
    @Test func theTwoCommandsAreOnTop() {
      let commands = Self.text.split(separator: "\n").filter { $0.hasPrefix("    ") }.prefix(2).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      #expect(commands.first?.hasPrefix("swift run apus run services") == true)
      #expect(commands.last?.hasPrefix("swift test") == true)
    }

    /// The files it shows pass `apus check`.
    @Test func theFilesItShowsAreGood() throws {
      let blocks = Self.text.components(separatedBy: "```ini\n").dropFirst().compactMap { $0.components(separatedBy: "```").first }
      #expect(blocks.count >= 2)
      try sandboxed { box in
        for (number, block) in blocks.enumerated() {
          // The block behind a socket is its service.
          let isServed = number > 0 && blocks[number - 1].hasPrefix("[Socket]")
          let name = block.hasPrefix("[Socket]") ? "shown\(number).socket" : "shown\(isServed ? number - 1 : number).service"
          try box.write("units/" + name, block)
        }
        let checked = try runToEnd([try Binary.path(), "check", box.path("units")])
        #expect(checked.status == 0, "\(checked.stdout)\(checked.stderr)")
      }
    }

    /// Every face it names answers to --help.
    @Test func theFacesExist() throws {
      for line in section("Faces") where line.hasPrefix("| `apus") {
        for piece in line.split(separator: "|")[0].split(separator: "`") where piece.first?.isLetter == true {
          let words = piece.split(separator: " ").map(String.init)
          let face = words[0] == "apus" ? words[1] : words[0]
          if face == "--" { continue }
          let helped = try runToEnd([try Binary.path(), face, "--help"])
          #expect(helped.status == 0, "apus \(face) --help: \(helped.stderr)")
        }
      }
    }

    /// Links lead somewhere.
    @Test func linksLeadSomewhere() {
      for match in Self.text.matches(of: /\]\(([^)#]+)\)/) {
        let path = String(match.1)
        #expect(path.hasPrefix("http") || access(Machine.root + "/" + path, F_OK) == 0, "\(path) is not there")
      }
    }
  }
}
