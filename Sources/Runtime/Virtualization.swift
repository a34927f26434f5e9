import Model
import UnitFile

/// What apus runs in, by systemd's names and in systemd's order: a container first, then a virtual machine.
struct Virtualization: Equatable {
  /// `docker`, `kvm`, …; `none`.
  var name: Bytes
  var isContainer: Bool

  static let none = Virtualization(name: Bytes("none"), isContainer: false)
  var isNone: Bool { self == .none }

  static let containers: [StaticString] = [
    "systemd-nspawn", "lxc-libvirt", "lxc", "openvz", "docker", "podman", "rkt", "wsl", "proot", "pouch",
  ]

  static func detect(_ environment: [Bytes], _ kernel: inout some Kernel) -> Virtualization {
    if let container = container(environment, &kernel) { return Virtualization(name: container, isContainer: true) }
    if let machine = machine(&kernel) { return Virtualization(name: machine, isContainer: false) }
    return .none
  }

  private static func container(_ environment: [Bytes], _ kernel: inout some Kernel) -> Bytes? {
    if exists("/proc/vz", &kernel) && !exists("/proc/bc", &kernel) { return Bytes("openvz") }
    if let release = line("/proc/sys/kernel/osrelease", &kernel), release.holds("Microsoft") || release.holds("WSL") {
      return Bytes("wsl")
    }
    if let manager = line("/run/host/container-manager", &kernel) { return known(manager, &kernel) }
    // PID 1 knows it from its own environment; what is not PID 1, by what systemd left there.
    if let manager = environmentValue(Bytes("container"), in: environment), !manager.isEmpty { return known(manager, &kernel) }
    if let manager = line("/run/systemd/container", &kernel) { return known(manager, &kernel) }
    if let marked = marked(&kernel) { return marked }
    // Runtimes that leave no mark: every PID namespace but the first has another number than the kernel's constant.
    if let namespace = kernel.readLink(Bytes("/proc/self/ns/pid")), namespace != "pid:[4026531836]" { return Bytes("container-other") }
    return nil
  }

  private static func marked(_ kernel: inout some Kernel) -> Bytes? {
    if exists("/run/.containerenv", &kernel) { return Bytes("podman") }
    if exists("/.dockerenv", &kernel) { return Bytes("docker") }
    return nil
  }

  private static func known(_ manager: Bytes, _ kernel: inout some Kernel) -> Bytes {
    if manager == "oci" { return marked(&kernel) ?? Bytes("container-other") }
    return containers.contains { manager == $0 } ? manager : Bytes("container-other")
  }

  private static func machine(_ kernel: inout some Kernel) -> Bytes? {
    let vendors: [(StaticString, StaticString)] = [
      ("KVM", "kvm"), ("OpenStack", "kvm"), ("KubeVirt", "kvm"), ("Amazon EC2", "amazon"), ("QEMU", "qemu"), ("VMware", "vmware"),
      ("VMW", "vmware"), ("innotek GmbH", "oracle"), ("VirtualBox", "oracle"), ("Oracle Corporation", "oracle"), ("Xen", "xen"),
      ("Bochs", "bochs"), ("Parallels", "parallels"), ("BHYVE", "bhyve"), ("Hyper-V", "microsoft"),
      ("Apple Virtualization", "apple"), ("Google Compute Engine", "google"),
    ]
    for file in ["product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version"] as [StaticString] {
      guard let text = line("/sys/class/dmi/id/" + Bytes(file), &kernel) else { continue }
      for (vendor, name) in vendors where text.starts(with: vendor) { return Bytes(name) }
    }
    if let cpu = contents("/proc/cpuinfo", &kernel), cpuFlags(cpu).contains(where: { $0 == "hypervisor" }) { return Bytes("vm-other") }
    return nil
  }

  /// Whether this user namespace is not the first one: that one maps everything to itself.
  static func hasPrivateUsers(_ kernel: inout some Kernel) -> Bool {
    guard let map = contents("/proc/self/uid_map", &kernel) else { return false }
    let numbers = map.pieces(separatedBy: 10).first.map { Bytes($0.map { $0 == 9 ? 32 : $0 }).pieces(separatedBy: 32) } ?? []
    return !(numbers.count == 3 && numbers[0] == "0" && numbers[1] == "0" && numbers[2] == "4294967295")
  }
}

/// The flags of the first processor of /proc/cpuinfo.
func cpuFlags(_ text: Bytes) -> [Bytes] {
  for line in text.pieces(separatedBy: 10) where line.starts(with: "flags") || line.starts(with: "Features") {
    guard let colon = line.firstIndex(of: 58) else { continue }
    return Bytes(line[(colon + 1)...]).pieces(separatedBy: 32)
  }
  return []
}

// What conditions read: small files of the kernel's and the system's own, none of a unit's choice.

func contents(_ path: Bytes, _ kernel: inout some Kernel) -> Bytes? {
  if case .contents(let bytes) = kernel.readFile(path, limit: 1 << 20) { return bytes }
  return nil
}

func contents(_ path: StaticString, _ kernel: inout some Kernel) -> Bytes? { contents(Bytes(path), &kernel) }

func line(_ path: Bytes, _ kernel: inout some Kernel) -> Bytes? {
  guard let first = contents(path, &kernel)?.pieces(separatedBy: 10).first?.trimmed, !first.isEmpty else { return nil }
  return first
}

func line(_ path: StaticString, _ kernel: inout some Kernel) -> Bytes? { line(Bytes(path), &kernel) }

/// Whether something is there, be it a file or a folder.
func exists(_ path: StaticString, _ kernel: inout some Kernel) -> Bool {
  switch kernel.readFile(Bytes(path), limit: 1 << 20) {
  case .contents, .notRegular, .tooLarge: true
  case .failed(let errno): errno != Errno.ENOENT && errno != Errno.ENOTDIR
  }
}

extension Array where Element == UInt8 {
  /// Whether a literal is somewhere in it.
  func holds(_ part: StaticString) -> Bool {
    for start in indices where Bytes(self[start...].prefix(part.utf8CodeUnitCount)) == part { return true }
    return false
  }
}
