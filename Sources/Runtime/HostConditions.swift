import Model
import UnitFile

/// Conditions that look at the host and at no path of a unit's choice, answered as systemd 252 does as PID 1 of a container
/// (each was asked). nil: the parameter makes no sense, or it cannot be told: that fails, negated or not.
struct HostConditions {
  /// apus's own, as found.
  let environment: [Bytes]
  let ownUID: UInt32
  let ownGID: UInt32
  /// systemd's spelling.
  let architecture: Bytes

  init(_ configuration: SupervisorConfiguration) {
    environment = configuration.environment
    ownUID = configuration.ownUID
    ownGID = configuration.ownGID
    architecture = Bytes(configuration.architecture)
  }

  func holds(_ condition: Condition, _ kernel: inout some Kernel) -> Bool? {
    let value = condition.parameter
    switch condition.kind {
    case .architecture: return value == "native" || value == architecture
    case .firmware: return firmware(value, &kernel)
    case .virtualization: return virtualization(value, &kernel)
    case .host: return host(value, &kernel)
    case .kernelCommandLine: return commandLine(value, &kernel)
    case .kernelVersion: return kernelVersion(value, &kernel)
    case .version: return version(value, &kernel)
    case .kernelModuleLoaded: return moduleIsLoaded(value, &kernel)
    case .credential: return credential(value, &kernel)
    case .security: return security(value, &kernel)
    case .capability: return capability(value, &kernel)
    case .acPower: return value.booleanValue.map { $0 == isOnACPower(&kernel) }
    case .firstBoot: return value.booleanValue.map { $0 == exists("/run/systemd/first-boot", &kernel) }
    case .memory: return number(value.leadingComparison, memory(&kernel)) { $0.sizeValue }
    case .cpus: return number(value.leadingComparison, processors(&kernel)) { $0.unsignedDecimal }
    case .cpuFeature: return cpuFeature(value, &kernel)
    case .environment:
      if value.contains(61) { return environment.contains(value) }
      return environmentValue(value, in: environment) != nil
    case .user: return user(value, &kernel)
    case .group: return group(value, &kernel)
    case .controlGroupController: return controllers(value, &kernel)
    case .osRelease: return osRelease(value, &kernel)
    case .memoryPressure: return pressure(value, "memory", &kernel)
    case .cpuPressure: return pressure(value, "cpu", &kernel)
    case .ioPressure: return pressure(value, "io", &kernel)
    case .pathExists, .pathExistsGlob, .pathIsDirectory, .pathIsSymbolicLink, .pathIsMountPoint, .pathIsReadWrite, .pathIsEncrypted,
      .pathIsSocket, .directoryNotEmpty, .fileNotEmpty, .fileIsExecutable, .needsUpdate:
      return nil
    }
  }

  // MARK: What apus runs in

  private func virtualization(_ value: Bytes, _ kernel: inout some Kernel) -> Bool {
    if value == "private-users" { return Virtualization.hasPrivateUsers(&kernel) }
    let found = Virtualization.detect(environment, &kernel)
    if let wanted = value.booleanValue { return wanted == !found.isNone }
    switch value {
    case "container": return found.isContainer
    case "vm": return !found.isContainer && !found.isNone
    default: return !found.isNone && value == found.name
    }
  }

  /// The firmware is the host's: a container has none.
  private func firmware(_ value: Bytes, _ kernel: inout some Kernel) -> Bool {
    if Virtualization.detect(environment, &kernel).isContainer { return false }
    switch value {
    case "uefi": return exists("/sys/firmware/efi", &kernel)
    case "device-tree": return exists("/sys/firmware/devicetree", &kernel)
    default: return false
    }
  }

  private func host(_ value: Bytes, _ kernel: inout some Kernel) -> Bool? {
    let digits = value.filter { $0 != 45 }.lowercasedASCII
    if digits.count == 32 && digits.allSatisfy({ $0.hexValue != nil }) {
      return line("/etc/machine-id", &kernel).map { $0 == digits }
    }
    guard let name = line("/proc/sys/kernel/hostname", &kernel) else { return nil }
    return matchesPattern(name.lowercasedASCII, value.lowercasedASCII)
  }

  // MARK: The kernel

  /// In a container the kernel's command line is the host's: PID 1's own arguments take its place, as in systemd.
  private func commandLine(_ value: Bytes, _ kernel: inout some Kernel) -> Bool? {
    var words: [Bytes]
    if Virtualization.detect(environment, &kernel).isContainer {
      guard let text = contents("/proc/1/cmdline", &kernel) else { return nil }
      words = text.pieces(separatedBy: 0)
    } else {
      guard let text = contents("/proc/cmdline", &kernel) else { return nil }
      words = text.trimmed.pieces(separatedBy: 32)
    }
    return words.contains { word in
      if word == value { return true }
      return !value.contains(61) && word.count > value.count && word[value.count] == 61 && word.starts(with: value)
    }
  }

  /// Words that must all hold: globs, or an operator with a version; the first operator may stand alone.
  private func kernelVersion(_ value: Bytes, _ kernel: inout some Kernel) -> Bool? {
    guard let release = line("/proc/sys/kernel/osrelease", &kernel) else { return nil }
    var words = Array(value.blankSeparated.reversed())
    var isFirst = true
    while let word = words.popLast() {
      if let (comparison, rest) = ComparisonOperator.leading(word) {
        var wanted = rest
        if wanted.isEmpty {
          guard isFirst, let next = words.popLast() else { return nil }
          wanted = next
        }
        if !comparison.holds(versionOrder(release, wanted)) { return false }
      } else if !matchesPattern(release, word) {
        return false
      }
      isFirst = false
    }
    return true
  }

  /// `[systemd|kernel|glibc] OPERATOR VERSION`: only the kernel has one here.
  private func version(_ value: Bytes, _ kernel: inout some Kernel) -> Bool? {
    let words = value.blankSeparated
    guard let first = words.first else { return nil }
    if first == "kernel" { return kernelVersion(Bytes(value.trimmed[first.count...]).trimmed, &kernel) }
    if first == "systemd" || first == "glibc" { return false }
    return kernelVersion(value, &kernel)
  }

  private func moduleIsLoaded(_ value: Bytes, _ kernel: inout some Kernel) -> Bool? {
    guard !value.isEmpty, !value.contains(47) else { return nil }
    let folder = "/sys/module/" + Bytes(value.map { $0 == 45 ? 95 : $0 })
    guard case .entries = kernel.listFolder(folder) else { return false }
    // Built-in ones have no state.
    return line(folder + "/initstate", &kernel).map { $0 == "live" } ?? true
  }

  /// What PID 1 could still gain.
  private func capability(_ value: Bytes, _ kernel: inout some Kernel) -> Bool? {
    guard let number = CapabilityNames.number(of: value), let text = contents("/proc/self/status", &kernel) else { return nil }
    for line in text.pieces(separatedBy: 10) where line.starts(with: "CapBnd:") {
      var set: UInt64 = 0
      for digit in Bytes(line[7...]).trimmed { set = set << 4 | UInt64(digit.hexValue ?? 0) }
      return set >> UInt64(number) & 1 == 1
    }
    return nil
  }

  private func security(_ value: Bytes, _ kernel: inout some Kernel) -> Bool {
    switch value {
    case "selinux": return exists("/sys/fs/selinux/enforce", &kernel)
    case "smack": return exists("/sys/fs/smackfs", &kernel)
    case "apparmor": return line("/sys/module/apparmor/parameters/enabled", &kernel).map { $0 == "Y" } ?? false
    case "tomoyo": return exists("/sys/kernel/security/tomoyo/version", &kernel)
    case "ima": return exists("/sys/kernel/security/ima", &kernel)
    case "audit": return exists("/proc/self/loginuid", &kernel)
    case "tpm2":
      if Virtualization.detect(environment, &kernel).isContainer { return false }
      if case .entries(let devices) = kernel.listFolder(Bytes("/sys/class/tpmrm")) { return !devices.isEmpty }
      return false
    // uefi-secureboot and what came later are the host's.
    default: return false
    }
  }

  // MARK: Resources

  private func number(
    _ comparison: (ComparisonOperator, rest: Bytes), _ actual: UInt64?, _ parse: (Bytes) -> UInt64?
  ) -> Bool? {
    guard let wanted = parse(comparison.rest), let actual else { return nil }
    return comparison.0.holds(actual == wanted ? 0 : (actual < wanted ? -1 : 1))
  }

  /// The machine's, or what the container is limited to.
  private func memory(_ kernel: inout some Kernel) -> UInt64? {
    guard let text = contents("/proc/meminfo", &kernel) else { return nil }
    for entry in text.pieces(separatedBy: 10) where entry.starts(with: "MemTotal:") {
      guard let kilobytes = entry.blankSeparated.dropFirst().first?.unsignedDecimal else { return nil }
      let total = kilobytes &* 1024
      return min(total, line("/sys/fs/cgroup/memory.max", &kernel)?.unsignedDecimal ?? total)
    }
    return nil
  }

  /// On which apus may run.
  private func processors(_ kernel: inout some Kernel) -> UInt64? {
    guard let text = contents("/proc/self/status", &kernel) else { return nil }
    for line in text.pieces(separatedBy: 10) where line.starts(with: "Cpus_allowed_list:") {
      var count: UInt64 = 0
      for range in Bytes(line[18...]).trimmed.pieces(separatedBy: 44) {
        let ends = range.pieces(separatedBy: 45)
        guard let first = ends.first?.unsignedDecimal, let last = ends.last?.unsignedDecimal, last >= first, last < 65_536 else {
          return nil
        }
        count += last - first + 1
      }
      return count
    }
    return nil
  }

  /// systemd's names are those of CPUID, three of which /proc/cpuinfo calls otherwise.
  private func cpuFeature(_ value: Bytes, _ kernel: inout some Kernel) -> Bool? {
    guard let text = contents("/proc/cpuinfo", &kernel) else { return nil }
    let name = value.lowercasedASCII
    let wanted: Bytes
    switch name {
    case "pclmul": wanted = Bytes("pclmulqdq")
    case "fma3": wanted = Bytes("fma")
    case "osxsave": wanted = Bytes("xsave")
    default: wanted = name
    }
    return cpuFlags(text).contains(wanted)
  }

  /// `LIMIT[%][/SPAN]`, with `SLICE:` before it: there are no slices here, so that none is under pressure.
  private func pressure(_ value: Bytes, _ resource: StaticString, _ kernel: inout some Kernel) -> Bool? {
    var text = value.trimmed
    if let colon = text.firstIndex(of: 58) {
      guard colon > 0 else { return nil }
      text = Bytes(text[(colon + 1)...]).trimmed
      return limit(text) == nil ? nil : true
    }
    guard let (limit, span) = limit(text) else { return nil }
    // A kernel that does not count it has none.
    guard let file = contents("/proc/pressure/" + Bytes(resource), &kernel) else { return true }
    for line in file.pieces(separatedBy: 10) where line.starts(with: "some ") {
      for field in line.pieces(separatedBy: 32) where field.starts(with: span) {
        return permyriad(Bytes(field[(span.count)...])).map { $0 <= limit }
      }
    }
    return nil
  }

  /// In hundredths of a percent, and the field of the kernel's that it is compared with.
  private func limit(_ text: Bytes) -> (UInt64, Bytes)? {
    let parts = text.pieces(separatedBy: 47, keepEmpty: true)
    guard parts.count <= 2, let number = parts.first?.trimmed, number.last == 37, let limit = permyriad(Bytes(number.dropLast())) else {
      return nil
    }
    guard parts.count == 2 else { return (limit, Bytes("avg300=")) }
    switch parts[1].trimmed {
    case "10s", "10": return (limit, Bytes("avg10="))
    case "1min", "60s", "60", "1m": return (limit, Bytes("avg60="))
    case "5min", "300s", "300", "5m": return (limit, Bytes("avg300="))
    default: return nil
    }
  }

  /// `12.34` as 1234.
  private func permyriad(_ text: Bytes) -> UInt64? {
    let parts = text.pieces(separatedBy: 46, keepEmpty: true)
    guard parts.count <= 2, let whole = parts[0].unsignedDecimal, whole <= 1_000_000 else { return nil }
    guard parts.count == 2 else { return whole * 100 }
    guard parts[1].count <= 2, let fraction = (parts[1] + "00").prefix(2).asBytes.unsignedDecimal, !parts[1].isEmpty else { return nil }
    return whole * 100 + fraction
  }

  // MARK: Who

  private func user(_ value: Bytes, _ kernel: inout some Kernel) -> Bool {
    if value == "@system" { return ownUID <= 999 }
    if value == "root" { return ownUID == 0 }
    if let number = Accounts.id(value) { return number == ownUID }
    guard let passwd = contents("/etc/passwd", &kernel) else { return false }
    return Accounts.user(value, in: passwd)?.uid == ownUID
  }

  private func group(_ value: Bytes, _ kernel: inout some Kernel) -> Bool {
    if value == "root" { return ownGID == 0 }
    if let number = Accounts.id(value) { return number == ownGID }
    guard let groups = contents("/etc/group", &kernel) else { return false }
    return Accounts.group(value, in: groups) == ownGID
  }

  // MARK: Files of the system's own

  /// All named controllers must be there; a line of unknown ones only is no reason to fail, as in systemd.
  private func controllers(_ value: Bytes, _ kernel: inout some Kernel) -> Bool? {
    let unified = line("/sys/fs/cgroup/cgroup.controllers", &kernel)
    switch value {
    case "v2": return exists("/sys/fs/cgroup/cgroup.controllers", &kernel)
    case "v1": return !exists("/sys/fs/cgroup/cgroup.controllers", &kernel)
    default: break
    }
    let known: [StaticString] = [
      "cpu", "cpuacct", "cpuset", "io", "blkio", "memory", "devices", "pids", "bpf-firewall", "bpf-devices", "bpf-foreign",
      "bpf-socket-bind", "bpf-restrict-network-interfaces",
    ]
    let wanted = value.blankSeparated.filter { name in known.contains { name == $0 } }
    let present = (unified ?? []).blankSeparated
    return wanted.allSatisfy { present.contains($0) }
  }

  /// `NAME OPERATOR VALUE` without blanks, several words.
  private func osRelease(_ value: Bytes, _ kernel: inout some Kernel) -> Bool? {
    guard let text = contents("/etc/os-release", &kernel) ?? contents("/usr/lib/os-release", &kernel),
      let release = parseEnvironmentFile(text)?.assignments
    else { return nil }
    for word in value.blankSeparated {
      guard let place = word.firstIndex(where: { $0 == 60 || $0 == 61 || $0 == 62 || $0 == 33 }), place > 0,
        let (comparison, wanted) = ComparisonOperator.leading(Bytes(word[place...])), !wanted.isEmpty
      else { return nil }
      let actual = environmentValue(Bytes(word[0..<place]), in: release) ?? []
      if !comparison.holds(versionOrder(actual, wanted)) { return false }
    }
    return true
  }

  private func credential(_ value: Bytes, _ kernel: inout some Kernel) -> Bool? {
    guard !value.isEmpty, !value.contains(47) else { return nil }
    var folders = [Bytes("/run/credentials/@system"), Bytes("/run/credentials/@encrypted")]
    if let own = environmentValue(Bytes("CREDENTIALS_DIRECTORY"), in: environment) { folders.append(own) }
    return folders.contains { contents($0 + "/" + value, &kernel) != nil }
  }

  /// True without a battery.
  private func isOnACPower(_ kernel: inout some Kernel) -> Bool {
    let base = Bytes("/sys/class/power_supply")
    guard case .entries(let supplies) = kernel.listFolder(base) else { return true }
    var isOffline = false
    for name in supplies {
      let folder = base + "/" + name
      guard let type = line(folder + "/type", &kernel) else { continue }
      if type == "Battery" {
        let isOfDevice = line(folder + "/scope", &kernel).map { $0 == "Device" } ?? false
        if !isOfDevice, line(folder + "/status", &kernel).map({ $0 == "Discharging" }) ?? false { isOffline = true }
      } else if let online = line(folder + "/online", &kernel) {
        if online == "1" { return true }
        isOffline = true
      }
    }
    return !isOffline
  }
}

extension Array where Element == UInt8 {
  /// The words between blanks.
  var blankSeparated: [Bytes] { Bytes(map { $0.isBlank ? 32 : $0 }).pieces(separatedBy: 32) }

  /// An operator and what it is applied to; without one: at least.
  var leadingComparison: (ComparisonOperator, rest: Bytes) { ComparisonOperator.leading(self) ?? (.greaterOrEqual, trimmed) }
}

extension ArraySlice where Element == UInt8 {
  var asBytes: Bytes { Bytes(self) }
}
