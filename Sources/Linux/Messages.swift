import CLinux
import Model
import Runtime

/// apus's own messages on their way to stderr. The memory stays where it is, because a writer child reads it.
struct MessageRing {
  /// Of it only what was ever full at once is touched: an empty ring begins anew.
  static let capacity = 262_144
  /// A writer takes its time: it begins when so much waits.
  static let writerBegins = 32_768

  /// What may wait is written at most so long after what was written before it: of a storm of connections, each of which ends
  /// with a line, some go out together.
  static let hold = TimeSpan(milliseconds: 2)
  /// And not more of it than so much.
  static let holdMax = 4096

  /// How stderr is written; found by trying.
  enum Way: Equatable {
    case unknown, socket, nowait, writer
    /// Its reader is gone: everything is dropped.
    case broken
  }

  let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: MessageRing.capacity)
  var start = 0
  var count = 0
  /// Something in it may not wait.
  var isUrgent = false
  /// When it was last written.
  var writtenAt = Instant.zero
  var way = Way.unknown
  /// stderr is full; epoll tells once when it is not.
  var waitsForRoom = false
  var isWatched = false
  /// The child that writes the oldest `writing.count` bytes; 0: none.
  var writer: Int32 = 0
  /// How much of the writer's piece has left the ring already.
  var released = 0
  var writerFailed = false
  var writerStack: UnsafeMutableRawPointer?
  let writing = UnsafeMutablePointer<apus_writing>.allocate(capacity: 1)

  /// False when there is no room for all of it.
  mutating func append(_ bytes: Bytes) -> Bool {
    if bytes.count > MessageRing.capacity - count { return false }
    var position = (start + count) % MessageRing.capacity
    for byte in bytes {
      memory[position] = byte
      position = position + 1 == MessageRing.capacity ? 0 : position + 1
    }
    count += bytes.count
    return true
  }

  /// The oldest bytes that lie in one piece.
  var pieceCount: Int { min(count, MessageRing.capacity - start) }

  mutating func remove(_ removed: Int) {
    count -= removed
    start = count == 0 ? 0 : (start + removed) % MessageRing.capacity
  }

  /// Lines in the oldest `length` bytes.
  func lines(in length: Int) -> UInt64 {
    var lines: UInt64 = 0
    for offset in 0..<length where memory[(start + offset) % MessageRing.capacity] == 10 { lines += 1 }
    return lines
  }
}

extension LinuxKernel {
  /// Into the ring, and from there to stderr as far as that goes without waiting.
  public func say(_ bytes: Bytes, mayWait: Bool) {
    if !mayWait { ring.isUrgent = true }
    releaseWritten()
    if ring.way != .broken {
      if ring.way == .writer || ring.way == .unknown, ring.count > MessageRing.writerBegins { makeRoom() }
      if ring.append(bytes) { return }
      makeRoom()
      if ring.append(bytes) { return }
    }
    droppedMessages &+= 1
  }

  /// A turn that says more than the ring holds does not wait for its end.
  private func makeRoom() {
    if ring.writer != 0, ring.released == Int(ring.writing.pointee.count) {
      // All is written by that one, and it is about to end, if it has not: the next one need not wait until all are reaped.
      var end = apus_child_end(pid: 0, code: 0, status: 0)
      if apus_reap_child(ring.writer, &end) == 1 { writerEnded(.exited(0)) }
    }
    drain()
    if ring.count < MessageRing.capacity / 2 { sayWhatWasDropped() }
  }

  /// Writes what can be written now without waiting. `wait` calls it before it waits, so that a turn's messages go out
  /// together.
  func pumpMessages() {
    sayWhatWasDropped()
    if ring.count == 0 { return }
    drain()
    ring.isUrgent = false
    ring.writtenAt = seenNow
  }

  /// Whether all that is in the ring may wait, and was not there for long.
  var mayHoldMessages: Bool {
    ring.count > 0 && !ring.isUrgent && ring.count < MessageRing.holdMax && ring.way != .unknown && droppedMessages == saidDropped
      && seenNow.since(ring.writtenAt) < MessageRing.hold
  }

  private func drain() {
    while ring.count > 0, !ring.waitsForRoom, ring.writer == 0, !ring.writerFailed {
      let piece = ring.pieceCount
      switch ring.way {
      case .writer:
        startWriter(piece)
        return
      case .broken:
        dropMessages(ring.count)
        return
      case .unknown, .socket, .nowait: writeWithoutWaiting(piece)
      }
    }
  }

  /// Once there is room again, in the place of what is missing.
  private func sayWhatWasDropped() {
    guard droppedMessages != saidDropped, ring.way != .broken else { return }
    let dropped = droppedMessages &- saidDropped
    let line = "apus: warning: " + Bytes(decimal: dropped) + " messages were dropped, because nobody read them\n"
    if ring.append(line) { saidDropped = droppedMessages }
  }

  private func writeWithoutWaiting(_ piece: Int) {
    let bytes = UnsafePointer(ring.memory + ring.start)
    if ring.way == .unknown {
      let count = apus_send_nowait(2, bytes, UInt64(piece))
      ring.way = -count == Int64(Errno.ENOTSOCK) ? .nowait : .socket
      if ring.way == .socket { return wrote(count) }
    }
    wrote(ring.way == .socket ? apus_send_nowait(2, bytes, UInt64(piece)) : apus_write_nowait(2, bytes, UInt64(piece)))
  }

  private func wrote(_ count: Int64) {
    if count > 0 { return ring.remove(Int(count)) }
    switch Int32(truncatingIfNeeded: -count) {
    case Errno.EAGAIN: waitForRoom()
    // No such call, or none for this kind of file: terminals, regular files, FIFOs of old kernels.
    case Errno.EOPNOTSUPP, Errno.ENOSYS, Errno.EPERM, Errno.EINVAL: ring.way = .writer
    case Errno.ENOMEM, Errno.ENOBUFS:
      ring.writerFailed = true
      retryLater()
    default: ring.way = .broken
    }
  }

  private func waitForRoom() {
    let events = UInt32(APUS_WRITABLE) | UInt32(APUS_ONCE)
    let data = WatchKind.messages.rawValue << 56
    let result = ring.isWatched ? apus_epoll_change(epoll, 2, events, data) : apus_epoll_add(epoll, 2, events, data)
    if result == 0 {
      ring.isWatched = true
      ring.waitsForRoom = true
    } else {
      ring.way = .writer
    }
  }

  private func startWriter(_ piece: Int) {
    if ring.writerStack == nil { ring.writerStack = apus_stack_create(LinuxKernel.stackSize) }
    guard let stack = ring.writerStack else { return writerUnavailable() }
    ring.writing.initialize(
      to: apus_writing(
        bytes: UnsafePointer(ring.memory + ring.start), count: UInt32(piece), written: 0, descriptor: 2,
        close_limit: descriptorBound, failure: 0))
    var way = sharesMemory ? APUS_SPAWN_CLONE : APUS_SPAWN_FORK
    var pid = apus_spawn_writer(ring.writing, stack, Int32(way.rawValue))
    if -pid == Errno.ENOSYS || -pid == Errno.EPERM {
      way = APUS_SPAWN_FORK
      pid = apus_spawn_writer(ring.writing, stack, Int32(way.rawValue))
    }
    if pid < 0 { return writerUnavailable() }
    isChildless = false
    ring.writer = pid
    ring.released = 0
  }

  private func writerUnavailable() {
    ring.writerFailed = true
    retryLater()
  }

  /// What it wrote is gone from the ring; a failing one's rest is dropped, and a killed one's is written again.
  func writerEnded(_ status: ExitStatus) {
    releaseWritten()
    ring.writer = 0
    let rest = max(Int(ring.writing.pointee.count) - ring.released, 0)
    if status == .exited(0) { return ring.remove(rest) }
    if case .exited = status { dropMessages(rest) }
  }

  /// A writer tells its progress in memory that it shares with us: what is written makes room at once.
  private func releaseWritten() {
    guard ring.writer != 0 else { return }
    let written = Int(min(ring.writing.pointee.written, ring.writing.pointee.count))
    ring.remove(written - ring.released)
    ring.released = written
  }

  private func dropMessages(_ count: Int) {
    droppedMessages &+= ring.lines(in: count)
    ring.remove(count)
  }

  /// The last act before apus leaves: its cgroup folders and notify sockets go, and it waits until the messages are out, at most so long; the
  /// signals and children that come meanwhile are dropped.
  public func flushMessages(milliseconds: Int64) {
    cgroups?.removeAll()
    cgroups = nil
    removeNotifyFolder()
    let end = Instant(nanoseconds: apus_monotonic() + milliseconds * 1_000_000)
    var ignored: [Readiness] = []
    while true {
      pumpMessages()
      if ring.count == 0 || ring.way == .broken { return }
      if end.nanoseconds <= apus_monotonic() {
        // A writer that stands before a stopped terminal does not outlive us.
        if ring.writer > 0 { _ = apus_kill(ring.writer, Signal.kill.number) }
        return
      }
      ignored.removeAll()
      wait(until: end, into: &ignored)
      while nextSignal() != nil {}
      while reap() != nil {}
    }
  }

  /// One datagram to apus's own NOTIFY_SOCKET; kept for later when the receiver's queue is full.
  public func notify(_ text: Bytes) {
    guard notifySocket >= 0, unsentNotes.count < LinuxKernel.notesMax else { return }
    unsentNotes.append(text)
    sendNotes()
  }

  /// A receiver whose queue is full gets the rest when there is room: a READY must not be lost.
  func sendNotes() {
    while let text = unsentNotes.first {
      let result = apus_send_nowait(notifySocket, text, UInt64(text.count))
      if -result == Int64(Errno.EAGAIN) {
        let events = UInt32(APUS_WRITABLE) | UInt32(APUS_ONCE)
        let data = WatchKind.notify.rawValue << 56
        if apus_epoll_change(epoll, notifySocket, events, data) < 0 { _ = apus_epoll_add(epoll, notifySocket, events, data) }
        return
      }
      unsentNotes.removeFirst()
    }
  }
}
