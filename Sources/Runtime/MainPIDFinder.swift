import Model
import Supervision

/// Looks for main processes that apus did not fork as such: by PID file, by guess, or because the service named one
/// (units.md c.3), and follows them when they are adopted.
struct MainPIDFinder {
  /// Where a path cannot be watched (inotify is used up), it is looked at so often.
  static let pause = TimeSpan(milliseconds: 250)

  /// A PID file that is waited for.
  private struct Wait {
    var invocation: Invocation
    var path: Bytes
    /// What was told last.
    var told: MainPIDOutcome
    var nextLook = Instant.never
  }

  /// One that was found and not adopted yet: it may end in between, and its status must not be lost.
  private struct Candidate {
    var invocation: Invocation
    var pid: Int32
    var status: ExitStatus? = nil
  }

  /// apus's own helpers: nobody's main process, whatever a file says.
  var helpers: [Int32] = []
  private var waits: [Wait] = []
  private var candidates: [Candidate] = []

  /// When it wants to look again.
  var wake: Instant {
    var wake = Instant.never
    for wait in waits { wake = min(wake, wait.nextLook) }
    return wake
  }

  // MARK: Looking

  /// Answers now; with `waitsForFile` also whenever something else is found. Another question in between (MAINPID= of a
  /// service that waits for its PID file) leaves that wait as it is.
  mutating func find(
    _ invocation: Invocation, _ query: MainPIDQuery, waitsForFile: Bool, now: Instant, _ children: ChildTable,
    _ kernel: inout some Kernel, _ events: inout [Event]
  ) {
    switch query {
    case .guess:
      let members = kernel.directMembers(invocation, roots: children.known).filter { pid in
        children.find(pid).map { $0.key.role == .main } ?? true
      }
      let outcome = members.count == 1 ? MainPIDOutcome.found(pid: members[0]) : .absent
      tell(invocation, .guess, outcome, &events)
    case .verify(let pid, let byRoot):
      tell(invocation, .notify, verified(pid, invocation, byRoot ? .owned : .foreign, nil, children, &kernel), &events)
    case .file(let path):
      stop(invocation, &kernel)
      // Watched before it is read, so that no change falls between.
      let isWatched = waitsForFile && kernel.watchPath(invocation.unit, path)
      let outcome = look(path, invocation, children, &kernel)
      tell(invocation, .pidFile, outcome, &events)
      if waitsForFile {
        waits.append(
          Wait(invocation: invocation, path: path, told: outcome, nextLook: isWatched ? .never : now + MainPIDFinder.pause))
      }
    }
  }

  /// Nobody asks any more.
  mutating func stop(_ invocation: Invocation, _ kernel: inout some Kernel) {
    if let index = waits.firstIndex(where: { $0.invocation == invocation }) {
      waits.remove(at: index)
      kernel.unwatchPath(invocation.unit)
    }
  }

  /// The run is over.
  mutating func forget(_ invocation: Invocation, _ kernel: inout some Kernel) {
    stop(invocation, &kernel)
    candidates.removeAll { $0.invocation == invocation }
  }

  /// Something changed where a unit's PID file is to come.
  mutating func pathChanged(_ unit: UnitID, _ children: ChildTable, _ kernel: inout some Kernel, _ events: inout [Event]) {
    for index in waits.indices where waits[index].invocation.unit == unit { lookAgain(index, children, &kernel, &events) }
  }

  /// Looks at what cannot be watched.
  mutating func step(now: Instant, _ children: ChildTable, _ kernel: inout some Kernel, _ events: inout [Event]) {
    for index in waits.indices where waits[index].nextLook <= now {
      waits[index].nextLook = now + MainPIDFinder.pause
      lookAgain(index, children, &kernel, &events)
    }
  }

  private mutating func lookAgain(_ index: Int, _ children: ChildTable, _ kernel: inout some Kernel, _ events: inout [Event]) {
    let wait = waits[index]
    let outcome = look(wait.path, wait.invocation, children, &kernel)
    // A file that went away again is no news for whoever waits for it.
    if outcome == wait.told || outcome == .absent { return }
    waits[index].told = outcome
    tell(wait.invocation, .pidFile, outcome, &events)
  }

  private func look(
    _ path: Bytes, _ invocation: Invocation, _ children: ChildTable, _ kernel: inout some Kernel
  ) -> MainPIDOutcome {
    switch kernel.readPIDFile(path) {
    case .absent: return .absent
    case .refused(let reason): return .refused(text("PID file \(path): \(reason)"))
    case .pid(let pid, let trust): return verified(pid, invocation, trust, path, children, &kernel)
    }
  }

  /// Alive, neither apus nor PID 1 nor the control process; of the unit, or vouched for by root.
  private func verified(
    _ pid: Int32, _ invocation: Invocation, _ trust: PIDFileTrust, _ path: Bytes?, _ children: ChildTable,
    _ kernel: inout some Kernel
  ) -> MainPIDOutcome {
    let source = path.map { text("PID file \($0): ") } ?? []
    if helpers.contains(pid) { return .refused(text("\(source)process \(pid) is a helper of apus")) }
    switch kernel.relation(of: pid, to: invocation, roots: children.known) {
    case .gone, .unreaped: return .refused(text("\(source)process \(pid) does not exist"))
    case .supervisor: return .refused(text("\(source)process \(pid) is \(pid == 1 ? "PID 1" : "apus itself")"))
    case .member:
      if let child = children.find(pid), child.key.role != .main {
        return .refused(text("\(source)process \(pid) is the control process"))
      }
      return .found(pid: pid)
    case .stranger:
      #if PLANTED
      if plantedBug == 30 { return .found(pid: pid) }
      #endif
      switch trust {
      case .owned: return .found(pid: pid)
      case .foreign:
        let owner: StaticString = path == nil ? "and root did not send it" : "and the file is not owned by root"
        return .refused(text("\(source)process \(pid) does not belong to the service, \(owner)"))
      case .unsafePath:
        return .refused(
          text("\(source)process \(pid) does not belong to the service, and a link or folder on the way to the file is not root's"))
      }
    }
  }

  private mutating func tell(
    _ invocation: Invocation, _ source: MainPIDSource, _ outcome: MainPIDOutcome, _ events: inout [Event]
  ) {
    if case .found(let pid) = outcome {
      candidates.removeAll { $0.invocation == invocation }
      candidates.append(Candidate(invocation: invocation, pid: pid))
    }
    events.append(.mainPID(invocation, source, outcome))
  }

  // MARK: Adopting

  /// A child that apus did not know ended: if it was found before, whoever adopts it learns how.
  mutating func ended(_ pid: Int32, _ status: ExitStatus) {
    for index in candidates.indices where candidates[index].pid == pid && candidates[index].status == nil {
      candidates[index].status = status
    }
  }

  /// From here on its end is that of the key.
  mutating func adopt(
    _ key: ProcessKey, _ pid: Int32, _ children: ChildTable, _ kernel: inout some Kernel, _ events: inout [Event]
  ) {
    if let index = candidates.firstIndex(where: { $0.invocation == key.invocation && $0.pid == pid }) {
      if let status = candidates.remove(at: index).status { return events.append(.exited(key, status)) }
    }
    if let known = children.find(pid) {
      if known.key.invocation == key.invocation { return children.adopt(pid, key, isChild: true) }
      // Another run's process, which it stays: its end is watched besides.
      return follow(key, pid, children, &kernel, &events)
    }
    switch kernel.relation(of: pid, to: key.invocation, roots: children.known) {
    case .member(isChild: true), .stranger(isChild: true), .unreaped: children.adopt(pid, key, isChild: true)
    case .member(isChild: false), .stranger(isChild: false):
      follow(key, pid, children, &kernel, &events)
    case .gone, .supervisor: events.append(.exited(key, .exited(0)))
    }
  }

  /// No child of apus's, or not only of this run: nobody tells with which status it ends.
  private func follow(
    _ key: ProcessKey, _ pid: Int32, _ children: ChildTable, _ kernel: inout some Kernel, _ events: inout [Event]
  ) {
    if kernel.watchProcess(pid) { children.adopt(pid, key, isChild: false) } else { events.append(.exited(key, .exited(0))) }
  }
}
