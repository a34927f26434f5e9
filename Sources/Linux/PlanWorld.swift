import CLinux
import Model
import Runtime

// What units.md c.9 to c.11 add to a child's plan: privileges, scheduling, directories, the terminal.

extension PlanMemory {
  /// Of `CPUAffinity=`: a kernel of 8,192 CPUs is the largest there is.
  static let cpuMax: UInt32 = 8191

  mutating func fillPrivileges(_ source: SpawnPlan) {
    if let set = source.privileges.boundingSet {
      plan.pointee.has_bounding_set = 1
      plan.pointee.bounding_set = set.bits
    }
    plan.pointee.ambient_set = source.privileges.ambientSet?.bits ?? 0
    plan.pointee.secure_bits = source.privileges.secureBits
    plan.pointee.no_new_privileges = source.privileges.noNewPrivileges ? 1 : 0
    if !source.rootDirectory.isEmpty { plan.pointee.root = string(source.rootDirectory) }
  }

  mutating func fillScheduling(_ source: SpawnPlan) {
    let wanted = source.scheduling
    plan.pointee.scheduling_policy = -1
    if wanted.policy != nil || wanted.priority != 0 || wanted.resetOnFork {
      let policy = wanted.policy ?? .other
      let isRealTime = policy == .fifo || policy == .roundRobin
      plan.pointee.scheduling_policy = Int32(policy.rawValue) | (wanted.resetOnFork ? 0x4000_0000 : 0)
      // The kernel's lowest, as systemd fills it in.
      plan.pointee.scheduling_priority = isRealTime ? max(wanted.priority, 1) : wanted.priority
    }
    plan.pointee.io_priority = PlanMemory.ioPriority(wanted)
    plan.pointee.timer_slack = wanted.timerSlack ?? 0
    if let personality = source.personality {
      plan.pointee.has_personality = 1
      plan.pointee.personality = personality
    }
    if let filter = source.coredumpFilter { plan.pointee.coredump_filter = string("0x" + Bytes(hex: UInt64(filter))) }
    fillAffinity(wanted.affinity)
  }

  /// Best effort and its middle are what is not said; `none` is the same.
  private static func ioPriority(_ wanted: SchedulingSettings) -> Int32 {
    if wanted.ioClass == nil && wanted.ioPriority == nil { return -1 }
    let kind = wanted.ioClass.map { $0 == 0 ? 2 : Int32($0) } ?? 2
    return kind << 13 | (kind == 3 ? 0 : Int32(wanted.ioPriority ?? 4))
  }

  static func affinityWords(_ cpus: [UInt32]) -> Int {
    guard let highest = cpus.max() else { return 0 }
    return Int(min(highest, cpuMax)) / 64 + 1
  }

  private mutating func fillAffinity(_ cpus: [UInt32]) {
    let count = PlanMemory.affinityWords(cpus)
    if count == 0 { return }
    let memory = take(count * 8).bindMemory(to: UInt64.self, capacity: count)
    for cpu in cpus where cpu <= PlanMemory.cpuMax { memory[Int(cpu) / 64] |= 1 << UInt64(cpu % 64) }
    plan.pointee.affinity = UnsafePointer(memory)
    plan.pointee.affinity_size = UInt64(count * 8)
  }

  mutating func fillDirectories(_ source: SpawnPlan) {
    let count = source.directories.count
    let memory = take(count * MemoryLayout<apus_directory>.stride).bindMemory(to: apus_directory.self, capacity: count)
    for (index, directory) in source.directories.enumerated() {
      memory[index] = apus_directory(
        path: writable(directory.path), old: directory.old.isEmpty ? nil : string(directory.old),
        old_link: directory.oldLink.isEmpty ? nil : string(directory.oldLink), mode: directory.mode, uid: directory.uid ?? .max,
        gid: directory.gid ?? .max, stage: Int32(directory.stage.rawValue), has_uid: directory.uid == nil ? 0 : 1,
        has_gid: directory.gid == nil ? 0 : 1, keeps_existing: directory.keepsExisting ? 1 : 0,
        drops_setuid: directory.dropsSetuid ? 1 : 0)
    }
    plan.pointee.directories = UnsafePointer(memory)
    plan.pointee.directory_count = UInt32(count)
    let links = take(source.links.count * MemoryLayout<apus_link>.stride).bindMemory(to: apus_link.self, capacity: source.links.count)
    for (index, link) in source.links.enumerated() {
      links[index] = apus_link(path: writable(link.path), target: string(link.target), stage: Int32(link.stage.rawValue))
    }
    plan.pointee.links = UnsafePointer(links)
    plan.pointee.link_count = UInt32(source.links.count)
  }

  mutating func fillTerminal(_ source: SpawnPlan) {
    guard let terminal = source.terminal else { return }
    plan.pointee.terminal_path = string(terminal.path)
    plan.pointee.terminal_hangup = terminal.settings.hangup ? 1 : 0
    plan.pointee.terminal_reset = terminal.settings.reset ? 1 : 0
    plan.pointee.terminal_disallocate = terminal.settings.disallocate ? 1 : 0
    plan.pointee.terminal_rows = UInt16(clamping: terminal.settings.rows ?? 0)
    plan.pointee.terminal_columns = UInt16(clamping: terminal.settings.columns ?? 0)
    let mode =
      switch terminal.mode {
      case .wait: APUS_TERMINAL_WAIT
      case .force: APUS_TERMINAL_FORCE
      case .fail: APUS_TERMINAL_FAIL
      }
    plan.pointee.terminal_mode = UInt8(mode.rawValue)
  }
}
