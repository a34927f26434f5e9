#if !EMBEDDED
import Model

// What the checkers may ask the world.

extension World {
  /// Processes of an invocation that apus could know of: without escapees where there is only a process group.
  func knownCount(of invocation: Invocation) -> Int {
    var count = 0
    for process in table where process.tag == invocation && process.isLive && isKnowable(process) { count += 1 }
    return count
  }

  /// The same without those that SIGKILL has reached already.
  func knownWithoutDying(_ invocation: Invocation) -> Int {
    var count = 0
    for process in table where process.tag == invocation && process.isLive && !process.isDying && isKnowable(process) { count += 1 }
    return count
  }

  /// A live main process of the unit other than `pid`.
  func liveMain(of unit: UnitID, besides pid: Int32) -> Int32? {
    for process in table where process.pid != pid && process.isLive {
      if let key = process.key, key.role == .main, key.invocation.unit == unit { return process.pid }
    }
    return nil
  }

  /// Whose the child with that pid is, dead or alive; nil: apus has no such child.
  func ownChildKey(_ pid: Int32) -> ProcessKey? {
    guard let process = process(pid), process.parent == 0 else { return nil }
    return process.key
  }

  /// Who has that pid now; 0: nobody.
  func serial(ofPID pid: Int32) -> UInt64 { process(pid)?.serial ?? 0 }
  func isLive(_ pid: Int32) -> Bool { process(pid)?.isLive ?? false }

  /// Who would outlive apus without having been told to die; who entered from outside may have come after the last look.
  var survivors: Int {
    var count = 0
    for process in table where process.isLive && !process.isDying && process.tag != nil && (isInit || isKnowable(process)) { count += 1 }
    return count
  }
}
#endif
