import Foundation

/// What /proc says of a process.
struct ProcessInfoLine: Equatable {
  var pid: pid_t
  var parent: pid_t
  var state: Character
  var uid: uid_t
  var command: [String]
}

enum Processes {
  static func all() -> [ProcessInfoLine] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.compactMap(one)
  }

  static func one(_ pid: pid_t) -> ProcessInfoLine? {
    guard let status = status(pid), let state = status["State"]?.first, let parent = status["PPid"].flatMap({ pid_t($0) }) else {
      return nil
    }
    let uid = status["Uid"].flatMap { $0.split(separator: "\t").first }.flatMap { uid_t($0) } ?? 0
    let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
    let command = line.split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    return ProcessInfoLine(pid: pid, parent: parent, state: state, uid: uid, command: command)
  }

  /// The lines of /proc/PID/status.
  static func status(_ pid: pid_t) -> [String: String]? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/status") else { return nil }
    var result: [String: String] = [:]
    for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      result[String(line[..<colon])] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return result.isEmpty ? nil : result
  }

  static func isAlive(_ pid: pid_t) -> Bool {
    guard let state = status(pid)?["State"]?.first else { return false }
    return state != "Z" && state != "X"
  }

  /// Its pid as it is seen in the innermost namespace.
  static func innerPid(_ pid: pid_t) -> pid_t? {
    status(pid)?["NSpid"].flatMap { $0.split(separator: "\t").last }.flatMap { pid_t($0) }
  }

  static func children(_ pid: pid_t) -> [pid_t] {
    let data = FileManager.default.contents(atPath: "/proc/\(pid)/task/\(pid)/children") ?? Data()
    return String(decoding: data, as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
  }

  /// Live processes whose command line has `word` as one of its words.
  static func with(word: String) -> [ProcessInfoLine] {
    all().filter { $0.command.contains(word) && $0.state != "Z" && $0.state != "X" }
  }

  /// Live processes in the PID namespace of `pid`.
  static func inNamespace(of pid: pid_t) -> [ProcessInfoLine] {
    guard let namespace = namespace(pid) else { return [] }
    return all().filter { $0.state != "X" && Processes.namespace($0.pid) == namespace }
  }

  static func namespace(_ pid: pid_t) -> String? { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/pid") }

  /// How often it went to sleep of its own will: the number of its wake-ups.
  static func voluntarySwitches(_ pid: pid_t) -> Int? { status(pid)?["voluntary_ctxt_switches"].flatMap { Int($0) } }
}
