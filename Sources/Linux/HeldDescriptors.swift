import CLinux
import Model
import Runtime

/// The descriptors that apus holds for services: those of datagrams, and what became of them in a unit's store.
struct HeldDescriptors {
  /// Of all units together; what would be more is refused. Far below any limit of open files that apus gives itself.
  static let max = 4096

  /// A class, with one owner, because a table of references is less code.
  private final class Held {
    let descriptor: Int32
    /// What fstat(2) says of it, asked once: most that differ differ in that, and need no further call.
    lazy var status: apus_status = {
      var status = apus_status()
      _ = apus_status_of(descriptor, &status)
      return status
    }()
    var watch = HeldWatch.none
    /// Whose listener it is, while it is watched as one.
    var unit: UnitID? = nil
    var hadTraffic = false
    /// Of a listener: what its connections get, too.
    let options: ListenSettings?

    init(_ descriptor: Int32, options: ListenSettings?) {
      self.descriptor = descriptor
      self.options = options
    }
  }

  private var table = Table<UInt32, Held>()
  private var next: UInt32 = 1

  var isFull: Bool { table.count >= HeldDescriptors.max }

  /// All of them, or nil where that would be too many.
  mutating func hold(_ descriptors: ArraySlice<Int32>, options: ListenSettings? = nil) -> [DescriptorID]? {
    guard table.count + descriptors.count <= HeldDescriptors.max else { return nil }
    var ids: [DescriptorID] = []
    for descriptor in descriptors {
      table[next] = Held(descriptor, options: options)
      ids.append(DescriptorID(next))
      next &+= 1
    }
    return ids
  }

  /// The descriptor itself.
  func find(_ id: DescriptorID) -> Int32? { table[id.number]?.descriptor }

  /// kcmp(2); where a container's seccomp profile refuses that, a socket is still known by its inode, which no other
  /// open socket has. Of anything else two opens look alike: it counts as another one.
  func isSameFile(_ one: DescriptorID, _ other: DescriptorID) -> Bool {
    guard let first = table[one.number], let second = table[other.number] else { return false }
    guard first.status.inode == second.status.inode, first.status.device == second.status.device else { return false }
    let result = apus_compare_files(first.descriptor, second.descriptor)
    if result >= 0 { return result == 0 }
    return first.status.mode & 0o170000 == 0o140000
  }

  func watch(_ id: DescriptorID) -> HeldWatch { table[id.number]?.watch ?? .none }
  func unit(_ id: DescriptorID) -> UnitID? { table[id.number]?.unit }
  func options(_ id: DescriptorID) -> ListenSettings? { table[id.number]?.options }

  func setWatch(_ id: DescriptorID, _ watch: HeldWatch, _ unit: UnitID?) {
    guard let held = table[id.number] else { return }
    held.watch = watch
    held.unit = unit
  }

  /// What there was since the last call, and what there is from now on.
  func exchangeTraffic(_ id: DescriptorID, _ new: Bool) -> Bool {
    guard let held = table[id.number] else { return false }
    defer { held.hadTraffic = new }
    return held.hadTraffic
  }

  /// Out of the table; whether it was watched.
  mutating func take(_ id: DescriptorID) -> (descriptor: Int32, isWatched: Bool)? {
    guard let held = table.removeValue(forKey: id.number) else { return nil }
    return (held.descriptor, held.watch != .none)
  }
}

extension LinuxKernel {
  /// Nobody wants it any more.
  public func closeDescriptor(_ id: DescriptorID) {
    guard let (descriptor, isWatched) = heldDescriptors.take(id) else { return }
    if isWatched { unwatchAndClose(descriptor) } else { _ = apus_close(descriptor) }
  }

  /// Whether both are one open file.
  public func isSameFile(_ one: DescriptorID, _ other: DescriptorID) -> Bool { heldDescriptors.isSameFile(one, other) }

  /// Errors and hang-ups are always told, and once is enough. A regular file cannot be watched: it has no other end.
  public func watchDescriptor(_ id: DescriptorID) -> Bool {
    guard let descriptor = heldDescriptors.find(id) else { return false }
    let data = WatchKind.held.rawValue << 56 | UInt64(id.number)
    guard apus_epoll_add(epoll, descriptor, UInt32(APUS_ONCE), data) == 0 else { return false }
    heldDescriptors.setWatch(id, .hangUp, nil)
    return true
  }
}

// MARK: ReadyFd=

extension LinuxKernel {
  /// Looks at the read end of the pipe of `ReadyFd=` of a new child from now on.
  func watchReady(_ pid: Int32, _ descriptor: Int32) {
    if let old = readyPipes[pid] { unwatchAndClose(old) }
    readyPipes[pid] = descriptor
    watch(descriptor, APUS_READABLE, .readyPipe, UInt32(bitPattern: pid))
  }

  /// A newline anywhere in what was written so far says ready, as in s6.
  public func readyReport(_ pid: Int32) -> ReadyReport {
    guard let pipe = readyPipes[pid] else { return .closed }
    var buffer = Bytes(repeating: 0, count: 512)
    // Whoever writes without end and without a newline is looked at again in the next turn.
    for _ in 0..<16 {
      let count = apus_read(pipe, &buffer, UInt64(buffer.count))
      if -count == Int64(Errno.EAGAIN) { return .pending }
      if count > 0, !buffer[0..<Int(count)].contains(10) { continue }
      readyPipes[pid] = nil
      unwatchAndClose(pipe)
      return count > 0 ? .ready : .closed
    }
    return .pending
  }

  /// What an ended helper wrote; the pipe is closed.
  public func takeOutput(_ pid: Int32) -> Bytes {
    guard let pipe = readyPipes.removeValue(forKey: pid) else { return [] }
    defer { _ = apus_close(pipe) }
    var buffer = Bytes(repeating: 0, count: 4096)
    let count = apus_read(pipe, &buffer, UInt64(buffer.count))
    return count > 0 ? Bytes(buffer[0..<Int(count)]) : []
  }
}
