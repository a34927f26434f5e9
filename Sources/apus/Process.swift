import CLinux
import Model

/// argv and the environment, as the kernel gave them.
struct ProcessArguments {
  /// argv[0]; empty if there is none.
  var program = Bytes()
  /// Behind argv[0].
  var arguments: [Bytes] = []
  /// `NAME=value` each.
  var environment: [Bytes] = []

  init() {
    var index: Int32 = 0
    while let text = apus_argument(index) {
      if index == 0 { program = bytes(text) } else { arguments.append(bytes(text)) }
      index += 1
    }
    index = 0
    while let text = apus_environment(index) {
      environment.append(bytes(text))
      index += 1
    }
  }

  /// The value of a variable; the first one wins, as in getenv.
  func variable(_ name: Bytes) -> Bytes? {
    for entry in environment where entry.count > name.count && entry[name.count] == 61 && entry.starts(with: name) {
      return Bytes(entry[(name.count + 1)...])
    }
    return nil
  }

  /// argv[0] without its folder.
  var programName: Bytes { Bytes(program.suffix(from: (program.lastIndex(of: 47) ?? -1) + 1)) }
}

/// The bytes of a C string.
func bytes(_ text: UnsafePointer<CChar>) -> Bytes {
  Bytes(UnsafeRawBufferPointer(start: text, count: strlen(text)))
}

/// Writes all of it; false if it could not.
@discardableResult
func writeAll(_ text: Bytes, to fd: Int32) -> Bool {
  var written = 0
  while written < text.count {
    let result = text.withUnsafeBytes { control_write(fd, $0.baseAddress?.advanced(by: written), $0.count - written) }
    if result > 0 {
      written += Int(result)
    } else if result == -Int64(CONTROL_EAGAIN) {
      // Somebody shares a non-blocking terminal with us.
      _ = control_poll(fd, 1, -1)
    } else if result != -Int64(CONTROL_EINTR) {
      return false
    }
  }
  return true
}

/// Ends the process; nothing is buffered.
func leave(_ status: Int32) -> Never {
  _exit(status)
}

/// `apus: …` as one line on stderr.
func complain(_ message: Bytes) {
  writeAll(filled("apus: %\n", message), to: 2)
}

/// A message as it is.
func complain(_ message: StaticString) { complain(Bytes(message)) }

/// Each `%` of the pattern is a value.
func complain(_ pattern: StaticString, _ value: Bytes) { complain(filled(pattern, value)) }
func complain(_ pattern: StaticString, _ first: Bytes, _ second: Bytes) { complain(filled(pattern, first, second)) }

/// Exit statuses of the command line (DESIGN section 7, units.md e.3).
enum Status {
  static let success: Int32 = 0
  static let failure: Int32 = 1
  /// LSB: the program is not running. Also systemctl's for a reload that is not applicable.
  static let notRunning: Int32 = 3
  /// LSB: the state is not known, for `status` of an unknown unit.
  static let unknown: Int32 = 4
  /// systemctl: refused for this caller, or in this mode.
  static let notPermitted: Int32 = 4
  /// The unit is not known.
  static let notInstalled: Int32 = 5
  static let usage: Int32 = 64
  /// apus itself failed.
  static let software: Int32 = 70
  static let badConfiguration: Int32 = 78
}
