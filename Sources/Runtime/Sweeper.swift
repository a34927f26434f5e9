import Model
import Supervision

/// Finds and signals every process of an invocation, and says when none is left (DESIGN section 5).
///
/// A kill order that means the others too becomes a *hunt*. One pass over the members serves all hunts that wait. A
/// terminating signal is sent in one pass. SIGKILL is not: a plain scan-and-kill loop loses against a process that forks
/// faster than it is found, so the members are first stopped (SIGSTOP, pass after pass, until a pass finds nobody new)
/// and then killed until two passes are empty. With `cgroup.kill` the kernel does all that by itself.
///
/// Passes come when somebody was reaped, and while a hunt is on at most every 10 ms; an idle sweeper wakes nobody.
struct Sweeper {
  /// Between two looks at the same thing.
  static let pause = TimeSpan(milliseconds: 10)
  /// Between two looks that deaths cause: a storm of them is looked at in batches.
  static let deathPause = TimeSpan(milliseconds: 2)
  /// While nothing dies (uninterruptible processes) the looks get rarer, down to this.
  static let longPause = TimeSpan(milliseconds: 500)
  /// Stopping before killing takes at most so long; then it is killed what is there.
  static let stopLimit = TimeSpan(seconds: 2)
  /// After SIGTERM to everything, before SIGKILL.
  static let finalGrace = TimeSpan(seconds: 2)

  /// So many rounds of SIGKILL, one every 10 ms, before apus leaves somebody behind.
  static let killRoundsMax = 400
  /// Walks of SIGSTOP before each of SIGKILL.
  static let stopPasses = 3

  private enum Phase: Equatable {
    /// One pass with the order's signal.
    case once
    /// SIGSTOP until nobody new is found.
    case stopping
    /// SIGKILL until two passes are empty.
    case killing(emptyPasses: Int)
  }

  /// Of a class, because it is large and taken out of its list everywhere.
  private final class Hunt {
    let order: KillOrder
    var phase = Phase.once
    /// Main and control process, signalled before.
    var count: Int
    var isAnswered = false
    /// The main and control process that the order named: signalled and counted before. A child that the machine has given
    /// up (a reload command that was killed) is one of the others.
    let direct: [Int32]
    var stopped: [Int32] = []
    let began: Instant
    /// Its run was forgotten in mid-pass: it goes with the pass, unanswered.
    var isForgotten = false

    init(_ order: KillOrder, count: Int, direct: [Int32], began: Instant) {
      self.order = order
      self.count = count
      self.direct = direct
      self.began = began
    }
  }

  private struct FinalSweep {
    var began: Instant
    /// Rounds of SIGKILL so far. Rounds count, not time: apus itself may have been frozen.
    var killRounds = 0
  }

  private var hunts: [Hunt] = []
  /// How many of `hunts` the pass under way serves; those behind wait for the next.
  private var inPass = 0
  private var cursor = ScanCursor()
  private var found: [Member] = []
  private var watched: [Invocation] = []
  private var final: FinalSweep? = nil
  private var nextLook = Instant.never
  private var lastLook = Instant.zero
  private var pauseNow = Sweeper.pause

  init() {}

  /// When it wants to be called again; `.zero`: at once.
  var wake: Instant {
    if inPass > 0 { return .zero }
    return nextLook
  }

  // MARK: Orders

  mutating func kill(
    _ order: KillOrder, now: Instant, _ children: ChildTable, _ kernel: inout some Kernel, _ events: inout [Event]
  ) {
    var count = 0
    let direct = children.pids(of: order)
    for pid in direct {
      if kernel.signalChild(pid, order.signal) { count += 1 }
      if order.hangup { _ = kernel.signalChild(pid, .hangup) }
      if order.continue { _ = kernel.signalChild(pid, .continue) }
    }
    guard order.others else {
      events.append(.signalled(order.invocation, order: order.number, count: count, anyLeft: count > 0))
      return
    }
    if count == 0 && kernel.isEmpty(order.invocation, roots: children.known) {
      events.append(.signalled(order.invocation, order: order.number, count: 0, anyLeft: false))
      return
    }
    let hunt = Hunt(order, count: count, direct: direct, began: now)
    if order.signal == .kill {
      if kernel.killWhole(order.invocation) {
        events.append(.signalled(order.invocation, order: order.number, count: max(count, 1), anyLeft: true))
        return watchEmpty(order.invocation, now: now)
      }
      kernel.killProcessGroup(order.invocation, .kill)
      hunt.phase = .stopping
    }
    hunts.append(hunt)
    look(at: now)
  }

  mutating func watchEmpty(_ invocation: Invocation, now: Instant) {
    if !watched.contains(invocation) { watched.append(invocation) }
    look(at: now)
  }

  /// At once: the invocation may be forgotten by the very next effect.
  func countLeft(_ invocation: Invocation, _ children: ChildTable, _ kernel: inout some Kernel, _ events: inout [Event]) {
    events.append(.left(invocation, count: members(of: invocation, children, &kernel).count))
  }

  mutating func forget(_ invocation: Invocation) {
    watched.removeAll { $0 == invocation }
    if inPass == 0 { hunts.removeAll { $0.order.invocation == invocation } }
    for index in hunts.indices where hunts[index].order.invocation == invocation { hunts[index].isForgotten = true }
    if isIdle { nextLook = .never }
  }

  /// A new process of the invocation is about to be made (ExecStopPost= behind a kill): what was ordered is done to those
  /// that are there, and the newcomer is none of them. What survives is the next order's.
  mutating func settle(
    _ invocation: Invocation, now: Instant, _ children: ChildTable, _ kernel: inout some Kernel, _ events: inout [Event]
  ) {
    for index in hunts.indices where hunts[index].order.invocation == invocation && !hunts[index].isForgotten {
      let hunt = hunts[index]
      var again = false
      // A few walks of SIGSTOP and the first of SIGKILL.
      for _ in 0..<(Sweeper.stopPasses + 1) {
        if advance(hunt, members(of: invocation, children, &kernel), now, children, &kernel, &again) { break }
      }
      if !hunt.isAnswered {
        let anyLeft = hunt.count > 0 || !kernel.isEmpty(invocation, roots: children.known)
        events.append(.signalled(invocation, order: hunt.order.number, count: hunt.count, anyLeft: anyLeft))
      }
      hunts[index].isForgotten = true
    }
    if inPass == 0 { hunts.removeAll { $0.isForgotten } }
  }

  /// One unit's few processes, at once: at most this many slices.
  private func members(of invocation: Invocation, _ children: ChildTable, _ kernel: inout some Kernel) -> [Member] {
    var members: [Member] = []
    var cursor = ScanCursor()
    for _ in 0..<16 {
      if kernel.scan([invocation], roots: children.known, cursor: &cursor, into: &members) { break }
    }
    return members
  }

  mutating func finalSweep(now: Instant, _ kernel: inout some Kernel) {
    kernel.signalAll(.terminate)
    kernel.signalAll(.continue)
    final = FinalSweep(began: now)
    look(at: now)
  }

  // MARK: Looking

  private mutating func look(at instant: Instant) {
    pauseNow = Sweeper.pause
    nextLook = min(nextLook, instant)
  }

  /// Somebody was reaped, or a cgroup's events changed: whoever waits for that looks again, but not more often than
  /// every 2 ms.
  mutating func somethingDied(now: Instant) {
    if isIdle { return }
    pauseNow = Sweeper.pause
    nextLook = min(nextLook, max(now, lastLook + Sweeper.deathPause))
  }

  private var isIdle: Bool { hunts.isEmpty && watched.isEmpty && final == nil }

  /// One slice of work. Answers go to `events`, for the next turn.
  mutating func step(now: Instant, _ children: ChildTable, _ kernel: inout some Kernel, _ events: inout [Event]) {
    if isIdle {
      nextLook = .never
      return
    }
    if inPass == 0 {
      guard nextLook <= now else { return }
      nextLook = .never
      lastLook = now
      checkWatched(children, &kernel, &events)
      checkFinal(now, &kernel, &events)
      inPass = hunts.count
    }
    if inPass > 0 { pass(now, children, &kernel, &events) }
    guard inPass == 0 else { return }
    if isIdle { nextLook = .never } else { rest(now) }
  }

  /// Nothing to do until the next look; the longer nothing happens, the rarer. Whoever only waits for members to end
  /// needs no look at all: the last one of them is a child of ours, so its death is reaped.
  private mutating func rest(_ now: Instant) {
    if nextLook != .never || (hunts.isEmpty && final == nil) { return }
    nextLook = now + pauseNow
    pauseNow = pauseNow.doubled(atMost: Sweeper.longPause)
  }

  private mutating func checkWatched(_ children: ChildTable, _ kernel: inout some Kernel, _ events: inout [Event]) {
    var still: [Invocation] = []
    for invocation in watched {
      if kernel.isEmpty(invocation, roots: children.known) { events.append(.emptied(invocation)) } else { still.append(invocation) }
    }
    watched = still
  }

  private mutating func checkFinal(_ now: Instant, _ kernel: inout some Kernel, _ events: inout [Event]) {
    guard var sweep = final else { return }
    if !kernel.anyoneLeft() {
      final = nil
      events.append(.swept(forced: sweep.killRounds > 0))
      return
    }
    if sweep.killRounds > 0 || now.since(sweep.began) >= Sweeper.finalGrace {
      sweep.killRounds += 1
      // kill(-1) reaches everybody at once; a walk does not, and must hold them first, or a fork bomb outlives it.
      if !kernel.isInit { for _ in 0..<Sweeper.stopPasses { kernel.signalAll(.stop) } }
      kernel.signalAll(.kill)
      if sweep.killRounds >= Sweeper.killRoundsMax {
        // Outlives even SIGKILL: the end of apus is all that is left.
        final = nil
        events.append(.swept(forced: true))
        return
      }
    }
    final = sweep
    nextLook = min(nextLook, now + Sweeper.pause)
  }

  // MARK: Passes

  private mutating func pass(_ now: Instant, _ children: ChildTable, _ kernel: inout some Kernel, _ events: inout [Event]) {
    var wanted: [Invocation] = []
    for hunt in hunts[0..<inPass] where !hunt.isForgotten { wanted.append(hunt.order.invocation) }
    guard kernel.scan(wanted, roots: children.known, cursor: &cursor, into: &found) else { return }
    let members = found
    found = []
    cursor = ScanCursor()
    var left: [Hunt] = []
    var again = false
    for index in 0..<inPass {
      let hunt = hunts[index]
      if hunt.isForgotten { continue }
      let mine = members.filter { $0.invocation == hunt.order.invocation }
      let isOver = advance(hunt, mine, now, children, &kernel, &again)
      if !hunt.isAnswered {
        hunt.isAnswered = true
        // Nobody reached is not nobody there: who was seen may have forked and died before its signal.
        let anyLeft = hunt.count > 0 || !mine.isEmpty || !kernel.isEmpty(hunt.order.invocation, roots: children.known)
        events.append(.signalled(hunt.order.invocation, order: hunt.order.number, count: hunt.count, anyLeft: anyLeft))
      }
      #if PLANTED
      if plantedBug == 4 && hunt.order.signal == .kill {
        events.append(.emptied(hunt.order.invocation))
        continue
      }
      #endif
      if isOver {
        if hunt.count > 0 && hunt.order.number != 0 { watchEmpty(hunt.order.invocation, now: now) }
      } else {
        left.append(hunt)
      }
    }
    hunts.replaceSubrange(0..<inPass, with: left)
    inPass = 0
    if again { nextLook = min(nextLook, now) }
  }

  /// What one hunt does with who was found; true when it is over.
  private func advance(
    _ hunt: Hunt, _ members: [Member], _ now: Instant, _ children: ChildTable, _ kernel: inout some Kernel, _ again: inout Bool
  ) -> Bool {
    switch hunt.phase {
    case .once:
      for member in members where !hunt.direct.contains(member.pid) {
        guard kernel.signalMember(member, hunt.order.signal) else { continue }
        hunt.count += 1
        if hunt.order.hangup { _ = kernel.signalMember(member, .hangup) }
        if hunt.order.continue { _ = kernel.signalMember(member, .continue) }
      }
      return true
    case .stopping:
      var isNew = false
      for member in members where !hunt.stopped.contains(member.pid) {
        if kernel.signalMember(member, .stop) {
          hunt.stopped.append(member.pid)
          isNew = true
        }
      }
      if !hunt.isAnswered { hunt.count += members.filter { !hunt.direct.contains($0.pid) }.count }
      if isNew && now.since(hunt.began) < Sweeper.stopLimit {
        again = true
        return false
      }
      hunt.phase = .killing(emptyPasses: 0)
      for member in members { _ = kernel.signalMember(member, .kill) }
      return false
    case .killing(let emptyPasses):
      for member in members { _ = kernel.signalMember(member, .kill) }
      if members.isEmpty {
        if emptyPasses + 1 >= 2 { return true }
        hunt.phase = .killing(emptyPasses: emptyPasses + 1)
        again = true
      } else {
        hunt.phase = .killing(emptyPasses: 0)
      }
      return false
    }
  }
}
