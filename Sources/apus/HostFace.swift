import CLinux
import Linux
import Model
import Runtime
import UnitFile

// What systemd's companions do for the host before units are read (units.md a.3): tmpfiles.d and generators. These are
// ordinary programs that may wait; PID 1 runs them as helpers.

/// What `apus tmpfiles` and the boot do with tmpfiles.d.
struct TmpfilesOptions {
  var creates = false
  var removes = false
  var boot = false
  var excluded: [Bytes] = []
  /// Nothing is removed there.
  var kept: [Bytes] = []
  /// Empty: all that the standard folders hold.
  var files: [Bytes] = []
}

/// `apus tmpfiles`, and as `systemd-tmpfiles`: 0, 65 for lines that cannot be read, 73 for what could not be made.
func tmpfilesFace(_ options: TmpfilesOptions, environment: [Bytes]) -> Int32 {
  guard var kernel = helperKernel() else { return Status.software }
  return runTmpfiles(options, environment: environment, &kernel)
}

/// A kernel for a program that is no supervisor.
func helperKernel() -> LinuxKernel? {
  var options = KernelOptions()
  options.containment = .group
  do throws(KernelFailure) {
    return try LinuxKernel(inherited: InheritedState(), options: options)
  } catch {
    complain(error.message)
    return nil
  }
}

private func runTmpfiles(_ options: TmpfilesOptions, environment: [Bytes], _ kernel: inout LinuxKernel) -> Int32 {
  let folders = ConfigFolders.standard("tmpfiles.d")
  var paths: [Bytes] = []
  for file in options.files {
    // A bare name is one of the standard folders' files.
    paths += file.contains(47) ? [file] : ConfigFolders.files(folders, suffix: ".conf").filter { $0.ends(with: file, behind: 47) }
  }
  if options.files.isEmpty { paths = ConfigFolders.files(folders, suffix: ".conf").filter { !isOfSystemd($0) } }
  var files: [(path: Bytes, contents: Bytes)] = []
  var isUnreadable = false
  for path in paths {
    if case .contents(let bytes) = kernel.readFile(path, limit: 1 << 20) {
      files.append((path, bytes))
    } else {
      complain("tmpfiles: cannot read %", path)
      isUnreadable = true
    }
  }
  let plan = parseTmpfiles(files, host: hostFacts(supervisorConfiguration(environment), &kernel))
  var text = Bytes()
  for diagnostic in plan.diagnostics where diagnostic.severity != .notice || !options.files.isEmpty { text += diagnostic.text + "\n" }
  writeAll(text, to: 2)
  func contents(_ path: StaticString) -> Bytes {
    if case .contents(let bytes) = kernel.readFile(Bytes(path), limit: 1 << 20) { return bytes }
    return []
  }
  // Modes are meant as written.
  _ = apus_umask(0)
  var runner = TmpfilesRunner(passwd: contents("/etc/passwd"), groups: contents("/etc/group")) { severity, message in
    tell("tmpfiles: ", severity, message)
  }
  runner.run(
    plan.items, removes: options.removes, creates: options.creates, boot: options.boot, excluding: options.excluded,
    kept: options.kept)
  if plan.hasErrors || isUnreadable || runner.unknownOwners > 0 { return 65 }
  return runner.failures > 0 ? 73 : 0
}

/// A finding of the part of apus that is named, if one is.
private func tell(_ part: StaticString, _ severity: Severity, _ message: Bytes) {
  let level = severity == .notice ? Bytes() : Bytes(severity.name) + ": "
  complain(filled("%%%", Bytes(part), level, message))
}

/// systemd-nologin.conf forbids logins until a service of systemd's own allows them again, which apus does not run.
private func isOfSystemd(_ path: Bytes) -> Bool { path.ends(with: "/systemd-nologin.conf") }

extension Array where Element == UInt8 {
  /// Whether it ends in `separator` and `name`.
  fileprivate func ends(with name: Bytes, behind separator: UInt8) -> Bool {
    let wanted = [separator] + name
    return count >= wanted.count && suffix(wanted.count).elementsEqual(wanted)
  }
}

/// `apus-helper prepare BASE LIMIT boot|reload`: tmpfiles.d at boot, then the generators, into folders below BASE.
func prepareFace(_ arguments: [Bytes], environment: [Bytes]) -> Int32 {
  guard arguments.count == 3, let limit = arguments[1].unsignedDecimal else { return Status.usage }
  var options = KernelOptions()
  options.containment = .group
  let inherited = FirstActs.perform()
  do throws(KernelFailure) {
    var kernel = try LinuxKernel(inherited: inherited, options: options)
    if arguments[2] == "boot" {
      var tmpfiles = TmpfilesOptions()
      tmpfiles.creates = true
      tmpfiles.removes = true
      tmpfiles.boot = true
      // The container's /dev is the runtime's.
      tmpfiles.excluded = [Bytes("/dev")]
      // Distributions have /tmp emptied at boot. A container's may be a volume, or its host's: that would be somebody's data.
      tmpfiles.kept = [Bytes("/tmp"), Bytes("/var/tmp")]
      // As systemd makes it; lines of tmpfiles.d may change it. Debian's /var/lock is a link to it.
      _ = apus_umask(0)
      _ = apus_make_folder_mode(Bytes("/run/lock") + [0], 0o1777)
      _ = runTmpfiles(tmpfiles, environment: environment, &kernel)
      _ = apus_umask(0o022)
    }
    let generators = Generators(environment: generatorEnvironment(environment), limit: TimeSpan(microseconds: limit)) { severity, text in
      tell("", severity, text)
    }
    return generators.run(ConfigFolders.files(Generators.folders), base: arguments[0], kernel) ? 0 : 1
  } catch {
    complain(error.message)
    return Status.software
  }
}

/// What systemd tells its generators (systemd.generator(7)).
private func generatorEnvironment(_ environment: [Bytes]) -> [Bytes] {
  var result = environment.filter { !$0.starts(with: "NOTIFY_SOCKET=") && !$0.starts(with: "LISTEN_") }
  if environmentValue(Bytes("PATH"), in: result) == nil {
    result.append(Bytes("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"))
  }
  return result + [
    Bytes("SYSTEMD_SCOPE=system"), Bytes("SYSTEMD_IN_INITRD=0"), Bytes("SYSTEMD_FIRST_BOOT=0"),
    "SYSTEMD_ARCHITECTURE=" + Bytes(supervisorConfiguration(environment).architecture),
  ]
}
