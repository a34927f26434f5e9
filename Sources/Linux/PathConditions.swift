import CLinux
import Model

/// Conditions on paths, as systemd 252 answers them (each was asked). For helpers: a path may hang.
public enum PathConditions {
  /// Alternatives of `{a,b}` in one pattern; more are left out.
  static let alternativesMax = 256

  /// `apus-helper conditions`: the place, from 1 on, of the first argument that does not hold, a list's `|` ones being one
  /// that fails when none of them holds; 0: all is well; 255: not understood.
  public static func firstFailing(_ arguments: [Bytes]) -> Int32 {
    var trigger: (isAssert: Bool, place: Int32, holds: Bool)? = nil
    for (index, argument) in arguments.enumerated() {
      guard let question = Question(argument) else { return 255 }
      if let ended = trigger, !question.isTrigger || ended.isAssert != question.isAssert {
        if !ended.holds { return ended.place }
        trigger = nil
      }
      let answer = holds(question.kind, question.path) != question.isNegated
      if question.isTrigger {
        trigger = (question.isAssert, trigger?.place ?? Int32(index) + 1, (trigger?.holds ?? false) || answer)
      } else if !answer {
        return Int32(index) + 1
      }
    }
    if let trigger, !trigger.holds { return trigger.place }
    return 0
  }

  /// `c` or `a`, `|`, name, `=`, `!`, path.
  private struct Question {
    var isAssert: Bool
    var isTrigger: Bool
    var isNegated: Bool
    var kind: ConditionKind
    var path: Bytes

    init?(_ argument: Bytes) {
      guard let list = argument.first, list == 97 || list == 99, let equals = argument.firstIndex(of: 61) else { return nil }
      isAssert = list == 97
      var name = argument[1..<equals]
      isTrigger = name.first == 124
      if isTrigger { name = name.dropFirst() }
      guard let kind = ConditionKind.allCases.first(where: { Bytes(name) == $0.name && $0.looksAtPath }) else { return nil }
      self.kind = kind
      var path = argument[(equals + 1)...]
      isNegated = path.first == 33
      if isNegated { path = path.dropFirst() }
      self.path = Bytes(path)
    }
  }

  /// The first path that matches a pattern; empty: there is none.
  static func firstMatch(_ pattern: Bytes) -> Bytes {
    for one in alternatives(of: pattern) {
      if let match = Glob.expand(one, countsLinks: true).first { return match }
    }
    return []
  }

  static func holds(_ kind: ConditionKind, _ path: Bytes) -> Bool {
    if path.first != 47 || path.contains(0) { return false }
    var status = apus_status()
    switch kind {
    case .pathExists: return apus_path_kind(path.terminated) >= 0
    case .pathExistsGlob: return !firstMatch(path).isEmpty
    case .pathIsDirectory: return apus_path_kind(path.terminated) == Int32(APUS_KIND_FOLDER)
    case .pathIsSymbolicLink: return apus_status_at(-100, path.terminated, &status) >= 0 && status.mode & 0o170000 == 0o120000
    case .pathIsMountPoint: return isMountPoint(path)
    case .pathIsReadWrite: return apus_is_read_only(path.terminated) == 0
    case .pathIsEncrypted: return isEncrypted(path)
    case .pathIsSocket: return apus_path_kind(path.terminated) == Int32(APUS_KIND_SOCKET)
    case .directoryNotEmpty:
      return FolderReader.contains(path) { !isHiddenOrBackup($0) }
    case .fileNotEmpty: return followed(path) { $0.mode & 0o170000 == 0o100000 && $0.size > 0 }
    case .fileIsExecutable: return followed(path) { $0.mode & 0o170000 == 0o100000 && $0.mode & 0o111 != 0 }
    case .needsUpdate: return needsUpdate(path)
    case .firstBoot, .architecture, .firmware, .virtualization, .host, .kernelCommandLine, .kernelVersion, .kernelModuleLoaded,
      .version, .credential, .security, .capability, .acPower, .memory, .cpuFeature, .cpus, .environment, .user, .group,
      .controlGroupController, .osRelease, .memoryPressure, .cpuPressure, .ioPressure:
      return false
    }
  }

  /// What a path names, links followed.
  private static func followed(_ path: Bytes, _ test: (apus_status) -> Bool) -> Bool {
    var status = apus_status()
    return apus_status_path(path.terminated, &status) >= 0 && test(status)
  }

  /// Whether it is on another mount than the folder it is in, links followed.
  private static func isMountPoint(_ path: Bytes) -> Bool {
    if !path.contains(where: { $0 != 47 }) { return true }
    guard let walk = try? SafeWalk.to(path) else { return false }
    defer { walk.close() }
    let own = apus_mount_of(walk.folder, walk.name.terminated)
    let outer = apus_mount_of(walk.folder, Bytes(".").terminated)
    if own >= 0 && outer >= 0 { return own != outer }
    // Before Linux 5.8 a mount shows by its device.
    var folder = apus_status()
    return apus_status_of(walk.folder, &folder) >= 0 && folder.device != walk.status.device
  }

  /// By the device mapper's own word for what the path is on.
  private static func isEncrypted(_ path: Bytes) -> Bool {
    var status = apus_status()
    guard apus_status_path(path.terminated, &status) >= 0 else { return false }
    let major = (status.device >> 8 & 0xfff) | (status.device >> 32 & ~0xfff)
    let minor = (status.device & 0xff) | (status.device >> 12 & ~0xff)
    let file = text("/sys/dev/block/\(major):\(minor)/dm/uuid")
    return FolderReader.readPseudo(file)?.starts(with: "CRYPT-") ?? false
  }

  /// systemd does not count them.
  static func isHiddenOrBackup(_ name: Bytes) -> Bool {
    if name.first == 46 || name.last == 126 || name == "lost+found" || name == "aquota.user" || name == "aquota.group" { return true }
    guard let dot = name.lastIndex(of: 46) else { return false }
    return Bytes(backups).pieces(separatedBy: 32).contains(Bytes(name[(dot + 1)...]))
  }

  /// Suffixes of what package managers and editors leave behind.
  private static let backups: StaticString = """
    rpmnew rpmsave rpmorig dpkg-old dpkg-new dpkg-tmp dpkg-dist dpkg-bak dpkg-backup dpkg-remove ucf-new ucf-old ucf-dist swp bak \
    old new
    """

  /// /usr is newer than the folder's `.updated`; a file system that cannot be written needs none.
  private static func needsUpdate(_ path: Bytes) -> Bool {
    if apus_is_read_only(path.terminated) == 1 { return false }
    let updated = apus_changed_at((path + "/.updated").terminated)
    let usr = apus_changed_at(Bytes("/usr/").terminated)
    return updated < 0 || usr < 0 || usr > updated
  }

  /// `{a,b}` written out, as systemd's glob does.
  static func alternatives(of pattern: Bytes) -> [Bytes] {
    var done: [Bytes] = []
    var open = [pattern]
    while let next = open.popLast() {
      guard done.count + open.count < alternativesMax, let (before, choices, after) = brace(next) else {
        done.append(next)
        continue
      }
      open += choices.map { before + $0 + after }
    }
    return done
  }

  /// The first braces with a comma inside.
  private static func brace(_ pattern: Bytes) -> (Bytes, [Bytes], Bytes)? {
    guard let start = pattern.firstIndex(of: 123) else { return nil }
    var depth = 0
    var choices: [Bytes] = []
    var choice = Bytes()
    for index in start..<pattern.count {
      let byte = pattern[index]
      if byte == 123 { depth += 1 }
      if byte == 125 { depth -= 1 }
      if depth == 0 {
        choices.append(choice)
        return choices.count > 1 ? (Bytes(pattern[..<start]), choices, Bytes(pattern[(index + 1)...])) : nil
      }
      if byte == 44 && depth == 1 {
        choices.append(choice)
        choice = []
      } else if index > start {
        choice.append(byte)
      }
    }
    return nil
  }
}
