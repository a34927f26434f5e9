import Model

extension UnitParser {
  /// Standard input, output and error, what is put into the input, and the terminal (units.md c.10).
  func applyStream(_ directive: Directive) {
    switch directive {
    case .standardInput: if let stream = inputStream() { exec.standardInput = stream }
    case .standardOutput: if let stream = outputStream() { exec.standardOutput = stream }
    case .standardError: if let stream = outputStream() { exec.standardError = stream }
    case .standardInputText: addText()
    case .standardInputData: addData()
    case .ttyPath:
      if value.isEmpty {
        exec.terminal.path = []
      } else if let path = absolutePath(value, offset: 0, refusing: false) {
        exec.terminal.path = path
      }
    case .ttyReset: set(&exec.terminal.reset)
    case .ttyVHangup: set(&exec.terminal.hangup)
    case .ttyVTDisallocate: set(&exec.terminal.disallocate)
    case .ttyRows: exec.terminal.rows = extent(exec.terminal.rows)
    case .ttyColumns: exec.terminal.columns = extent(exec.terminal.columns)
    default: break
    }
  }

  private func extent(_ before: UInt32?) -> UInt32? {
    value.isEmpty ? nil : number(in: 0...65535).map { UInt32($0) } ?? before
  }

  private func inputStream() -> StandardStream? {
    switch value {
    case "null": return .null
    case "inherit": return .inherit
    case "tty": return .tty(.wait)
    case "tty-force": return .tty(.force)
    case "tty-fail": return .tty(.fail)
    case "data": return .data
    case "fd": return .descriptor([])
    case "socket": return socketStream()
    default:
      if value.starts(with: "file:") { return absolutePath(Bytes(value[5...]), offset: 5).map { .file($0) } }
      if value.starts(with: "fd:") { return descriptorName().map { .descriptor($0) } }
      streamError(" null inherit tty tty-force tty-fail socket data fd ")
      return nil
    }
  }

  private func outputStream() -> StandardStream? {
    switch value {
    case "null": return .null
    case "inherit": return .inherit
    case "journal", "journal+console", "syslog", "syslog+console", "kmsg", "kmsg+console": return .journal
    case "tty": return .tty(.wait)
    case "fd": return .descriptor([])
    case "socket": return socketStream()
    default:
      if value.starts(with: "file:") { return absolutePath(Bytes(value[5...]), offset: 5).map { .file($0) } }
      if value.starts(with: "append:") { return absolutePath(Bytes(value[7...]), offset: 7).map { .append($0) } }
      if value.starts(with: "truncate:") { return absolutePath(Bytes(value[9...]), offset: 9).map { .truncate($0) } }
      if value.starts(with: "fd:") { return descriptorName().map { .descriptor($0) } }
      streamError(" null inherit journal syslog kmsg tty socket fd journal+console ")
      return nil
    }
  }

  /// The socket that started the service.
  private func socketStream() -> StandardStream? {
    if source.name.type == .socket {
      badValue("the commands of a socket unit get no socket", hint: "write it into the service")
      return nil
    }
    written.socketStream = valuePosition
    return .socket
  }

  /// Empty: the stream's own name.
  private func descriptorName() -> Bytes? {
    guard let name = expanded(Bytes(value[3...]), offset: 3) else {
      refuseSilently()
      return nil
    }
    if !name.isDescriptorName {
      badValue("no name of a descriptor", at: 3)
      refuseSilently()
      return nil
    }
    return name
  }

  private func streamError(_ names: StaticString) {
    var hint = didYouMean(value, among: names.words)
    if hint.isEmpty {
      hint =
        value.first == 47
        ? "did you mean " + (key == "StandardInput" ? Bytes("file:") : Bytes("append:")) + value.quotable + "?"
        : Bytes("for example null, inherit, journal, file:/path, append:/path, truncate:/path")
    }
    badValue("no such stream", hint: hint)
  }

  /// The text with its escapes decoded, and a newline.
  private func addText() {
    if value.isEmpty {
      exec.standardInputData = []
      return
    }
    var text = Bytes()
    var index = 0
    while index < value.count {
      if value[index] != 92 {
        text.append(value[index])
        index += 1
      } else if index + 1 < value.count, let length = decodeEscape(value, at: index + 1, into: &text) {
        index += length + 1
      } else {
        badValue("unknown escape", at: index, hint: "write \\\\ for a backslash")
        return
      }
    }
    guard let expanded = expanded(text) else { return }
    append(expanded + "\n")
  }

  private func addData() {
    if value.isEmpty {
      exec.standardInputData = []
    } else if let data = value.decodedBase64 {
      append(data)
    } else {
      badValue("not in base64")
    }
  }

  private func append(_ data: Bytes) {
    // A file has 1 MiB, drop-ins may bring more.
    if exec.standardInputData.count + data.count > 1 << 20 {
      badValue("more than 1 MiB of input")
    } else {
      exec.standardInputData += data
    }
  }

  /// Data makes the input, unless that is something else than nothing.
  func finishStreams() {
    if exec.standardInputData.isEmpty { return }
    if exec.standardInput == .unset || exec.standardInput == .null { exec.standardInput = .data }
  }
}

extension Array where Element == UInt8 {
  /// What a descriptor may be called in LISTEN_FDNAMES.
  var isDescriptorName: Bool { count <= 255 && allSatisfy { $0 >= 32 && $0 < 127 && $0 != 58 } }

  /// RFC 4648, blanks left out; nil if it is none.
  var decodedBase64: Bytes? {
    var out = Bytes()
    var bits: UInt32 = 0
    var digits = 0
    var padding = 0
    for byte in self where !byte.isBlank {
      let digit: UInt32
      switch byte {
      case 65...90: digit = UInt32(byte) - 65
      case 97...122: digit = UInt32(byte) - 71
      case 48...57: digit = UInt32(byte) + 4
      case 43: digit = 62
      case 47: digit = 63
      case 61:
        padding += 1
        continue
      default: return nil
      }
      if padding > 0 { return nil }
      bits = bits << 6 | digit
      digits += 1
      if digits % 4 == 0 {
        out += [UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 8), UInt8(truncatingIfNeeded: bits)]
        bits = 0
      }
    }
    switch digits % 4 {
    case 0: return padding == 0 ? out : nil
    case 2 where padding == 2:
      out.append(UInt8(truncatingIfNeeded: bits >> 4))
      return out
    case 3 where padding == 1:
      out += [UInt8(truncatingIfNeeded: bits >> 10), UInt8(truncatingIfNeeded: bits >> 2)]
      return out
    default: return nil
    }
  }
}
