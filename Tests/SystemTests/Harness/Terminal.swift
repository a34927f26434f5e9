import Foundation

/// A pseudo terminal: the test holds the master, the program has the other end.
final class Terminal {
  private(set) var master: Int32
  /// What the program opens.
  let path: String

  init() throws {
    // posix_openpt and its companions are hidden from Swift; these are what they do (TIOCSPTLCK, TIOCGPTN).
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var unlocked: Int32 = 0
    var number: UInt32 = 0
    guard master >= 0, ioctl(master, 0x4004_5431, &unlocked) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
      throw Failure("no pseudo terminal: \(String(cString: strerror(errno)))")
    }
    path = "/dev/pts/\(number)"
    _ = fcntl(master, F_SETFL, O_NONBLOCK)
  }

  deinit { hangUp() }

  /// What the program has written since the last look.
  func read() -> String {
    var collected: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = Glibc.read(master, &block, block.count)
      if count <= 0 { break }
      collected += block[..<count]
    }
    return String(decoding: collected, as: UTF8.self)
  }

  /// As if typed: "\u{3}" is Ctrl-C.
  func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
  }

  /// The line goes down.
  func hangUp() {
    if master >= 0 { close(master) }
    master = -1
  }
}
