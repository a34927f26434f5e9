import Calendar
import Model

extension UnitParser {
  /// CPU, I/O and timer scheduling, personality and core dumps (units.md c.11).
  func applyProcessScheduling(_ directive: Directive) {
    switch directive {
    case .cpuSchedulingPolicy: applyPolicy()
    case .cpuSchedulingPriority:
      if let priority = number(in: 0...99) { exec.scheduling.priority = Int32(priority) }
    case .cpuSchedulingResetOnFork: set(&exec.scheduling.resetOnFork)
    case .cpuAffinity: applyAffinity()
    case .ioSchedulingClass:
      let names: StaticString = "none realtime best-effort idle"
      if value.isEmpty {
        exec.scheduling.ioClass = nil
      } else if let index = names.words.firstIndex(of: value) ?? value.unsignedNumber.flatMap({ $0 < 4 ? Int($0) : nil }) {
        exec.scheduling.ioClass = UInt8(index)
      } else {
        badValue("no such class", hint: "one of none, realtime, best-effort, idle")
      }
    case .ioSchedulingPriority:
      if value.isEmpty {
        exec.scheduling.ioPriority = nil
      } else if let priority = number(in: 0...7) {
        exec.scheduling.ioPriority = UInt8(priority)
      }
    case .timerSlackNSec: if let slack = nanoseconds() { exec.scheduling.timerSlack = slack }
    case .personality: applyPersonality()
    case .coredumpFilter: applyCoredumpFilter()
    default: break
    }
  }

  private func applyPolicy() {
    if value.isEmpty {
      exec.scheduling.policy = nil
      return
    }
    let named = SchedulingPolicy.allCases.first { value == $0.name }
    guard let policy = named ?? value.unsignedNumber.flatMap({ $0 < 8 ? SchedulingPolicy(rawValue: UInt8($0)) : nil }) else {
      badValue("no such policy", hint: didYouMean(value, among: SchedulingPolicy.allCases.map { Bytes($0.name) }))
      return
    }
    exec.scheduling.policy = policy
    // As systemd: into the range of the policy, 1 to 99 for the real-time ones, 0 for the others.
    let isRealtime = policy == .fifo || policy == .roundRobin
    exec.scheduling.priority = isRealtime ? max(1, exec.scheduling.priority) : 0
  }

  /// Numbers and ranges between blanks and commas; one that is none spoils the line.
  private func applyAffinity() {
    if value.isEmpty {
      exec.scheduling.affinity = []
      return
    }
    if value == "numa" {
      noticeOnce()
      return
    }
    var isMember = Array(repeating: false, count: 8192)
    for cpu in exec.scheduling.affinity where cpu < 8192 { isMember[Int(cpu)] = true }
    for word in words(.strict) {
      for piece in word.text.pieces(separatedBy: 44) {
        let ends = piece.pieces(separatedBy: 45).compactMap { $0.unsignedNumber }
        guard piece.isNumberRange, let first = ends.first, let last = ends.last else {
          badWord(word, "no number of a CPU", hint: Bytes("for example 0-3,8"))
          return
        }
        for cpu in first...last { isMember[Int(cpu)] = true }
      }
    }
    exec.scheduling.affinity = isMember.indices.filter { isMember[$0] }.map { UInt32($0) }
  }

  /// A span whose plain numbers are nanoseconds.
  private func nanoseconds() -> UInt64? {
    if let number = value.unsignedDecimal { return number }
    for suffix in [Bytes("nsec"), Bytes("ns")] where value.count > suffix.count && Bytes(value.suffix(suffix.count)) == suffix {
      if let number = Bytes(value.dropLast(suffix.count)).trimmed.unsignedDecimal { return number }
    }
    guard let span = span() else { return nil }
    let (product, overflow) = span.microseconds.multipliedReportingOverflow(by: 1000)
    return span.isInfinite || overflow ? .max : product
  }

  /// Only the host's own architecture and its 32-bit sister can be had: PER_LINUX and PER_LINUX32.
  private func applyPersonality() {
    let isARM = context.host.architecture == "arm64"
    if value.isEmpty {
      exec.personality = nil
    } else if value == context.host.architecture {
      exec.personality = 0
    } else if value == (isARM ? "arm" : "x86") {
      exec.personality = 8
    } else {
      badValue("no personality of this host", hint: isARM ? "write arm64 or arm" : "write x86-64 or x86")
    }
  }

  private func applyCoredumpFilter() {
    if value.isEmpty {
      exec.coredumpFilter = nil
      return
    }
    let names: StaticString = """
      private-anonymous shared-anonymous private-file-backed shared-file-backed elf-headers private-huge shared-huge private-dax \
      shared-dax
      """
    var mask: UInt32 = 0
    for word in words(.strict) {
      if word.text == "all" {
        mask = .max
      } else if word.text == "default" {
        mask |= 0x33
      } else if let bit = names.words.firstIndex(of: word.text) {
        mask |= 1 << UInt32(bit)
      } else if let bits = word.text.hexadecimal {
        mask |= bits
      } else {
        badWord(word, "no such kind of memory", hint: didYouMean(word.text, among: names.words))
        return
      }
    }
    exec.coredumpFilter = (exec.coredumpFilter ?? 0) | mask
  }
}

extension Array where Element == UInt8 {
  /// With or without `0x`, 32 bits.
  fileprivate var hexadecimal: UInt32? {
    let digits = starts(with: "0x") || starts(with: "0X") ? Bytes(self[2...]) : self
    guard !digits.isEmpty, digits.count <= 8 else { return nil }
    var value: UInt32 = 0
    for digit in digits {
      guard let digit = digit.hexValue else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}
