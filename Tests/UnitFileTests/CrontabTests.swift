import Calendar
import Foundation
import Model
import Testing

@testable import UnitFile

/// Crontabs: lines in, jobs and findings out.
@Suite struct CrontabTests {
  static func read(_ text: Bytes, path: String = "tab", hasUsers: Bool = false, seed: String = "host") -> CrontabReader {
    let reader = CrontabReader(text, path: Bytes(path.utf8), hasUsers: hasUsers, names: CrontabNames(), seed: Bytes(seed.utf8))
    while reader.step() {}
    return reader
  }

  static func read(_ text: String, hasUsers: Bool = false, seed: String = "host") -> CrontabReader {
    read(Bytes(text.utf8), hasUsers: hasUsers, seed: seed)
  }

  /// The jobs as units, as the loader makes them.
  static func units(_ reader: CrontabReader) -> [ParsedUnit] {
    reader.jobs.map { parseUnit(UnitSource(job: $0), host: testHost) }
  }

  static func settings(_ text: String, hasUsers: Bool = false) throws -> ServiceSettings {
    let reader = read(text, hasUsers: hasUsers)
    #expect(reader.diagnostics.filter { $0.severity == .error }.isEmpty, "\(reader.diagnostics.map { $0.text.shown })")
    let unit = try #require(units(reader).last?.unit)
    #expect(unit.loadState == .loaded && unit.name.type == .service)
    guard case .service(let settings) = unit.kind else { throw NoSuchKind() }
    return settings
  }

  static func messages(_ reader: CrontabReader) -> [String] { reader.diagnostics.map { $0.text.shown } }

  static let corpus: [(name: String, contents: Bytes, hasUsers: Bool)] = {
    let folder = BadFilesTests.source.appendingPathComponent("crontabs")
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    return names.compactMap { name in
      guard let data = try? Data(contentsOf: folder.appendingPathComponent(name)) else { return nil }
      return (name, Bytes(data), name == "debian-system" || name == "cron-d-sessions")
    }
  }()

  // MARK: What a line becomes

  struct Row {
    var line: String
    var command: String
    var input: String? = nil
    var user = ""
    var hasUsers = false
  }

  @Test(arguments: [
    Row(line: "0 3 * * * /usr/bin/backup --all", command: "/usr/bin/backup --all"),
    Row(line: " \t0\t3  * * *   echo  a  b ", command: "echo  a  b "), Row(line: "-0 3 * * * quiet", command: "quiet"),
    Row(line: "- 0 3 * * * quiet", command: "quiet"), Row(line: "0 3 * * * -n mail", command: "mail"),
    Row(line: "0 3 * * * -nx", command: "-nx"), Row(line: "@daily  date", command: "date"),
    Row(line: "0 3 * * * echo 100\\%", command: "echo 100%"), Row(line: "0 3 * * * cat%", command: "cat"),
    Row(line: "0 3 * * * cat%one%two", command: "cat", input: "one\ntwo\n"),
    Row(line: "0 3 * * * cat%one\\%%", command: "cat", input: "one%\n"), Row(line: "0 3 * * * cat%%", command: "cat", input: "\n"),
    Row(line: "0 3 * * * echo a\\b \\\\%x", command: "echo a\\b \\%x"), Row(line: "0 3 * * * A=%b", command: "A=", input: "b\n"),
    Row(line: "0 3 * * * date # not a comment", command: "date # not a comment"),
    Row(line: "0 3 * * * $HOME/x %i ${Y}", command: "$HOME/x ", input: "i ${Y}\n"),
    Row(line: "0 3 * * * www-data date", command: "date", user: "www-data", hasUsers: true),
    Row(line: "@hourly daemon -n date", command: "date", user: "daemon", hasUsers: true),
  ])
  func entries(_ row: Row) throws {
    let settings = try Self.settings(row.line + "\n", hasUsers: row.hasUsers)
    #expect(settings.type == .oneshot && settings.restart == .no && settings.schedule.overlap == .skip)
    #expect(settings.timeoutStart.isInfinite && settings.schedule.triggers.count == 1)
    let command = try #require(settings.start.first)
    #expect(settings.start.count == 1 && command.path == "/bin/sh" && command.arguments.map(\.shown) == ["/bin/sh", "-c", row.command])
    // The shell's, not systemd's.
    #expect(expandArguments(command, environment: [Bytes("HOME=/x"), Bytes("Y=z")]) == command.arguments)
    #expect(settings.exec.user.shown == row.user && settings.exec.setLoginEnvironment)
    #expect(settings.exec.workingDirectory == "~" && settings.exec.workingDirectoryOptional)
    if let input = row.input {
      #expect(settings.exec.standardInput == .data && settings.exec.standardInputData.shown == input)
    } else {
      #expect(settings.exec.standardInput == .unset && settings.exec.standardInputData.isEmpty)
    }
  }

  @Test func variablesHoldForTheEntriesBelowThem() throws {
    let reader = Self.read(
      """
      0 0 * * * first
      A=1
      B =  two words\t
      C="  kept "
      D=''
      E=
      'F'= x
      SHELL=/bin/bash
      HOME=/srv
      MAILTO=""
      PATH=/opt/bin:/bin
      0 0 * * * second
      A='it''s'
      A=2 # 3
      SHELL=
      HOME=
      LOGNAME=who
      0 0 * * * third

      """)
    #expect(Self.messages(reader).count == 2, "\(Self.messages(reader))")
    let all = Self.units(reader).compactMap { file -> ExecSettings? in
      if case .service(let settings) = file.unit.kind { return settings.exec }
      return nil
    }
    try #require(all.count == 3)
    // A quote in the middle is an error, which refuses the file.
    #expect(reader.diagnostics.contains { $0.severity == .error && $0.line == 13 && $0.column == 3 })
    #expect(
      all.map { $0.environment.map(\.shown) } == [
        ["SHELL=/bin/sh"],
        ["SHELL=/bin/bash", "A=1", "B=two words", "C=  kept ", "D=", "E=", "F=x", "HOME=/srv", "MAILTO=", "PATH=/opt/bin:/bin"],
        ["SHELL=/bin/sh", "A=2 # 3", "B=two words", "C=  kept ", "D=", "E=", "F=x", "HOME=", "MAILTO=", "PATH=/opt/bin:/bin"],
      ])
    #expect(all.map { $0.workingDirectory.shown } == ["~", "/srv", "~"])
  }

  @Test func schedulesZonesAndDelays() throws {
    let text = "RANDOM_DELAY=5\nCRON_TZ=Europe/Berlin\n30 4 1,15 * 5 a\nCRON_TZ=\nRANDOM_DELAY=\n@reboot b\n@weekly c\n"
    let reader = Self.read(text)
    let schedules = Self.units(reader).compactMap { file -> ScheduleSettings? in
      if case .service(let settings) = file.unit.kind { return settings.schedule }
      return nil
    }
    try #require(schedules.count == 3 && reader.diagnostics.isEmpty)
    #expect(schedules[0].randomizedOffset == TimeSpan(seconds: 300) && schedules[1].randomizedOffset == .zero)
    #expect(schedules[1].triggers == [.reboot])
    guard case .calendar(let first, let written) = schedules[0].triggers[0], case .calendar(let last, _) = schedules[2].triggers[0] else {
      throw NoSuchKind()
    }
    #expect(written.shown == "30 4 1,15 * 5" && first.zone?.shown == "Europe/Berlin" && last.zone == nil)
    #expect(first.sets == (try CrontabParser.parse(Bytes("30 4 1,15 * 5"))).sets)
    #expect(last.sets == (try CrontabParser.parse(Bytes("0 0 * * 0"))).sets)
    // The zone's place is where it is set.
    let zones = Self.units(reader)[0].zones
    #expect(zones.map { $0.name.shown } == ["Europe/Berlin"] && zones.first?.line == 2 && zones.first?.column == 9)
  }

  // MARK: Names

  @Test func aUnitIsNamedAfterItsLine() throws {
    func names(_ text: String) -> [String] { Self.read(text).jobs.map { $0.name.bytes.shown } }
    let lines = "0 3 * * * /usr/bin/backup --all\n@daily A=1 B=2 ./x.sh\n0 3 * * * $(which date)\n"
    let all = names(lines)
    #expect(all.map { $0.dropLast(16) } == ["crontab-backup-", "crontab-x.sh-", "crontab-__which-"])
    for name in all { #expect(name.firstMatch(of: /^crontab-[A-Za-z0-9_.-]+-[0-9a-f]{8}\.service$/) != nil, "\(name)") }
    // Lines above it, their variables and its blanks change nothing; its own schedule, command and input do.
    #expect(names("# new\n0 0 * * * other\nA=1\n" + lines).suffix(3) == all.suffix(3))
    #expect(names("0  3\t* * *   /usr/bin/backup --all\n") == [all[0]])
    for other in ["1 3 * * * /usr/bin/backup --all\n", "0 3 * * * /usr/bin/backup\n", "0 3 * * * /usr/bin/backup --all%x\n"] {
      #expect(names(other) != [all[0]])
    }
    // Equal lines are numbered, in one file and over several.
    let one = try #require(names("@daily x\n").first).dropLast(8)
    #expect(names("@daily x\n@daily x\n@daily x\n") == ["\(one).service", "\(one)-2.service", "\(one)-3.service"])
    let first = Self.read("@daily x\n")
    let second = CrontabReader(Bytes("@daily x\n"), path: Bytes("other"), hasUsers: false, names: first.names, seed: [])
    while second.step() {}
    #expect(second.jobs.map { $0.name.bytes.shown } == ["\(one)-2.service"])
  }

  @Test func whatIsDrawnIsDrawnByHostAndLine() {
    func minutes(_ seed: String) -> [UInt64] {
      Self.read((0..<8).map { "~ * * * * job \($0)\n" }.joined(), seed: seed).jobs.compactMap { $0.schedule?.sets.minutes }
    }
    #expect(minutes("one") == minutes("one") && minutes("one") != minutes("two"))
    #expect(Set(minutes("one")).count > 3 && minutes("one").allSatisfy { $0.nonzeroBitCount == 1 })
  }

  // MARK: What is wrong

  @Test func theCorpusIsRead() throws {
    try #require(Self.corpus.count == 5)
    for (name, contents, hasUsers) in Self.corpus where name != "wrong" {
      let reader = Self.read(contents, hasUsers: hasUsers)
      #expect(!reader.diagnostics.contains { $0.severity == .error }, "\(name): \(Self.messages(reader))")
      for file in Self.units(reader) { #expect(file.unit.loadState == .loaded && file.diagnostics.isEmpty, "\(name)") }
    }
    #expect(Self.read(Self.corpus.first { $0.name == "debian-system" }?.contents ?? [], hasUsers: true).jobs.count == 4)
    let windows = Self.read(Self.corpus.first { $0.name == "windows" }?.contents ?? [])
    #expect(windows.jobs.map { $0.entry.command.shown } == ["date", "exec date"])
    #expect(Self.messages(windows) == ["tab:4:18: warning: the last line has no newline (cron would ignore the line)"])
  }

  /// A golden file, for people to review: APUS_UPDATE_GOLDEN=1 writes it anew.
  @Test func wrongLines() throws {
    let contents = try #require(Self.corpus.first { $0.name == "wrong" }?.contents)
    let reader = Self.read(contents, path: "wrong")
    var text = Self.messages(reader).map { $0 + "\n" }.joined()
    for file in Self.units(reader) { text += file.diagnostics.map { $0.text.shown + "\n" }.joined() }
    let golden = BadFilesTests.source.appendingPathComponent("crontabs-wrong.golden")
    if ProcessInfo.processInfo.environment["APUS_UPDATE_GOLDEN"] == "1" { try text.write(to: golden, atomically: true, encoding: .utf8) }
    #expect(text == (try String(contentsOf: golden, encoding: .utf8)))
    let lines = contents.split(separator: 10).count
    let errors = Set((reader.diagnostics + Self.units(reader).flatMap { $0.diagnostics }).filter { $0.severity == .error }.map { $0.line })
    #expect(errors == Set(1...lines))
  }

  @Test func warnings() {
    func said(_ line: String, hasUsers: Bool = false) -> [String] { Self.messages(Self.read(line + "\n", hasUsers: hasUsers)) }
    for line in ["0 0 */2 * 1 x", "0 0 1 * */2 x", "0 0 *,5 * 1 x"] {
      #expect(said(line).count == 1 && said(line)[0].contains("must both match"), "\(said(line))")
    }
    for line in ["0 0 */2 * * x", "0 0 * * 1 x", "0 0 1,15 * 5 x", "0 0 1-7 * 0 x", "@weekly x"] { #expect(said(line) == []) }
    #expect(said("0 0 * * * root x").first?.contains("--crontab-user-field") == true)
    #expect(said("0 0 * * * root x", hasUsers: true) == [] && said("0 0 * * * rooted x") == [])
    #expect(said("MAILTO=\"\"") == [] && said("MAILTO=me")[0].contains("notice"))
    #expect(said("0 0 * * * /bin/date x", hasUsers: true)[0].contains("no name of a user"))
    #expect(said("0 0 * * * [ -x /x ]", hasUsers: true)[0].contains("no name of a user"))
    // Debian's cron 3.0pl1 runs nothing of a file with one of these.
    for (line, column, number) in [("0 0 * * * 1000 x", 11, 1000), ("@hourly 0 x", 9, 0), ("0 0 * * * 5 * x", 11, 5)] {
      let error = "tab:1:\(column): error: a number where the name of the user belongs: \(number)"
      #expect(said(line, hasUsers: true).count == 1 && said(line, hasUsers: true)[0].hasPrefix(error), "\(line)")
    }
    #expect(said("0 0 * * * 1000 x")[0].contains("a sixth field") && said("@hourly 0 x") == [])
  }

  /// From a name back to the line, whether the crontab has user fields or not.
  @Test func linesOfNames() {
    for (index, (_, contents, hasUsers)) in Self.corpus.enumerated() {
      let reader = Self.read(contents, hasUsers: hasUsers)
      for job in reader.jobs.prefix(8) { #expect(CrontabReader.line(of: job.name.bytes, in: contents) == job.position.line, "\(index)") }
      #expect(!reader.jobs.isEmpty && CrontabReader.line(of: Bytes("crontab-x.service"), in: contents) == nil)
    }
    // The third and fourth of equal entries, of which this crontab has the last two.
    let equal = Self.read("@daily a\n@daily a\n").jobs[0].name.bytes.shown.dropLast(8)
    for (suffix, line) in [("", 1), ("-2", 2), ("-3", 1), ("-4", 1)] {
      #expect(CrontabReader.line(of: Bytes("\(equal)\(suffix).service".utf8), in: Bytes("@daily a\n@daily a\n".utf8)) == line)
    }
  }

  // MARK: Bounds

  @Test func bounds() {
    let long = "0 0 * * * " + String(repeating: "x", count: 16 << 10)
    #expect(Self.messages(Self.read(long + "\n")) == ["tab:1:1: error: the line is longer than 16 KiB"])
    let many = (0..<4097).map { "@daily job \($0)\n" }.joined()
    let reader = Self.read(many)
    #expect(reader.jobs.count == 4096 && Self.messages(reader).count == 1 && Self.messages(reader)[0].contains("tab:4097:1: error: "))
    let variables = Self.read((0...1000).map { "V\($0)=\n" }.joined())
    #expect(Self.messages(variables).count == 1)
    // Errors end the reading after a hundred, warnings do not.
    #expect(Self.messages(Self.read(String(repeating: "x\n", count: 500))).count == 101)
    let noisy = Self.read(String(repeating: "MAILTO=x\n", count: 500) + "@daily x\n60 * * * * y\n")
    #expect(noisy.jobs.count == 1 && noisy.diagnostics.count == 101 && noisy.diagnostics.last?.severity == .error)
  }

  // MARK: Robustness

  private func exercise(_ contents: Bytes, _ hasUsers: Bool) -> Int {
    let reader = Self.read(contents, hasUsers: hasUsers)
    let units = Self.units(reader)
    let catalogue = assemble(units)
    // Every job has a name of its own, and can run.
    #expect(Set(reader.jobs.map { $0.name.bytes }).count == reader.jobs.count)
    for file in units {
      guard case .service(let settings) = file.unit.kind else { continue }
      #expect(settings.start.count == 1 && settings.exec.standardInputData.count <= CrontabReader.lineMax + 1)
    }
    return catalogue.units.count + reader.diagnostics.reduce(0) { $0 + $1.text.count }
  }

  @Test func everyPrefixOfTheCorpusIsRead() {
    var read = 0
    for (_, contents, hasUsers) in Self.corpus {
      for length in 0...contents.count {
        read += exercise(Bytes(contents[..<length]), hasUsers)
      }
    }
    #expect(read > 10_000)
  }

  @Test func mutationsOfTheCorpusAreRead() {
    var random = SplitMix(state: 20_261_128)
    let strange: Bytes = [0, 9, 10, 13, 32, 34, 35, 37, 39, 42, 44, 45, 47, 61, 64, 91, 92, 126, 127, 128, 255]
    for round in 0..<4000 {
      let (_, contents, hasUsers) = Self.corpus[round % Self.corpus.count]
      var bytes = contents
      for _ in 0..<(1 + Int(random.next() % 6)) {
        let at = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 4 {
        case 0: bytes[at] = strange[Int(random.next() % UInt64(strange.count))]
        case 1: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
        case 2: bytes.remove(at: at)
        default: bytes.replaceSubrange(at..<min(bytes.count, at + 20), with: contents.suffix(Int(random.next() % 30)))
        }
        if bytes.isEmpty { bytes = [10] }
      }
      _ = exercise(bytes, random.next() % 2 == 0 ? hasUsers : !hasUsers)
    }
  }
}
