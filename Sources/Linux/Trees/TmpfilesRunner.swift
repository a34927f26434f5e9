import CLinux
import Model
import Runtime

/// Carries out lines of tmpfiles.d (tmpfiles.d(5)); what systemd-tmpfiles does with `--create --remove --boot`.
/// For helpers: it opens, makes and removes what the files name.
public struct TmpfilesRunner {
  /// A tree deeper than this is adjusted to that depth.
  static let depthMax = 512

  let passwd: Bytes
  let groups: Bytes
  /// Says one line.
  let say: (Severity, Bytes) -> Void
  /// Lines that failed, without those that may.
  public private(set) var failures = 0
  /// Lines that name a user or group who is not known: nothing is done for them.
  public private(set) var unknownOwners = 0

  /// `say` is told of every finding.
  public init(passwd: Bytes, groups: Bytes, say: @escaping (Severity, Bytes) -> Void) {
    self.passwd = passwd
    self.groups = groups
    self.say = say
  }

  /// First everything that is removed, then everything that is made, each in the order given.
  /// `kept`: nothing is removed there or below.
  public mutating func run(
    _ items: [TmpfilesItem], removes: Bool, creates: Bool, boot: Bool, excluding: [Bytes] = [], kept: [Bytes] = []
  ) {
    let wanted = items.filter { item in
      (boot || !item.isForBootOnly) && !excluding.contains { isBelow(item.path, $0) }
    }
    let known = wanted.filter { isOwnerKnown($0) }
    let removable = known.filter { item in !kept.contains { isBelow(item.path, $0) } }
    if removes { for item in removable { each(item) { runner, path, item throws(PathError) in try runner.remove(path, item) } } }
    if creates { for item in known { each(item) { runner, path, item throws(PathError) in try runner.create(path, item) } } }
  }

  /// `FILE:LINE`
  private func place(_ item: TmpfilesItem) -> Bytes { text("\(item.location.file):\(item.location.line)") }

  private mutating func isOwnerKnown(_ item: TmpfilesItem) -> Bool {
    let isKnown =
      (item.user.isEmpty || Accounts.userID(item.user, in: passwd) != nil)
      && (item.group.isEmpty || Accounts.group(item.group, in: groups) != nil)
    if isKnown { return true }
    if !item.mayFail { unknownOwners += 1 }
    let name = item.user.isEmpty || Accounts.userID(item.user, in: passwd) != nil ? item.group : item.user
    say(item.mayFail ? .notice : .error, text("\(place(item)): \(item.path): no user or group \(name)"))
    return false
  }

  private func isBelow(_ path: Bytes, _ prefix: Bytes) -> Bool {
    path == prefix || (path.count > prefix.count && path.prefix(prefix.count).elementsEqual(prefix) && path[prefix.count] == 47)
  }

  private mutating func each(
    _ item: TmpfilesItem, _ act: (TmpfilesRunner, Bytes, TmpfilesItem) throws(PathError) -> Void
  ) {
    let paths = item.action.takesPattern ? Glob.expand(item.path) : [item.path]
    for path in paths {
      do throws(PathError) {
        try act(self, path, item)
      } catch {
        let isFailure = !item.mayFail && error != .errno(Errno.EROFS)
        if isFailure { failures += 1 }
        say(isFailure ? .error : .notice, text("\(place(item)): \(path): \(error.text)"))
      }
    }
  }

  // MARK: Removing

  private func remove(_ path: Bytes, _ item: TmpfilesItem) throws(PathError) {
    let isTree: Bool
    switch item.action {
    case .remove: isTree = false
    case .removeTree, .emptiedFolder: isTree = true
    case .folder, .existingFolder, .file, .truncatedFile, .write, .append, .link, .forcedLink, .fifo, .adjust, .adjustTree, .exclude:
      return
    }
    let (folder, name) = try parent(path)
    defer { _ = apus_close(folder) }
    if isTree {
      // `D` keeps the folder itself, and is about a folder only.
      var status = apus_status()
      if item.action == .emptiedFolder {
        if apus_status_at(folder, name.terminated, &status) < 0 || Place.kind(status) != TreeRemover.folderKind { return }
      }
      let result = TreeRemover.remove(name, in: folder, keepsTop: item.action == .emptiedFolder)
      if result != 0 { throw .errno(result) }
      return
    }
    var result = apus_remove_at(folder, name.terminated, 0)
    if -result == Errno.EISDIR || -result == Errno.EPERM { result = apus_remove_at(folder, name.terminated, 1) }
    if result < 0 && -result != Errno.ENOENT && -result != Errno.ENOTEMPTY { throw .errno(-result) }
  }

  /// A parent that is not there has nothing to be removed or changed in it.
  private func parent(_ path: Bytes) throws(PathError) -> (folder: Int32, name: Bytes) { try SafeWalk.openParent(of: path) }

  // MARK: Making

  private func create(_ path: Bytes, _ item: TmpfilesItem) throws(PathError) {
    switch item.action {
    case .remove, .removeTree, .exclude: return
    case .adjust, .adjustTree, .existingFolder, .write, .append:
      let (folder, name) = try parent(path)
      defer { _ = apus_close(folder) }
      try change(folder, name, item)
    case .folder, .emptiedFolder, .file, .truncatedFile, .link, .forcedLink, .fifo:
      let (folder, name) = try SafeWalk.openParent(of: path, makesParents: true)
      defer { _ = apus_close(folder) }
      try make(folder, name, item)
    }
  }

  /// `mayReplace`: what is in the way may be removed, once.
  private func make(_ folder: Int32, _ name: Bytes, _ item: TmpfilesItem, mayReplace: Bool = true) throws(PathError) {
    let terminated = name.terminated
    let result: Int32
    switch item.action {
    case .folder, .emptiedFolder: result = apus_make_folder_at(folder, terminated, item.mode ?? 0o755)
    case .fifo: result = apus_make_fifo_at(folder, terminated, item.mode ?? 0o644)
    case .link, .forcedLink: result = apus_make_link_at(item.argument.terminated, folder, terminated)
    default: result = try makeFile(folder, terminated, item)
    }
    if result >= 0 { return try adjust(folder, name, item, isNew: true) }
    if -result != Errno.EEXIST { throw .errno(-result) }
    try meet(folder, name, item, mayReplace)
  }

  private func makeFile(_ folder: Int32, _ name: Bytes, _ item: TmpfilesItem) throws(PathError) -> Int32 {
    let file = apus_make_file_at(folder, name, item.mode ?? 0o644)
    if file < 0 { return file }
    defer { _ = apus_close(file) }
    try write(item.argument, to: file)
    return 0
  }

  /// Something is there already.
  private func meet(_ folder: Int32, _ name: Bytes, _ item: TmpfilesItem, _ mayReplace: Bool) throws(PathError) {
    var error: Int32 = 0
    guard let place = Place(in: folder, name, error: &error) else { throw .errno(error) }
    let isRight: Bool
    switch item.action {
    case .folder, .emptiedFolder: isRight = place.isFolder
    case .file, .truncatedFile: isRight = place.isRegular
    case .fifo: isRight = Place.kind(place.status) == 0o010000
    case .link, .forcedLink: isRight = place.isLink && place.linkTarget() == item.argument
    default: isRight = true
    }
    if isRight {
      if item.action == .truncatedFile { try rewrite(place, item, 1) }
      return try adjust(folder, name, item, isNew: false)
    }
    switch item.action {
    case .link, .forcedLink:
      // Somebody else's link or file at a link's place is left alone, without a word.
      if !mayReplace || !(item.replaces || item.action == .forcedLink) { return }
    default:
      if !mayReplace || !item.replaces { throw .errno(Errno.EEXIST) }
    }
    let result = TreeRemover.remove(name, in: folder)
    if result != 0 { throw .errno(result) }
    try make(folder, name, item, mayReplace: false)
  }

  // MARK: Changing

  private func change(_ folder: Int32, _ name: Bytes, _ item: TmpfilesItem) throws(PathError) {
    switch item.action {
    case .write, .append:
      var error: Int32 = 0
      guard let place = Place(in: folder, name, error: &error) else { throw .errno(error) }
      if place.isLink { throw .errno(Errno.ELOOP) }
      try rewrite(place, item, item.action == .append ? 2 : 0)
    case .existingFolder:
      var status = apus_status()
      if apus_status_at(folder, name.terminated, &status) < 0 || Place.kind(status) != TreeRemover.folderKind { return }
      try adjust(folder, name, item, isNew: false)
    case .adjustTree: try adjustTree(folder, name, item, depth: 0)
    default: try adjust(folder, name, item, isNew: false)
    }
  }

  private func rewrite(_ place: borrowing Place, _ item: TmpfilesItem, _ flags: Int32) throws(PathError) {
    let file = apus_reopen_for_writing(place.descriptor, flags)
    if file < 0 { throw .errno(-file) }
    defer { _ = apus_close(file) }
    try write(item.argument, to: file)
  }

  private func write(_ bytes: Bytes, to file: Int32) throws(PathError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBufferPointer { apus_write(file, $0.baseAddress, UInt64($0.count)) }
      if count <= 0 { throw .errno(Int32(truncatingIfNeeded: -count)) }
      rest = rest.dropFirst(Int(count))
    }
  }

  private func adjustTree(_ folder: Int32, _ name: Bytes, _ item: TmpfilesItem, depth: Int) throws(PathError) {
    try adjust(folder, name, item, isNew: false)
    if depth >= TmpfilesRunner.depthMax { return }
    let opened = apus_open_folder_at(folder, name.terminated)
    if opened < 0 { return }
    defer { _ = apus_close(opened) }
    for entry in FolderReader.names(ofOpen: opened) { try adjustTree(opened, entry, item, depth: depth + 1) }
  }

  /// Owner first: a change of owner takes set-uid bits away, which the mode may want.
  private func adjust(_ folder: Int32, _ name: Bytes, _ item: TmpfilesItem, isNew: Bool) throws(PathError) {
    let uid = try owner(item.user, isForNew: item.userIsForNew, isNew: isNew) { Accounts.userID($0, in: passwd) }
    let gid = try owner(item.group, isForNew: item.groupIsForNew, isNew: isNew) { Accounts.group($0, in: groups) }
    let mode = item.modeIsForNew && !isNew ? nil : item.mode
    if uid == nil && gid == nil && mode == nil { return }
    var error: Int32 = 0
    guard let place = Place(in: folder, name, error: &error) else { throw .errno(error) }
    if !place.isFolder && place.status.links > 1 && !TmpfilesRunner.hardlinksAreProtected {
      throw .unsafe(name + ", a file with several names,")
    }
    if uid ?? place.status.uid != place.status.uid || gid ?? place.status.gid != place.status.gid {
      let result = apus_change_owner_of(place.descriptor, uid ?? .max, gid ?? .max)
      if result < 0 { throw .errno(-result) }
    }
    guard let mode, !place.isLink else { return }
    let wanted = item.modeIsMasked ? TmpfilesRunner.masked(mode, place.status.mode, place.isFolder) : mode
    let result = apus_change_mode_of(place.descriptor, wanted)
    if result < 0 { throw .errno(-result) }
  }

  private func owner(
    _ name: Bytes, isForNew: Bool, isNew: Bool, _ find: (Bytes) -> UInt32?
  ) throws(PathError) -> UInt32? {
    if name.isEmpty || (isForNew && !isNew) { return nil }
    guard let id = find(name) else { throw .errno(Errno.ESRCH) }
    return id
  }

  /// `~`: no bit for whom the present mode has none of that kind; no set-id bit but on folders.
  static func masked(_ mode: UInt32, _ present: UInt32, _ isFolder: Bool) -> UInt32 {
    var mode = mode
    if present & 0o111 == 0 { mode &= ~0o111 }
    if present & 0o222 == 0 { mode &= ~0o222 }
    if present & 0o444 == 0 { mode &= ~0o444 }
    if !isFolder { mode &= ~0o7000 }
    return mode
  }

  /// Where it is off anybody may have given a file of root's a second name in his own folder.
  private static var hardlinksAreProtected: Bool {
    (FolderReader.readPseudo(Bytes("/proc/sys/fs/protected_hardlinks"))?.trimmed ?? []) == "1"
  }
}
