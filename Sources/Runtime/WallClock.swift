import Model
import Supervision
import UnitFile

/// What is armed on the wall clock, and what may have happened to it.
struct WallClock {
  /// Of the clock's nanoseconds since 1970; what comes never, but wants to hear of steps, is later than every time.
  private var heap = DeadlineHeap()
  var isStepped = false
  var zoneMayHaveChanged = false
  /// /etc/localtime is watched, or cannot be.
  var isZoneWatched = false
  /// The wall clock less the monotonic one, microseconds; nil: not looked at yet.
  private var difference: Int64? = nil
  /// A difference of the two clocks that grows by less is the time that passed between their readings.
  static let stepMin: Int64 = 500_000
  private static let latest = Instant(nanoseconds: .max - 1)

  var isEmpty: Bool { heap.count == 0 }

  /// For `Kernel.watchWall`.
  var watched: WallTime? {
    if heap.count == 0 { return nil }
    #if PLANTED
    if plantedBug == 41, heap.next != WallClock.latest { return WallTime(microseconds: heap.next.nanoseconds / 1000 - 1000) }
    #endif
    return heap.next == WallClock.latest ? .never : WallTime(microseconds: heap.next.nanoseconds / 1000)
  }

  mutating func arm(_ deadline: Deadline, at: WallTime) {
    let (nanoseconds, overflow) = at.microseconds.multipliedReportingOverflow(by: 1000)
    heap.arm(deadline, at: overflow ? WallClock.latest : Instant(nanoseconds: nanoseconds))
  }

  mutating func disarm(_ key: DeadlineKey) { heap.disarm(key) }

  mutating func popDue(_ now: WallTime) -> Deadline? {
    let (nanoseconds, overflow) = now.microseconds.multipliedReportingOverflow(by: 1000)
    return overflow ? nil : heap.popDue(Instant(nanoseconds: nanoseconds))
  }

  /// By how much the clock was stepped since the last look, if it was: the kernel says so, or the two clocks differ by
  /// another amount (a kernel that does not tell; steps while nothing was armed are nobody's business).
  mutating func step(_ now: Now) -> Int64? {
    let current = now.wall.microseconds &- now.instant.nanoseconds / 1000
    let moved = difference.map { current &- $0 } ?? 0
    let wasTold = isStepped
    isStepped = false
    difference = current
    return !isEmpty && (wasTold || moved.magnitude > UInt64(WallClock.stepMin)) ? moved : nil
  }
}

extension Supervisor {
  /// Before anything that goes by the clock is handled.
  mutating func tellClockAndZone() {
    if let span = wallClock.step(now) { handle(.clockStepped(by: span)) }
    guard wallClock.zoneMayHaveChanged else { return }
    wallClock.zoneMayHaveChanged = false
    do throws(UnknownLocalZone) {
      handle(.zoneChanged(try ZoneReader.local(configuration.environment, &kernel)))
    } catch {
      say(.warning, "schedules stay in the old time zone: " + error.text)
    }
  }

  /// With `TZ` the zone is fixed.
  mutating func watchZone() {
    if wallClock.isZoneWatched { return }
    wallClock.isZoneWatched = true
    if environmentValue(Bytes("TZ"), in: configuration.environment) != nil { return }
    _ = kernel.watchPath(.zone, Bytes(ZoneReader.localPath))
  }

  /// The draws of timers: the same over restarts of apus, others in each replica of a container.
  public static func seedTimers(_ options: inout ManagerOptions, _ kernel: inout K) {
    func line(_ path: StaticString) -> Bytes {
      if case .contents(let bytes) = kernel.readFile(Bytes(path), limit: 4096) { return bytes.trimmed }
      return []
    }
    let machine = line("/etc/machine-id")
    let host = line("/proc/sys/kernel/hostname")
    options.hostSeed = (machine + host).seed
    options.machineSeed = (machine.isEmpty ? host : machine).seed
  }
}
