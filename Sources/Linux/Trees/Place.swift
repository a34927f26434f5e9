import CLinux
import Model

/// Something in the file system, held by a descriptor that does not open it: a link is the link itself. For helpers.
struct Place: ~Copyable {
  let descriptor: Int32
  let status: apus_status

  /// nil with errno in `error`.
  init?(in folder: Int32, _ name: Bytes, error: inout Int32) {
    let opened = apus_open_place(folder, name.terminated)
    guard opened >= 0 else {
      error = -opened
      return nil
    }
    var status = apus_status()
    let result = apus_status_of(opened, &status)
    guard result >= 0 else {
      error = -result
      _ = apus_close(opened)
      return nil
    }
    descriptor = opened
    self.status = status
  }

  deinit { _ = apus_close(descriptor) }

  var isFolder: Bool { Place.kind(status) == 0o040000 }
  var isLink: Bool { Place.kind(status) == 0o120000 }
  var isRegular: Bool { Place.kind(status) == 0o100000 }

  static func kind(_ status: apus_status) -> UInt32 { status.mode & 0o170000 }

  /// What a link holds.
  func linkTarget() -> Bytes? { Place.linkTarget(descriptor) }

  static func linkTarget(_ descriptor: Int32) -> Bytes? {
    var buffer = Bytes(repeating: 0, count: 4096)
    let count = apus_read_link_of(descriptor, &buffer, UInt64(buffer.count))
    return count > 0 && count < 4096 ? Bytes(buffer[0..<Int(count)]) : nil
  }
}
