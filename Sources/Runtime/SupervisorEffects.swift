import Model
import Supervision

// What Supervision decided is done here; what fails comes back as an event of the next turn.

extension Supervisor {
  mutating func performAll() {
    // Performing never handles an event, so the list does not change under the loop.
    for effect in effects { perform(effect) }
    effects.empty(keepingAtMost: 64)
  }

  mutating func perform(_ effect: Effect) {
    switch effect {
    case .spawn(let request): spawnQueue.append(request)
    case .kill(let order):
      cancelQueued(order)
      sweeper.kill(order, now: now.instant, children, &kernel, &pending)
    case .watchEmpty(let invocation): sweeper.watchEmpty(invocation, now: now.instant)
    case .countLeft(let invocation): sweeper.countLeft(invocation, children, &kernel, &pending)
    case .forget(let invocation):
      sweeper.forget(invocation)
      mainPIDs.forget(invocation, &kernel)
      outOfMemoryKills[invocation] = nil
      kernel.forget(invocation)
    case .arm(let deadline, let at): deadlines.arm(deadline, at: at)
    case .armWall(let deadline, let at):
      wallClock.arm(deadline, at: at)
      watchZone()
    case .disarm(let key): if key.kind == .calendar { wallClock.disarm(key) } else { deadlines.disarm(key) }
    case .readStamp(let unit, let name): stamps.add(.init(unit: unit, name: name, at: nil))
    case .writeStamp(let unit, let name, let at): stamps.add(.init(unit: unit, name: name, at: at))
    case .listen(let request): listen(request)
    case .watchListener(let unit, let id, let accepts): watchListener(unit, id, accepts: accepts)
    case .unwatchListener(let id): unwatchListener(id)
    case .flushListener(let id): kernel.flushListener(id)
    case .removeNodes(let paths): for path in paths { kernel.removeNode(path) }
    case .sendFile(let id, let path): kernel.sendFile(id, path: path)
    case .countConnections(let unit, let run, let ids):
      let (count, hadTraffic) = kernel.countConnections(ids)
      pending.append(.connections(unit, run: run, count: count, hadTraffic: hadTraffic))
    case .instantiate(let unit, let template, let name): instantiate(unit, template, name)
    case .watchPaths(let unit, let run, let specs, let makesDirectory, let looks):
      watchPaths(unit, run: run, specs, makesDirectory: makesDirectory, looks: looks)
    case .unwatchPaths(let unit): unwatchPaths(unit)
    case .reply(let id, let reply): control.reply(id, completed(reply), now: now.instant, &kernel, &requests)
    case .message(let severity, let text): say(severity, text)
    case .table(let bytes): kernel.say(bytes, mayWait: false)
    case .load(let purpose): load(purpose)
    case .notify(let bytes): kernel.notify(bytes)
    case .forward(let signal): forward(signal)
    case .commandStopped(let signal):
      if let command, let pid = children.pid(of: command) {
        // Under a shell a wrapper stops with what it wraps; with services, or as PID 1, nobody would continue it.
        kernel.commandStopped(pid, signal, suspendSelf: configuration.manager.isWrapper && !kernel.isInit)
      }
    case .takeTerminalBack: kernel.takeTerminalBack()
    case .findMainPID(let invocation, let query, let waits):
      mainPIDs.find(invocation, query, waitsForFile: waits, now: now.instant, children, &kernel, &pending)
    case .stopFindingMainPID(let invocation): mainPIDs.stop(invocation, &kernel)
    case .adopt(let key, let pid): mainPIDs.adopt(key, pid, children, &kernel, &pending)
    case .closeDescriptors(let ids): close(ids)
    case .watchDescriptor(let unit, let id): watch(id, of: unit)
    case .closeNotify(let unit): closeNotify(unit)
    case .check(let request): check(request)
    case .clean(let invocation, let paths): clean(invocation, paths)
    case .finalSweep: sweepBy = now.instant + Self.stampGrace
    case .leave(let status): exitStatus = status
    }
  }

  private mutating func load(_ purpose: LoadPurpose) {
    if case .applyBySignal = purpose {
      // Of SIGHUPs that wait one is enough: it reads what is there when its turn comes.
      for other in loadQueue { if case .applyBySignal = other { return } }
    }
    loadQueue.append(purpose)
  }

  mutating func forward(_ signal: Signal) {
    guard let command, let pid = children.pid(of: command) else { return forwardToQueued(signal) }
    if configuration.forwardsToGroup { _ = kernel.signalGroup(ofChild: pid, signal) } else { _ = kernel.signalChild(pid, signal) }
  }

  /// A report with what only the kernel knows: by what a service's processes are found.
  mutating func completed(_ reply: Reply) -> Reply {
    func filled(_ report: UnitReport) -> UnitReport {
      guard report.type == .service else { return report }
      report.containment = kernel.containment(ofOwnRTTime: false)
      return report
    }
    switch reply {
    case .unit(let report):
      let report = filled(report)
      report.properties.append("NeedDaemonReload=" + Bytes(needsReload(report) ? "yes" : "no"))
      return .unit(report)
    case .units(let reports): return .units(reports.map(filled))
    case .job, .done, .plan, .failed: return reply
    }
  }

  /// Asked of the files when somebody asks. Where systemd looks for a drop-in that has come since, its folder tells.
  private mutating func needsReload(_ report: UnitReport) -> Bool {
    guard let readAt = report.readAt, !report.fragmentPath.isEmpty else { return false }
    for path in [report.fragmentPath] + report.dropInPaths {
      guard let changed = kernel.changedAt(path) else { return true }
      if changed > readAt { return true }
    }
    for folder in ["/etc/systemd/system/", "/run/systemd/system/", "/etc/apus/"] as [StaticString] {
      if let changed = kernel.changedAt(Bytes(folder) + report.name + ".d"), changed > readAt { return true }
    }
    if let changed = kernel.changedAt(report.fragmentPath + ".d"), changed > readAt { return true }
    return false
  }

  mutating func say(_ severity: Severity, _ text: Bytes) {
    var line = Bytes("apus: ")
    if severity > .notice { line += Bytes(severity.name) + ": " }
    line += text
    line.append(10)
    kernel.say(line, mayWait: severity == .info)
  }
}
