import Foundation
import Model
import Testing

@testable import UnitFile

/// Every key of the catalogue with a good and a bad value (Fixtures/keys.txt).
@Suite struct KeyTableTests {
  struct Row: CustomTestStringConvertible {
    var section: String
    var key: String
    var good: String?
    var bad: String?
    var testDescription: String { section + "." + key }
  }

  static let rows: [Row] = {
    guard let text = try? String(decoding: fixture("keys.txt"), as: UTF8.self) else { return [] }
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
      let parts = line.components(separatedBy: " | ")
      guard parts.count == 3, let dot = parts[0].firstIndex(of: ".") else { return nil }
      let values = parts[1...].map { $0 == "-" ? nil : $0 }
      return Row(
        section: String(parts[0][..<dot]), key: String(parts[0][parts[0].index(after: dot)...]), good: values[0], bad: values[1])
    }
  }()

  /// A file around one assignment, in which nothing else can be wrong.
  func parsed(_ row: Row, _ value: String, _ strictness: Strictness) throws -> ParsedUnit {
    let line = "[\(row.section)]\n\(row.key)=\(value)\n"
    if row.section == "Timer" { return try parse(line + "[Timer]\nOnActiveSec=5\n", name: "web.timer", strictness: strictness) }
    let ofSockets = ["AccessAllow", "AccessDeny", "AccessTimes", "RearmSec", "SourceLimitIntervalSec", "SourceLimitBurst"]
    if row.section == "Socket" || ofSockets.contains(row.key) || row.key.hasPrefix("Banner") {
      let accepts = row.section == "Socket" ? "" : "Accept=yes\n"
      return try parse(line + "[Socket]\n\(accepts)ListenStream=/run/web\n", name: "web.socket", strictness: strictness)
    }
    if row.section == "Path" {
      return try parse(line + "[Path]\nPathExists=/run/web\n", name: "web.path", strictness: strictness)
    }
    // Companions, without which the key has no effect.
    let companions = [
      "RestartSteps": "RestartMaxDelaySec=5\n", "RestartMaxDelaySec": "RestartSteps=5\n", "Overlap": "[X-Apus]\nSchedule=every 1s\n",
    ]
    var text = line + (companions[row.key] ?? "")
    if row.section == "X-Apus", ["RandomizedDelaySec", "Timezone", "StartingDeadlineSec", "Persistent"].contains(row.key) {
      text += "Schedule=every 1s\n"
    }
    if row.key.hasPrefix("Health"), !["HealthTcp", "HealthHttp", "HealthExec"].contains(row.key) { text += "HealthTcp=80\n" }
    if row.key == "ExecStart" { text += "Type=oneshot\n" } else { text += "[Service]\nExecStart=/bin/true\n" }
    if row.key == "ExitType" { text += "Type=simple\n" }
    return try parse(text, strictness: strictness)
  }

  @Test(arguments: rows)
  func goodAndBad(_ row: Row) throws {
    for strictness in [Strictness.strict, .lenient] {
      if let good = row.good {
        let parsed = try parsed(row, good, strictness)
        let findings = parsed.diagnostics.filter { $0.severity != .notice }
        #expect(findings.isEmpty && parsed.unit.loadState == .loaded, "\(findings.map { $0.text.shown })")
      }
      if let bad = row.bad {
        let parsed = try parsed(row, bad, strictness)
        let wanted: Severity = strictness == .strict ? .error : .warning
        let said = parsed.diagnostics.filter { $0.message.starts(with: "cannot use ") || $0.message.ends(with: " is not supported yet") }
        // What this release cannot do is an error everywhere.
        #expect(said.contains { $0.severity == wanted || $0.severity == .error }, "\(parsed.diagnostics.map { $0.text.shown })")
        #expect(said.allSatisfy { $0.line > 0 && $0.column > 0 })
      }
    }
  }

  @Test func everyKeyHasALine() {
    var wanted: Set<String> = []
    for directive in Directive.allCases { wanted.insert(Bytes(directive.row).shown) }
    for option in SocketOption.allCases { wanted.insert("Socket." + Bytes(option.name).shown) }
    for key in ["DirectoryMode", "TriggerLimitIntervalSec", "TriggerLimitBurst"] { wanted.insert("Path." + key) }
    for reason in UnenforcedReason.allCases {
      for key in reason.keys.lettered {
        wanted.insert((reason == .packets ? "Socket." : "Service.") + key.shown)
        #expect(UnenforcedKey(key)?.reason == reason, "\(key.shown)")
      }
    }
    let listed = Self.rows.map { $0.section + "." + $0.key }
    #expect(Set(listed).count == listed.count)
    #expect(wanted.subtracting(listed).sorted() == [] && Set(listed).subtracting(wanted).sorted() == [])
  }
}
