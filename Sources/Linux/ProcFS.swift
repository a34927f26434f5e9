import CLinux
import Model

/// What /proc/PID/stat says of a process.
struct ProcessStatus: Equatable {
  var state: UInt8
  var parent: Int32
  var group: Int32
  var session: Int32
  var threads: Int32
  /// Clock ticks since boot: with the pid it names one process for ever.
  var startTime: UInt64

  /// A process whose main thread has ended shows Z as well, while its other threads live on.
  var isZombie: Bool { (state == 90 || state == 88) && threads <= 1 }
}

/// Readers of /proc. What cannot be read is nil: the process is gone, or hidden.
struct ProcFS {
  /// `readlink(/proc/self)` is our pid: it is the /proc of our own PID namespace.
  let isTrusted: Bool
  /// `/proc/PID/task/TID/children` exists (CONFIG_PROC_CHILDREN).
  let hasChildren: Bool
  private let pid: Int32

  init(pid: Int32) {
    self.pid = pid
    var link = Bytes(repeating: 0, count: 32)
    let count = apus_read_link(Bytes("/proc/self").terminated, &link, 32)
    isTrusted = count > 0 && Bytes(link[0..<Int(count)]) == Bytes(decimal: pid)
    hasChildren = isTrusted && FolderReader.readPseudo(ProcFS.path(pid, "/task/" + Bytes(decimal: pid) + "/children")) != nil
  }

  static func path(_ pid: Int32, _ rest: Bytes) -> Bytes {
    var path = Bytes("/proc/")
    path.append(decimal: pid)
    path += rest
    return path
  }

  func status(of pid: Int32) -> ProcessStatus? {
    guard let text = FolderReader.readPseudo(ProcFS.path(pid, Bytes("/stat"))),
      let end = text.lastIndex(of: 41)
    else { return nil }
    // After the name in parentheses, which may hold anything: state, ppid, pgrp, session …
    let fields = Bytes(text[(end + 1)...]).pieces(separatedBy: 32)
    guard fields.count > 19, let state = fields[0].first, let parent = fields[1].unsignedDecimal,
      let group = fields[2].unsignedDecimal, let session = fields[3].unsignedDecimal,
      let threads = fields[17].unsignedDecimal, let start = fields[19].unsignedDecimal
    else { return nil }
    return ProcessStatus(
      state: state, parent: Int32(truncatingIfNeeded: parent), group: Int32(truncatingIfNeeded: group),
      session: Int32(truncatingIfNeeded: session), threads: Int32(truncatingIfNeeded: threads), startTime: start)
  }

  /// RLIMIT_RTTIME of a process; `.max` is unlimited.
  func realtimeLimit(of pid: Int32) -> ResourceLimit? {
    guard let text = FolderReader.readPseudo(ProcFS.path(pid, Bytes("/limits"))) else { return nil }
    let name = Bytes("Max realtime timeout")
    // It is the last line.
    guard text.count > name.count, let end = text.lastIndex(where: { $0 != 10 }) else { return nil }
    var start = end
    while start > 0, text[start - 1] != 10 { start -= 1 }
    let line = Bytes(text[start...end])
    guard line.starts(with: "Max realtime timeout") else { return nil }
    let columns = Bytes(line[name.count...]).pieces(separatedBy: 32)
    guard columns.count >= 2 else { return nil }
    func value(_ column: Bytes) -> UInt64 { column.unsignedDecimal ?? .max }
    return ResourceLimit(soft: value(columns[0]), hard: value(columns[1]))
  }

  /// `INVOCATION_ID=` of a process's environment at its exec, without the name.
  func invocationID(of pid: Int32) -> Bytes? {
    guard let text = FolderReader.readPseudo(ProcFS.path(pid, Bytes("/environ"))) else { return nil }
    for entry in text.pieces(separatedBy: 0) where entry.starts(with: "INVOCATION_ID=") { return Bytes(entry[14...]) }
    return nil
  }

  /// The cgroup2 path of a process, as our cgroup namespace sees it.
  func cgroup(of pid: Int32) -> Bytes? {
    guard let text = FolderReader.readPseudo(ProcFS.path(pid, Bytes("/cgroup"))) else { return nil }
    for line in text.pieces(separatedBy: 10) where line.starts(with: "0::") { return Bytes(line[3...]) }
    return nil
  }

  /// The children of all threads of a process.
  func children(of pid: Int32) -> [Int32] {
    guard case .entries(let threads) = FolderReader.list(ProcFS.path(pid, Bytes("/task"))) else { return [] }
    var result: [Int32] = []
    for thread in threads { append(childrenOf: pid, thread, to: &result) }
    return result
  }

  /// apus's own children, living and dead. This list is reliable, unlike that of others: an entry leaves it only when we
  /// reap, which we do not do meanwhile, and new ones come at its end; so that whoever was our child when reading began is
  /// seen. apus has one thread.
  func ownChildren() -> [Int32] {
    var result: [Int32] = []
    append(childrenOf: pid, Bytes(decimal: pid), to: &result)
    return result
  }

  private func append(childrenOf pid: Int32, _ thread: Bytes, to result: inout [Int32]) {
    guard let text = FolderReader.readPseudo(ProcFS.path(pid, "/task/" + thread + "/children")) else { return }
    var number: Int32 = 0
    var hasDigits = false
    for byte in text {
      if byte.isDigit {
        number = number &* 10 &+ Int32(byte - 48)
        hasDigits = true
      } else if hasDigits {
        result.append(number)
        number = 0
        hasDigits = false
      }
    }
    if hasDigits { result.append(number) }
  }

  /// Every process of the namespace.
  func all() -> [Int32] {
    guard case .entries(let names) = FolderReader.list(Bytes("/proc")) else { return [] }
    var result: [Int32] = []
    for name in names {
      if let number = name.unsignedDecimal, number <= UInt64(Int32.max) { result.append(Int32(number)) }
    }
    return result
  }
}
