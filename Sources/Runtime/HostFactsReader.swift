import Model
import UnitFile

/// What specifiers say about the host, for programs that are no supervisor.
public func hostFacts(_ configuration: SupervisorConfiguration, _ kernel: inout some Kernel) -> HostFacts {
  HostFactsReader.read(configuration, &kernel)
}

/// Reads what specifiers say about the host from the small files that tell it.
enum HostFactsReader {
  static func read(_ configuration: SupervisorConfiguration, _ kernel: inout some Kernel) -> HostFacts {
    let facts = HostFacts()
    if let name = line("/proc/sys/kernel/hostname", &kernel) { facts.hostname = name }
    if let release = line("/proc/sys/kernel/osrelease", &kernel) { facts.kernelRelease = release }
    if let id = line("/etc/machine-id", &kernel), id.count == 32 { facts.machineID = id }
    if let id = line("/proc/sys/kernel/random/boot_id", &kernel) { facts.bootID = id.filter { $0 != 45 } }
    facts.architecture = Bytes(configuration.architecture)
    readRelease(facts, &kernel)
    facts.userID = configuration.ownUID
    facts.groupID = configuration.ownGID
    facts.userName = Bytes(decimal: configuration.ownUID)
    facts.groupName = Bytes(decimal: configuration.ownGID)
    facts.home = environmentValue(Bytes("HOME"), in: configuration.environment) ?? Bytes("/")
    if let passwd = contents("/etc/passwd", &kernel),
      let account = Accounts.user(Bytes(decimal: configuration.ownUID), in: passwd)
    {
      facts.userName = account.name
      facts.home = account.home
      facts.shell = account.shell
    }
    if let groups = contents("/etc/group", &kernel) {
      for entry in groups.pieces(separatedBy: 10) {
        let fields = entry.pieces(separatedBy: 58, keepEmpty: true)
        if fields.count >= 3, Accounts.id(fields[2]) == configuration.ownGID { facts.groupName = fields[0] }
      }
    }
    for name in ["TMPDIR", "TEMP", "TMP"] as [StaticString] {
      if let value = environmentValue(Bytes(name), in: configuration.environment), value.first == 47 {
        facts.temporaryDirectory = value
        facts.variableTemporaryDirectory = value
        break
      }
    }
    return facts
  }

  private static func readRelease(_ facts: HostFacts, _ kernel: inout some Kernel) {
    if let bytes = contents("/etc/machine-info", &kernel), let info = parseEnvironmentFile(bytes) {
      facts.prettyHostname = environmentValue(Bytes("PRETTY_HOSTNAME"), in: info.assignments) ?? []
    }
    guard let bytes = contents("/etc/os-release", &kernel) ?? contents("/usr/lib/os-release", &kernel),
      let release = parseEnvironmentFile(bytes)?.assignments
    else { return }
    facts.osID = environmentValue(Bytes("ID"), in: release) ?? []
    facts.osVersionID = environmentValue(Bytes("VERSION_ID"), in: release) ?? []
    facts.osVariantID = environmentValue(Bytes("VARIANT_ID"), in: release) ?? []
    facts.osImageVersion = environmentValue(Bytes("IMAGE_VERSION"), in: release) ?? []
    facts.osBuildID = environmentValue(Bytes("BUILD_ID"), in: release) ?? []
    facts.osImageID = environmentValue(Bytes("IMAGE_ID"), in: release) ?? []
  }

  private static func contents(_ path: StaticString, _ kernel: inout some Kernel) -> Bytes? {
    if case .contents(let bytes) = kernel.readFile(Bytes(path), limit: 1 << 16) { return bytes }
    return nil
  }

  private static func line(_ path: StaticString, _ kernel: inout some Kernel) -> Bytes? {
    guard let first = contents(path, &kernel)?.pieces(separatedBy: 10).first?.trimmed, !first.isEmpty else { return nil }
    return first
  }
}
