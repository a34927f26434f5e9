import Model

/// Reads one datagram of sd_notify (units.md c.7): lines of `NAME=value`. Of a name that comes twice the first counts, as in
/// systemd; a name that is not known, and a value that is none, are left out.
///
/// nil: not a message at all (too long, or with a NUL inside): systemd drops such a one whole.
public func parseNotify(_ datagram: Bytes) -> NotifyMessage? {
  guard datagram.count <= NotifyLines.datagramMax else { return nil }
  var text = datagram[...]
  // One NUL at the end is what C programs send that count it.
  if text.last == 0 { text = text.dropLast() }
  if text.contains(0) { return nil }
  return NotifyLines(text).message
}

/// The lines of a datagram, by name.
private struct NotifyLines {
  static let datagramMax = 4096
  /// Of the kernel: MAX_ERRNO.
  static let errnoMax: UInt64 = 4095
  static let pidMax = UInt64(Int32.max)
  static let nameMax = 255

  private let lines: [ArraySlice<UInt8>]

  init(_ text: ArraySlice<UInt8>) {
    lines = text.split { $0 == 10 || $0 == 13 }
  }

  var message: NotifyMessage {
    var message = NotifyMessage()
    message.isBarrier = has("BARRIER=1")
    message.isReady = has("READY=1")
    message.isReloading = has("RELOADING=1")
    message.isStopping = has("STOPPING=1")
    message.storesDescriptors = has("FDSTORE=1")
    message.removesDescriptors = has("FDSTOREREMOVE=1")
    message.pollsDescriptors = !has("FDPOLL=0")
    message.monotonic = span("MONOTONIC_USEC=")
    message.watchdogSpan = span("WATCHDOG_USEC=")
    message.extendTimeout = span("EXTEND_TIMEOUT_USEC=")
    message.mainPID = number("MAINPID=", 1...NotifyLines.pidMax).map { Int32($0) }
    message.errno = number("ERRNO=", 0...NotifyLines.errnoMax).map { Int32($0) }
    message.busError = value("BUSERROR=").flatMap { $0.isEmpty ? nil : $0 }
    // Only shown, but shown to terminals and in JSON.
    message.status = value("STATUS=").flatMap { $0.firstInvalidUTF8 == nil ? $0 : nil }
    message.descriptorName = value("FDNAME=").flatMap { isDescriptorName($0) ? $0 : nil }
    switch value("WATCHDOG=") ?? [] {
    case "1": message.watchdog = .alive
    case "trigger": message.watchdog = .trigger
    default: break
    }
    if let access = value("NOTIFYACCESS=") {
      for candidate in NotifyAccess.allCases where access == candidate.name { message.notifyAccess = candidate }
    }
    return message
  }

  private func has(_ line: StaticString) -> Bool { lines.contains { Bytes($0) == line } }

  private func value(_ name: StaticString) -> Bytes? {
    for line in lines {
      let line = Bytes(line)
      if line.starts(with: name) { return Bytes(line[name.utf8CodeUnitCount...]) }
    }
    return nil
  }

  private func number(_ name: StaticString, _ range: ClosedRange<UInt64>) -> UInt64? {
    guard let number = value(name)?.trimmed.unsignedDecimal, range.contains(number) else { return nil }
    return number
  }

  private func span(_ name: StaticString) -> TimeSpan? {
    number(name, 0...UInt64.max).map { TimeSpan(microseconds: $0) }
  }

  /// LISTEN_FDNAMES is separated by colons.
  private func isDescriptorName(_ name: Bytes) -> Bool {
    !name.isEmpty && name.count <= NotifyLines.nameMax && !name.contains { $0 < 32 || $0 >= 127 || $0 == 58 }
  }
}
