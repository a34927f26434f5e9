import CLinux
import Model
import Runtime

/// What an event of epoll is about: the top byte of its 64 bits, the rest is a pid, a unit's or a client's number.
enum WatchKind: UInt64 {
  case signals = 1, timer, execReport, listener, client, membership, messages, notify, unitNotify, process, readyPipe, held, paths
  case wallTimer, traffic
}

// MARK: The one blocking call

extension LinuxKernel {
  func watch(_ descriptor: Int32, _ events: Int, _ kind: WatchKind, _ number: UInt32 = 0) {
    guard descriptor >= 0 else { return }
    _ = apus_epoll_add(epoll, noted(descriptor), UInt32(events), kind.rawValue << 56 | UInt64(number))
  }

  /// Children before their exec hold copies of every descriptor, so that closing alone would leave the watch in place.
  func unwatchAndClose(_ descriptor: Int32) {
    guard descriptor >= 0 else { return }
    _ = apus_epoll_remove(epoll, descriptor)
    _ = apus_close(descriptor)
  }

  /// The one blocking call: until something is ready, or `deadline`.
  public func wait(until deadline: Instant, into ready: inout [Readiness]) {
    let before = ready.count
    while true {
      pathWatches.takeHits(into: &ready)
      if ready.count > before { return }
      let holdsMessages = mayHoldMessages
      if !holdsMessages { pumpMessages() }
      if mayTrim {
        mayTrim = false
        trimAt = Instant(nanoseconds: apus_monotonic()) + LinuxKernel.trimDelay
      }
      let limit = min(min(deadline, quietLook()), min(retryAt, trimAt))
      let isPast = limit <= seenNow
      if !isPast { arm(limit) }
      let count = apus_epoll_wait(epoll, &events, 64, isPast ? 0 : holdsMessages ? Int32(MessageRing.hold.microseconds / 1000) : -1)
      if count < 0 && -count != Errno.EINTR { invariant("epoll_wait failed") }
      if holdsMessages && count == 0 { seenNow = Instant(nanoseconds: apus_monotonic()) }
      var index = 0
      while index < Int(count) {
        translate(events[index], into: &ready)
        index += 1
      }
      if !quiet.isEmpty { lookAtQuiet(into: &ready) }
      if trimAt != .never && trimAt.nanoseconds <= apus_monotonic() {
        trimAt = .never
        dropStacks()
        apus_trim()
      }
      if retryAt != .never && retryAt.nanoseconds <= apus_monotonic() { retry(into: &ready) }
      if ready.count > before { return }
      if deadline != .never && deadline.nanoseconds <= apus_monotonic() { return }
    }
  }

  /// Now and then, so that no plan and no stack stays for long where nothing else wakes apus; not again for each child, and
  /// ever more seldom for one that hangs before its exec.
  private func quietLook() -> Instant {
    if quiet.isEmpty { return .never }
    if quietLookAt <= seenNow {
      quietLookAt = seenNow + quietPause
      quietPause = quietPause.doubled(atMost: LinuxKernel.quietPauseMax)
    }
    return quietLookAt
  }

  private func arm(_ instant: Instant) {
    // A look that is not needed any more costs less than setting the timer twice for each child.
    if instant == armedFor || (armedFor == quietLookAt && armedFor < instant) { return }
    armedFor = instant
    // A deadline of zero would disarm it; the clock is never there.
    _ = apus_timer_set(timer, instant == .never ? 0 : max(instant.nanoseconds, 1))
  }

  /// Armed on the wall clock, or only for its steps.
  public func watchWall(_ at: WallTime?) {
    if at == wallArmedFor { return }
    if wallTimer < 0 {
      wallTimer = apus_wall_timer_create()
      watch(wallTimer, APUS_READABLE, .wallTimer)
    }
    wallArmedFor = at
    // 0 disarms; the time of `.never` is one that never comes, but not beyond what the kernel takes.
    _ = apus_wall_timer_set(wallTimer, at.map { min(max($0.microseconds, 1), LinuxKernel.wallMax) } ?? 0)
  }

  /// 2200-01-01: no schedule goes beyond it.
  private static let wallMax: Int64 = 7_258_118_400_000_000

  private func wallTimerSays(into ready: inout [Readiness]) {
    var count = Bytes(repeating: 0, count: 8)
    let result = apus_read(wallTimer, &count, 8)
    if -result == Int64(Errno.EAGAIN) { return }
    wallArmedFor = nil
    ready.append(-result == Int64(Errno.ECANCELED) ? .clockStepped : .wallClock)
  }

  private func translate(_ event: apus_ready, into ready: inout [Readiness]) {
    let number = UInt32(truncatingIfNeeded: event.data)
    guard let kind = WatchKind(rawValue: event.data >> 56) else { return }
    switch kind {
    case .signals:
      if ready.last != .signals { ready.append(.signals) }
    case .timer:
      var count = Bytes(repeating: 0, count: 8)
      _ = apus_read(timer, &count, 8)
      seenNow = Instant(nanoseconds: apus_monotonic())
      armedFor = .never
    case .wallTimer: wallTimerSays(into: &ready)
    case .execReport:
      let pid = Int32(bitPattern: number)
      if slotOfPid[pid] != nil { ready.append(.execReport(pid)) }
    case .listener: ready.append(.listener)
    case .client: translate(client: number, event.events, into: &ready)
    case .membership:
      drainInotify()
      ready.append(.membership)
    case .messages: ring.waitsForRoom = false
    case .notify: sendNotes()
    case .unitNotify: ready.append(.notify(UnitID(Int(Int32(bitPattern: number)))))
    case .process: watchedEnded(Int32(bitPattern: number), into: &ready)
    case .readyPipe: ready.append(.readyReport(Int32(bitPattern: number)))
    case .held: ready.append(.descriptorHungUp(DescriptorID(number)))
    case .traffic: trafficAt(DescriptorID(number), into: &ready)
    case .paths: pathWatches.drain()
    }
  }

  private func drainInotify() {
    var buffer = Bytes(repeating: 0, count: 4096)
    while apus_read(inotify, &buffer, UInt64(buffer.count)) > 0 {}
  }

  /// Asks `wait` to come back to what could not be done now.
  func retryLater() {
    retryAt = min(retryAt, Instant(nanoseconds: apus_monotonic() + 1_000_000_000))
  }

  private func retry(into ready: inout [Readiness]) {
    retryAt = .never
    armListener()
    lookAtWatched(into: &ready)
    ring.writerFailed = false
  }
}

// MARK: Signals

extension LinuxKernel {
  /// The next signal but SIGCHLD; nil when there is none.
  public func nextSignal() -> ReceivedSignal? {
    let crash = apus_take_sent_crash()
    if crash > 0 { return ReceivedSignal(Signal(crash)) }
    var signal = apus_signal(number: 0, from_kernel: 0)
    while apus_next_signal(signals, &signal) == 1 {
      if signal.number == Signal.child.number { continue }
      return ReceivedSignal(Signal(signal.number), fromKernel: signal.from_kernel == 1)
    }
    return nil
  }
}
