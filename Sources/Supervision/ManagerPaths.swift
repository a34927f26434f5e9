import Model

/// A `.path` that waits.
public struct PathBook: Sendable {
  /// Comes back in every event of its watch.
  var run: UInt32 = 0
  /// Its unit was started, and has not ended.
  public internal(set) var isRunning = false
  public internal(set) var failure: ServiceResult? = nil
  var triggers = StartLimiter()
  /// After a run of its unit that failed, it is looked at again no sooner.
  public internal(set) var pausedUntil: Instant? = nil
  /// The last such pause; zero: the last run did not fail.
  var pause = TimeSpan.zero

  /// The first and the longest pause.
  static let pauseMin = TimeSpan(milliseconds: 100)
  static let pauseMax = TimeSpan(seconds: 30)
}

// Paths: something comes to be, or changes, and their unit is started (units.md d.3).

extension Manager {
  func pathSettings(_ id: UnitID) -> PathSettings? {
    if case .path(let settings) = self[id].unit.kind { return settings }
    return nil
  }

  mutating func activatePath(_ id: UnitID) {
    let record = self[id]
    record.path = PathBook(run: record.path?.run ?? 0)
    waitForPath(id, makesDirectory: true)
  }

  mutating func deactivatePath(_ id: UnitID) {
    let record = self[id]
    if record.path == nil { return }
    record.path?.isRunning = false
    record.path?.pausedUntil = nil
    out.append(.disarm(DeadlineKey(unit: id, kind: .rearm)))
    out.append(.unwatchPaths(id))
  }

  /// Looks at once for what is there already, and then waits for what comes. Folders are made at its start alone: its unit may
  /// have removed them, as in systemd.
  private mutating func waitForPath(_ id: UnitID, makesDirectory: Bool = false) {
    let record = self[id]
    guard let settings = pathSettings(id), let book = record.path else { return }
    guard phase == .booting || phase == .running else { return }
    record.path?.run = book.run &+ 1
    record.path?.isRunning = false
    out.append(
      .watchPaths(
        id, run: book.run &+ 1, settings.specs, makesDirectory: makesDirectory ? settings.makesDirectory : nil, looks: true))
  }

  mutating func pathHit(_ id: UnitID, run: UInt32, _ index: Int, _ match: Bytes) {
    guard valid(id), let book = self[id].path, book.run == run, self[id].isOn, let settings = pathSettings(id),
      index < settings.specs.count, phase == .booting || phase == .running
    else { return }
    let record = self[id]
    guard let target = find(settings.unit.bytes) else { return failPath(id, .resources, Bytes("its unit is not loaded")) }
    if book.isRunning { return }
    if self[target].job?.type == .stop {
      // At that stop's end it is looked at again, so that nothing is lost.
      record.path?.isRunning = true
      return out.append(.unwatchPaths(id))
    }
    // While it runs, only its end is of interest; that looks again. A unit that writes what is watched must not wake apus for it.
    record.path?.isRunning = true
    out.append(.unwatchPaths(id))
    guard record.path?.triggers.allow(settings.triggerLimit, now: now.instant) == true else {
      return failPath(id, .triggerLimitHit, Bytes("triggered too often (TriggerLimitBurst=), it is given up"))
    }
    let environment = ["TRIGGER_UNIT=" + record.name, "TRIGGER_PATH=" + (match.isEmpty ? settings.specs[index].path : match)]
    guard case .failure(let error) = enqueue(target, .start, environment: environment) else { return }
    failPath(id, .resources, "cannot start " + self[error.unit].name + ": " + error.message)
  }

  mutating func pathsFailed(_ id: UnitID, run: UInt32, _ why: Bytes) {
    guard valid(id), self[id].path?.run == run, self[id].isOn else { return }
    failPath(id, .resources, "cannot watch: " + why)
  }

  private mutating func failPath(_ id: UnitID, _ result: ServiceResult, _ why: Bytes) {
    let record = self[id]
    message(.error, record.name + ": " + why)
    deactivatePath(id)
    record.path?.failure = result
    setOn(id, false)
  }

  /// A unit changed its state, or its job ended.
  mutating func pathsSee(_ unit: UnitID) {
    #if PLANTED
    if plantedBug == 46 { return }
    #endif
    let record = self[unit]
    for id in record.paths {
      guard let book = self[id].path, book.isRunning, book.pausedUntil == nil, self[id].isOn else { continue }
      if record.isStartLimitHit {
        failPath(id, .unitStartLimitHit, record.name + " is started too often, the path is given up")
      } else if record.isDown, record.job == nil {
        if record.service.result == .success { resumePath(id) } else { pausePath(id, book, record.name) }
      }
    }
  }

  /// Its unit failed, and what it waits for may hold still: as nothing limits starts unless a unit sets a limit, it is started
  /// ever more seldom.
  private mutating func pausePath(_ id: UnitID, _ book: PathBook, _ unit: Bytes) {
    let pause = max(book.pause.doubled(atMost: PathBook.pauseMax), PathBook.pauseMin)
    let until = now.instant + pause
    self[id].path?.pause = pause
    self[id].path?.pausedUntil = until
    if pause == PathBook.pauseMax { message(.warning, filled("%: % fails each time, paused for %", self[id].name, unit, shortSpan(pause))) }
    out.append(.arm(Deadline(id, .rearm), at: until))
  }

  private mutating func resumePath(_ id: UnitID) {
    self[id].path?.pause = .zero
    waitForPath(id)
  }

  /// New settings, over a live change.
  mutating func updatePath(_ id: UnitID, from old: PathSettings?) {
    let record = self[id]
    guard let new = pathSettings(id), let old, old != new, record.isOn, record.path?.isRunning == false else { return }
    waitForPath(id)
  }

  /// The pause after a failed run is over. If its unit runs by now, that one's end is waited for.
  mutating func rearmPath(_ id: UnitID) {
    guard let book = self[id].path, book.pausedUntil != nil, let settings = pathSettings(id) else { return }
    self[id].path?.pausedUntil = nil
    guard self[id].isOn, let target = find(settings.unit.bytes), self[target].isDown, self[target].job == nil else { return }
    waitForPath(id)
  }
}
