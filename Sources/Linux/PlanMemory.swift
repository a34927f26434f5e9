import CLinux
import Model
import Runtime

/// One block of memory that holds a child's whole plan. It belongs to the child until its exec-status
/// pipe has ended or, of a quiet one, `before_exec` is 0.
struct PlanMemory {
  let block: UnsafeMutableRawPointer
  let plan: UnsafeMutablePointer<apus_plan>
  private var used: Int
  private var pidStrings: [UnsafeMutablePointer<UInt8>] = []
  private let size: Int

  private typealias List = UnsafePointer<UnsafePointer<UInt8>?>

  /// What a plan needs besides what it says itself.
  struct Context {
    var inherited: InheritedState
    var inheritedDescriptors: [Int32]
    var tag: UInt64
    /// Signals whose disposition is not the default in apus.
    var changed: UInt64
    var tagIsSoftOnly: Bool
    var terminal: Int32
    /// -1: the child writes what keeps it from its exec into the plan.
    var report: Int32
    /// apus's own executable, for a helper.
    var executable: Int32 = -1
    /// The write end of the pipe of `ReadyFd=`.
    var ready: Int32 = -1
    /// In the order in which they are placed.
    var passed: [Int32] = []
    /// Behind them for the streams, but not placed.
    var socket: Int32 = -1
    var closeLimit: Int32
    var pid: Int32
    var forked: Bool
    var cgroupProcs: Bytes
  }

  init(_ source: SpawnPlan, _ context: Context) {
    size = PlanMemory.sizeNeeded(source, context)
    block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    block.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    plan = block.bindMemory(to: apus_plan.self, capacity: 1)
    used = PlanMemory.rounded(MemoryLayout<apus_plan>.size)
    fillCommand(source, context)
    fillWorld(source, context)
    fillStreams(source)
    fillDescriptors(source, context)
    fillPrivileges(source)
    fillScheduling(source)
    fillDirectories(source)
    fillTerminal(source)
    if source.inheritsEverything { fillInherited(context) }
  }

  func free() { block.deallocate() }

  // MARK: What is laid out

  private mutating func fillCommand(_ source: SpawnPlan, _ context: Context) {
    plan.pointee.candidates = list(source.candidates)
    plan.pointee.arguments = list(source.arguments)
    // COMMAND inherits a LISTEN_PID that was apus's own.
    let ownPid: Bytes = "LISTEN_PID=" + Bytes(decimal: context.pid)
    plan.pointee.environment = list(
      source.environment.map { source.inheritsEverything && $0 == ownPid ? "LISTEN_PID=" + SpawnPlan.pidMark : $0 })
    let marked = take((pidStrings.count + 1) * 8).bindMemory(to: Optional<UnsafeMutablePointer<UInt8>>.self, capacity: pidStrings.count + 1)
    for (index, text) in pidStrings.enumerated() { marked[index] = text }
    marked[pidStrings.count] = nil
    plan.pointee.pid_strings = UnsafePointer(marked)
  }

  private mutating func fillDescriptors(_ source: SpawnPlan, _ context: Context) {
    plan.pointee.executable = context.executable
    plan.pointee.ready = context.ready
    plan.pointee.ready_target = source.readyDescriptor ?? -1
    plan.pointee.passed = numbers(context.passed + [context.socket])
    plan.pointee.socket = context.socket
    plan.pointee.passed_count = UInt32(context.passed.count)
    plan.pointee.activated_count = UInt32(source.activatedDescriptors)
    plan.pointee.non_blocking = source.descriptorsNonBlocking ? 1 : 0
    let needed = PlanMemory.needed(context)
    plan.pointee.needed = UnsafePointer(numbers(needed))
    plan.pointee.needed_count = UInt32(needed.count)
  }

  /// What the child uses from 3 on: ascending, each once.
  private static func needed(_ context: Context) -> [Int32] {
    var result: [Int32] = []
    for descriptor in sortedNumbers([context.report, context.executable, context.ready, context.socket] + context.passed)
    where descriptor > 2 && descriptor != result.last {
      result.append(descriptor)
    }
    return result
  }

  private mutating func numbers(_ values: [Int32]) -> UnsafeMutablePointer<Int32> {
    let memory = take(values.count * 4).bindMemory(to: Int32.self, capacity: values.count)
    for (index, value) in values.enumerated() { memory[index] = value }
    return memory
  }

  private mutating func fillWorld(_ source: SpawnPlan, _ context: Context) {
    plan.pointee.report = context.report
    plan.pointee.terminal = -1
    plan.pointee.close_limit = context.closeLimit
    plan.pointee.forked = context.forked ? 1 : 0
    plan.pointee.ignored = source.ignoreSIGPIPE ? FirstActs.bit(.pipe) : 0
    plan.pointee.changed = context.changed
    plan.pointee.umask = source.umask
    plan.pointee.tag = context.tag
    plan.pointee.tag_soft_only = context.tagIsSoftOnly ? 1 : 0
    if !source.workingDirectory.isEmpty { plan.pointee.folder = string(source.workingDirectory) }
    plan.pointee.folder_optional = source.workingDirectoryOptional ? 1 : 0
    if !context.cgroupProcs.isEmpty { plan.pointee.cgroup_procs = string(context.cgroupProcs) }
    if let value = source.oomScoreAdjust { plan.pointee.oom_score_adjust = string(Bytes(decimal: value)) }
    if let value = source.nice {
      plan.pointee.nice = value
      plan.pointee.has_nice = 1
    }
    if let value = source.uid {
      plan.pointee.uid = value
      plan.pointee.has_uid = 1
    }
    if let value = source.gid {
      plan.pointee.gid = value
      plan.pointee.has_gid = 1
    }
    if let groups = source.groups { fillGroups(groups) }
    fillLimits(PlanMemory.limits(source, context))
    if let failure = source.presetFailure {
      plan.pointee.preset_stage = Int32(failure.stage.rawValue)
      plan.pointee.preset_errno = failure.errno
    }
  }

  private mutating func fillGroups(_ groups: [UInt32]) {
    let memory = take(groups.count * 4).bindMemory(to: UInt32.self, capacity: groups.count)
    for (index, group) in groups.enumerated() { memory[index] = group }
    plan.pointee.groups = UnsafePointer(memory)
    plan.pointee.group_count = UInt32(groups.count)
    plan.pointee.has_groups = 1
  }

  /// The limits a child gets: apus's own raised NOFILE goes back unless the unit sets it.
  private static func limits(_ source: SpawnPlan, _ context: Context) -> [LimitSetting] {
    var limits = source.limits
    if !limits.contains(where: { $0.resource == .nofile }) {
      limits.append(LimitSetting(resource: .nofile, limit: context.inherited.openFiles))
    }
    return limits
  }

  private mutating func fillLimits(_ limits: [LimitSetting]) {
    let stride = MemoryLayout<apus_limit>.stride
    let memory = take(limits.count * stride).bindMemory(to: apus_limit.self, capacity: limits.count)
    for (index, setting) in limits.enumerated() {
      memory[index] = apus_limit(
        soft: setting.limit.soft, hard: setting.limit.hard, resource: Int32(setting.resource.rawValue))
    }
    plan.pointee.limits = UnsafePointer(memory)
    plan.pointee.limit_count = UInt32(limits.count)
  }

  private mutating func fillStreams(_ source: SpawnPlan) {
    let input = stream(source.stdin, flagsNull: apus_flags_read())
    let output = stream(source.stdout, flagsNull: apus_flags_write())
    let error = stream(source.stderr, flagsNull: apus_flags_write())
    plan.pointee.streams = (input, output, error)
  }

  private mutating func stream(_ stream: StreamPlan, flagsNull: Int32) -> apus_stream {
    switch stream {
    case .inherit: return other(APUS_STREAM_KEEP)
    case .sameAsStdout: return other(APUS_STREAM_SAME_AS, 1)
    case .sameAsStdin: return other(APUS_STREAM_SAME_AS, 0)
    case .null: return opened(Bytes("/dev/null"), flagsNull)
    case .read(let path): return opened(path, apus_flags_read())
    case .readWrite(let path): return opened(path, apus_flags_read_write())
    case .write(let path): return opened(path, apus_flags_write())
    case .append(let path): return opened(path, apus_flags_append())
    case .truncate(let path): return opened(path, apus_flags_truncate())
    case .terminal: return other(APUS_STREAM_TERMINAL)
    case .descriptor(let index): return other(APUS_STREAM_DESCRIPTOR, Int32(index))
    case .data(let bytes):
      plan.pointee.data = string(bytes)
      plan.pointee.data_count = UInt64(bytes.count)
      return other(APUS_STREAM_DATA)
    }
  }

  private func other(_ kind: apus_stream_kind, _ descriptor: Int32 = -1) -> apus_stream {
    apus_stream(kind: Int32(kind.rawValue), flags: 0, descriptor: descriptor, path: nil)
  }

  private mutating func opened(_ path: Bytes, _ flags: Int32) -> apus_stream {
    apus_stream(kind: Int32(APUS_STREAM_OPEN.rawValue), flags: flags, descriptor: -1, path: string(path))
  }

  /// COMMAND: everything as apus found it.
  private mutating func fillInherited(_ context: Context) {
    plan.pointee.inherits = 1
    plan.pointee.mask = context.inherited.mask
    plan.pointee.ignored = context.inherited.ignored
    plan.pointee.umask = context.inherited.umask
    plan.pointee.terminal = context.terminal
    plan.pointee.kept = UnsafePointer(numbers(context.inheritedDescriptors))
    plan.pointee.kept_count = UInt32(context.inheritedDescriptors.count)
  }

  // MARK: Memory

  private static func rounded(_ size: Int) -> Int { (size + 15) & ~15 }

  /// Never less than what the fill functions take.
  private static func sizeNeeded(_ source: SpawnPlan, _ context: Context) -> Int {
    var size = rounded(MemoryLayout<apus_plan>.size)
    for strings in [source.candidates, source.arguments, source.environment] {
      size += rounded((strings.count + 1) * 8)
      for string in strings { size += rounded(string.count + 1) + 32 }
    }
    for path in [source.workingDirectory, context.cgroupProcs] { size += rounded(path.count + 1) }
    for stream in [source.stdin, source.stdout, source.stderr] {
      switch stream {
      case .null, .inherit, .sameAsStdout, .sameAsStdin, .terminal, .descriptor: size += 32
      case .data(let bytes): size += rounded(bytes.count + 1)
      case .read(let path), .readWrite(let path), .write(let path), .append(let path), .truncate(let path):
        size += rounded(path.count + 1)
      }
    }
    size += rounded((source.groups?.count ?? 0) * 4) + rounded(context.inheritedDescriptors.count * 4)
    size += rounded((context.passed.count + 1) * 4) + rounded((context.passed.count + 4) * 4)
    size += sizeOfWorld(source)
    // Of strings that hold the child's pid.
    size += rounded((source.arguments.count + source.environment.count + 1) * 8)
    return size + rounded((source.limits.count + 1) * MemoryLayout<apus_limit>.stride) + 64
  }

  private static func sizeOfWorld(_ source: SpawnPlan) -> Int {
    var size = rounded(source.rootDirectory.count + 1) + rounded((source.terminal?.path.count ?? 0) + 1) + 64
    size += affinityWords(source.scheduling.affinity) * 8 + 16
    size += rounded(source.directories.count * MemoryLayout<apus_directory>.stride)
    size += rounded(source.links.count * MemoryLayout<apus_link>.stride)
    for directory in source.directories {
      for path in [directory.path, directory.old, directory.oldLink] { size += rounded(path.count + 1) }
    }
    for link in source.links { size += rounded(link.path.count + 1) + rounded(link.target.count + 1) }
    return size
  }

  mutating func take(_ count: Int) -> UnsafeMutableRawPointer {
    let start = used
    used += PlanMemory.rounded(count)
    if used > size { invariant("a spawn plan outgrew its memory") }
    return block + start
  }

  private mutating func pointers(_ count: Int) -> UnsafeMutablePointer<UnsafePointer<UInt8>?> {
    let memory = take((count + 1) * 8).bindMemory(to: Optional<UnsafePointer<UInt8>>.self, capacity: count + 1)
    memory[count] = nil
    return memory
  }

  private mutating func list(_ strings: [Bytes]) -> List {
    let memory = pointers(strings.count)
    for (index, text) in strings.enumerated() {
      let copy = writable(text)
      if text.contains(SpawnPlan.pidMark[0]) { pidStrings.append(copy) }
      memory[index] = UnsafePointer(copy)
    }
    return List(memory)
  }

  mutating func string(_ bytes: Bytes) -> UnsafePointer<UInt8> { UnsafePointer(writable(bytes)) }

  mutating func writable(_ bytes: Bytes) -> UnsafeMutablePointer<UInt8> {
    let memory = take(bytes.count + 1).bindMemory(to: UInt8.self, capacity: bytes.count + 1)
    copy(bytes, to: memory)
    return memory
  }

  private func copy(_ bytes: Bytes, to memory: UnsafeMutablePointer<UInt8>) {
    bytes.withUnsafeBufferPointer { if let start = $0.baseAddress { memory.update(from: start, count: $0.count) } }
    memory[bytes.count] = 0
  }
}
