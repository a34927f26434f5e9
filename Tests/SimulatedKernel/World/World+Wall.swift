#if !EMBEDDED
import Model
import Runtime

/// The wall clock as apus watches it, its stamps, and what its helpers say.
public struct VirtualWall {
  public var watched: WallTime? = nil
  /// A step that was not told yet.
  var isStepTold = true
  /// By pid, of helpers that ended.
  var outputs: [Int32: Bytes] = [:]
  /// The mtimes of stamps, by name.
  public var stamps: [Bytes: Int64] = [:]
  /// errno of every write, and of every read that makes; 0: the folder is there and can be written.
  public var stampError: Int32 = 0
  /// How many turns ended because of `watched`.
  public internal(set) var wakes = 0
  public init() {}
}

extension World {
  /// `watched` on the monotonic clock, as the wall clock stands now.
  var wallDeadline: Int64 {
    guard let at = wall.watched, at != .never else { return .max }
    let (distance, overflow) = (at.microseconds - World.wallBase - wallStep).multipliedReportingOverflow(by: 1000)
    return overflow ? .max : distance
  }

  /// Something changed at a path that apus watches.
  func changePath(_ unit: UnitID) {
    if watchedPaths.contains(where: { $0.unit == unit }), !changedPaths.contains(unit) { changedPaths.append(unit) }
  }

  func forgetSaid() { said = [] }

  func wallReadiness() -> Readiness? {
    if !wall.isStepTold {
      wall.isStepTold = true
      if wall.watched != nil { return .clockStepped }
    }
    guard wallDeadline <= clock else { return nil }
    wall.wakes += 1
    return .wallClock
  }

  /// `apus-helper stamps`: what it does, and what it says.
  func keepStamps(_ arguments: [Bytes]) -> Bytes {
    var output = Bytes()
    var index = 3
    while index + 1 < arguments.count {
      output += answer(arguments[index], arguments[index + 1]) + "\n"
      index += 2
    }
    return output
  }

  private func answer(_ time: Bytes, _ name: Bytes) -> Bytes {
    if time == "?", let stamp = wall.stamps[name] { return Bytes(decimal: stamp) }
    if wall.stampError != 0 { return errorText(wall.stampError) }
    wall.stamps[name] = time == "?" ? now.wall.microseconds : Int64(time.unsignedDecimal ?? 0)
    note("stamp", wall.stamps[name] ?? 0, 0, name)
    return Bytes(time == "?" ? "made" : "ok")
  }
}

/// A TZif file that is nothing but its POSIX rule.
enum TZif {
  static func bytes(_ rule: String) -> Bytes {
    func number(_ value: UInt32) -> Bytes { [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)] }
    let header = Bytes("TZif2".utf8) + Bytes(repeating: 0, count: 15) + [0, 0, 0, 0, 1, 4].flatMap { number($0) }
    let block = number(0) + [0, 0] + Bytes("UTC".utf8) + [0]
    return header + block + header + block + Bytes("\n\(rule)\n".utf8)
  }
}

extension World {
  func setZone(_ rule: String) { files.write("/etc/localtime".bytes, TZif.bytes(rule)) }
}
#endif
