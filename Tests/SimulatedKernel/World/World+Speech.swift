#if !EMBEDDED
import Model
import Runtime

// Programs that talk to apus, daemons that leave their parent, and apus's own helpers.

extension World {
  /// What a program that has just been executed will say, and when.
  func speak(_ process: VirtualProcess) {
    let program = process.program
    func at(_ range: ClosedRange<Int64>?, _ step: Step) {
      guard let range else { return }
      let span = random.within(range)
      if span == 0 { soonOrNow(process, step) } else { later(.process(process.serial, step), ms: span) }
    }
    at(program.readyMs, .say(program.readyText))
    at(program.stoppingMs, .say("STOPPING=1"))
    at(program.readyLineMs, .readyLine)
    at(program.triggerMs, .say("WATCHDOG=trigger"))
    if let watch = program.watchMs {
      if let stop = program.watchStopMs { process.feedsUntil = clock + random.within(stop) * 1_000_000 }
      later(.process(process.serial, .feed), ms: random.within(watch))
    }
    if program.storeCount > 0 { at(0...200, .store(program.storeCount)) }
    if let path = program.pidFile, program.forksMs == nil { at(program.pidFileMs ?? 0...50, .writePID(path)) }
    at(program.forksMs, .forkMain)
    if !process.listeners.isEmpty { at(program.serveMs, .serve) }
    if program.chats > 0 { at(0...2000, .chat(program.chats)) }
  }

  /// Everything that a datagram may hold, right and wrong.
  static let chatter = [
    "STATUS=busy", "ERRNO=5", "EXTEND_TIMEOUT_USEC=700000", "RELOADING=1\nMONOTONIC_USEC=1", "READY=1", "WATCHDOG=1",
    "WATCHDOG_USEC=900000", "NOTIFYACCESS=all", "NOTIFYACCESS=none", "MAINPID=1", "MAINPID=99999999", "BARRIER=1", "FDSTORE=1",
    "FDSTOREREMOVE=1\nFDNAME=stored", "WATCHDOG=trigger", "RELOADING=1\nMONOTONIC_USEC=999999999999", "READY=1", "STOPPING=1", "X_OTHER=1",
    "", "STOPPING=1", "BUSERROR=org.example.Error", "STATUS=", "nonsense",
  ]

  func chat(_ process: VirtualProcess, _ left: Int) {
    send(random.chance(perMille: 30) ? "MAINPID=\(ownPID)" : random.pick(World.chatter), from: process)
    if left > 1 { later(.process(process.serial, .chat(left - 1)), ms: random.within(0...1500)) }
  }

  func feed(_ process: VirtualProcess) {
    if let until = process.feedsUntil, clock >= until { return }
    send("WATCHDOG=1", from: process)
    if let watch = process.program.watchMs { later(.process(process.serial, .feed), ms: random.within(watch)) }
  }

  func store(_ process: VirtualProcess, _ count: Int) {
    let name = random.pick(["stored", "a", "b"])
    let poll = random.chance(perMille: 300) ? "\nFDPOLL=0" : ""
    send("FDSTORE=1\nFDNAME=\(name)\(poll)", from: process, descriptors: count)
  }

  /// Traditional daemons: the first process makes the one that stays, and ends.
  func forkMain(_ process: VirtualProcess) {
    var child = Program()
    let program = process.program
    child.term = program.daemonTerm
    child.lifeMs = program.daemonLifeMs
    child.ends = program.daemonEnds
    child.chats = program.daemonChats
    child.hasLastWords = program.hasLastWords
    child.writesWrongPID = program.writesWrongPID
    child.serveMs = program.serveMs
    let before = nextSerial
    fork(process, child, escapes: true, doubleForks: random.chance(perMille: 300))
    guard nextSerial > before, let daemon = bySerial[nextSerial - 1] else { return }
    if let pace = program.serveMs, !daemon.listeners.isEmpty { later(.process(daemon.serial, .serve), ms: random.within(pace)) }
    if let path = program.pidFile {
      later(.process(daemon.serial, .writePID(path)), ms: random.within(program.pidFileMs ?? 0...5))
    }
    if program.saysMainPID { send("MAINPID=\(daemon.pid)" + (program.readyMs == nil ? "\nREADY=1" : ""), from: process) }
    later(.process(process.serial, .end), ms: random.within(0...20))
  }

  /// SIGHUP of a notify-reload service.
  func announceReload(_ process: VirtualProcess, _ span: ClosedRange<Int64>) {
    // Some forget the time stamp, some never come back.
    let stamp = random.chance(perMille: 900) ? "\nMONOTONIC_USEC=\(clock / 1000)" : ""
    send("RELOADING=1" + stamp, from: process)
    if random.chance(perMille: 900) { later(.process(process.serial, .say("READY=1")), ms: random.within(span)) }
  }

  /// apus as its own helper: what it was asked, and how that ends.
  func helper(_ arguments: [Bytes]) -> Program {
    var program = Program()
    program.lifeMs = 0...30
    if strikes("a helper hangs", perMille: faults.helperHangs) { program.lifeMs = 20_000...90_000 }
    let task = arguments.count > 1 ? arguments[1] : []
    switch task {
    case "remove":
      for path in arguments.dropFirst(2) {
        if path.starts(with: "file:".bytes) { files.remove(Bytes(path.dropFirst(5))) } else { files.removeTree(path) }
      }
      if random.chance(perMille: 20) { program.ends = [.exited(1)] }
    case "conditions":
      // The number of the first that does not hold.
      program.ends = random.chance(perMille: 750) ? [.exited(0)] : [.exited(UInt8(1 + random.below(max(arguments.count - 2, 1))))]
      if random.chance(perMille: 20) { program.ends = [.exited(255), .killed(.kill)] }
    case "probe-tcp", "probe-http":
      program.ends = random.chance(perMille: 800) ? [.exited(0)] : [.exited(1)]
      if random.chance(perMille: 50) { program.lifeMs = nil }
    default: break
    }
    return program
  }
}
#endif
