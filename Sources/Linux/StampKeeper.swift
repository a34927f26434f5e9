import CLinux
import Model
import Runtime

/// Reads and writes stamps of Persistent=. For helpers: a disk may hang.
public enum StampKeeper {
  /// `apus-helper stamps FOLDER (TIME NAME)…`: TIME `?` reads, and makes what is not there; else microseconds since 1970. One
  /// line for each goes to the output descriptor, as `Supervisor.stampsEnded` reads them.
  public static func run(_ arguments: [Bytes]) -> Int32 {
    guard let path = arguments.first else { return 64 }
    let folder = open(path)
    var index = 1
    while index + 1 < arguments.count {
      let answer = folder < 0 ? errorText(-folder) : answer(arguments[index], arguments[index + 1], in: folder)
      if !write(answer + "\n") { return 1 }
      index += 2
    }
    return 0
  }

  /// With everything above it, as systemd makes it.
  private static func open(_ path: Bytes) -> Int32 {
    let found = apus_open_folder(path.terminated)
    if found != -Errno.ENOENT || path.isEmpty { return found }
    for index in 1...path.count where index == path.count || path[index] == 47 {
      let made = apus_make_folder_mode(Bytes(path[..<index]).terminated, 0o755)
      if made < 0 && made != -Errno.EEXIST { return made }
    }
    return apus_open_folder(path.terminated)
  }

  private static func answer(_ time: Bytes, _ name: Bytes, in folder: Int32) -> Bytes {
    if let microseconds = time.unsignedDecimal, microseconds <= UInt64(Int64.max) {
      let written = apus_stamp_write(folder, name.terminated, Int64(microseconds))
      return written < 0 ? errorText(-written) : Bytes("ok")
    }
    let stamp = apus_stamp_read(folder, name.terminated)
    if stamp >= 0 { return Bytes(decimal: stamp) }
    if stamp != -Int64(Errno.ENOENT) { return errorText(Int32(truncatingIfNeeded: -stamp)) }
    let made = apus_stamp_write(folder, name.terminated, apus_realtime())
    return made < 0 ? errorText(-made) : Bytes("made")
  }

  private static func write(_ line: Bytes) -> Bool {
    line.withUnsafeBufferPointer { apus_write(SpawnPlan.outputDescriptor, $0.baseAddress, UInt64($0.count)) } == Int64(line.count)
  }
}
