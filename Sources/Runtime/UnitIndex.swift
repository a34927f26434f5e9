import Model
import UnitFile

/// What every name in the unit path stands for (units.md b.8, as systemd's own map of unit files).
///
/// Each folder is listed once and each entry asked once whether it is a link; after that names are found without a system
/// call. A link inside of the unit path is an alias, one to /dev/null a mask, one to the outside a file like any other,
/// under the link's own name. One of a class: it is large, and everybody who looks something up would copy it.
public final class UnitIndex {
  /// Links from name to name; more is a loop.
  static let hopsMax = 64
  /// More entries in a unit path are left out.
  static let entriesMax = 65_536

  enum Target: Equatable, Sendable {
    case file
    /// /dev/null.
    case mask
    case alias(UnitName)
  }

  struct Entry: Sendable {
    var name: UnitName
    var folder: Int
    var target: Target
  }

  public let folders: [UnitFolder]
  /// Of `folders`, as links spell them.
  private var prefixes: [Bytes] = []
  var entries: [Entry] = []
  private var byName = NameTable()
  /// All `.wants/`, `.requires/` and `.upholds/`, and the folder of the unit path that each is in.
  public private(set) var dependencyFolders: [(folder: Int, path: Bytes)] = []
  /// Subfolders that were listed, and what they have.
  var listed = NameTable()
  var listings: [[Bytes]] = []
  /// `web.service` → the entries that are links to it; `web.service.d` → the folders that have it.
  private var places = NameTable()
  private var lists: [[Int]] = []
  /// What is wrong with links and names.
  public private(set) var diagnostics: [Diagnostic] = []
  private var nextFolder = 0
  /// Names of the folder at hand that were not looked at.
  private var pending: [Bytes] = []

  public init(_ folders: [UnitFolder]) { self.folders = folders }

  /// One small piece of work; true when the index is complete.
  public func step(_ kernel: inout some Kernel) -> Bool {
    if prefixes.isEmpty { findPrefixes(&kernel) }
    if let name = pending.popLast() {
      add(name, folder: nextFolder - 1, &kernel)
      return false
    }
    guard nextFolder < folders.count else { return true }
    // An absent folder is an empty one; one that cannot be read hides what it has.
    switch kernel.listFolder(folders[nextFolder].path) {
    case .entries(let names): pending = names.reversed()
    case .failed(let errno):
      if errno != Errno.ENOENT && errno != Errno.ENOTDIR {
        diagnostics.append(
          Diagnostic(.warning, file: folders[nextFolder].path, message: "cannot read the folder: " + errorText(errno)))
      }
    }
    nextFolder += 1
    return false
  }

  private func findPrefixes(_ kernel: inout some Kernel) {
    let current = kernel.readLink(Bytes("/proc/self/cwd")) ?? []
    for folder in folders {
      prefixes.append(UnitPath.simplified(folder.path.first == 47 || current.isEmpty ? folder.path : current + "/" + folder.path) + "/")
    }
    // Packages of before and after the merge of /usr spell one folder in two ways.
    for path in ["/lib/systemd/system/", "/usr/lib/systemd/system/"] as [StaticString]
    where prefixes.contains(where: { $0.ends(with: path) }) {
      prefixes += [Bytes("/lib/systemd/system/"), Bytes("/usr/lib/systemd/system/")]
      break
    }
  }

  // MARK: Entries

  private func add(_ name: Bytes, folder: Int, _ kernel: inout some Kernel) {
    let place = folders[folder]
    if let only = place.only, name != only, !(name.count > only.count && name.starts(with: only) && name[only.count] == 46) { return }
    if name.ends(with: ".d") || name.ends(with: ".wants") || name.ends(with: ".requires") || name.ends(with: ".upholds") {
      note(folder, at: name)
      if !name.ends(with: ".d") { dependencyFolders.append((folder, place.path + "/" + name)) }
      return
    }
    guard let unit = UnitName(name), entries.count < UnitIndex.entriesMax else {
      if place.strictness == .strict, UnitIndex.looksLikeUnit(name) {
        report(place, name, text("\(name) is no unit name"), hint: "letters, digits and :_.-\\@ before the suffix, 255 bytes at most")
      }
      return
    }
    if byName.contains(name) { return }
    guard let target = target(of: unit, in: folder, &kernel) else { return }
    byName[name] = entries.count
    if case .alias(let other) = target { note(entries.count, at: other.bytes) }
    entries.append(Entry(name: unit, folder: folder, target: target))
  }

  private func note(_ item: Int, at place: Bytes) {
    if let position = places[place] { return lists[position].append(item) }
    places[place] = lists.count
    lists.append([item])
  }

  private func noted(at place: Bytes) -> [Int] { places[place].map { lists[$0] } ?? [] }

  /// A suffix of ours on a name that is none: a mistake, not somebody else's file.
  private static func looksLikeUnit(_ name: Bytes) -> Bool {
    let suffixes: [StaticString] = [".service", ".timer", ".target", ".socket", ".path"]
    return name.first != 46 && suffixes.contains { name.ends(with: $0) }
  }

  /// nil: the entry counts as if it were not there.
  private func target(of name: UnitName, in folder: Int, _ kernel: inout some Kernel) -> Target? {
    let base = prefixes[folder]
    guard let link = kernel.readLink(folders[folder].path + "/" + name.bytes) else { return .file }
    let path = UnitPath.simplified(link.first == 47 ? link : base + link)
    if path == "/dev/null" { return .mask }
    let last = Bytes(path[((path.lastIndex(of: 47) ?? -1) + 1)...])
    guard let prefix = prefixes.first(where: { path.count > $0.count && path.starts(with: $0) }) else {
      // `default.target` of a root that never had systemd's own files: what it leads to is built in.
      if name.type == .target, let target = UnitName(last), target != name, BuiltInTargets.text(target) != nil { return .alias(target) }
      return .file
    }
    if last == name.bytes {
      // To a file of the same name: further down in the path it is found by itself; in a folder of the folder (as
      // Kubernetes mounts a ConfigMap) only by this link, and on the command line it is this link that is meant.
      return path.count == prefix.count + last.count && prefix != base && folders[folder].origin == .unitPath ? nil : .file
    }
    // Of a single file's folder nothing else is known.
    if folders[folder].only != nil && prefix == base { return .file }
    if let problem = UnitIndex.problem(name, UnitName(last)) {
      report(
        folders[folder], name.bytes, text("cannot be a link to \(last): \(problem)"),
        hint: "a link may name a unit of the same type, a template's link a template, an instance's link the same instance")
      return nil
    }
    return UnitName(last).map { .alias($0) }
  }

  /// Why a link cannot be another name of a unit (systemd's unit_validate_alias_symlink).
  private static func problem(_ name: UnitName, _ target: UnitName?) -> Bytes? {
    guard let target else { return Bytes("it is no unit name") }
    if target.type != name.type { return Bytes("the types differ") }
    switch name.type {
    case .service, .socket, .target, .device, .timer, .path: break
    case .mount, .automount, .swap, .slice, .scope: return "a " + Bytes(name.type.name) + " has one name only"
    }
    if name.isInstance && target.isTemplate { return nil }
    if name.isTemplate != target.isTemplate || name.isInstance != target.isInstance {
      return Bytes("one is a template or an instance, the other is not")
    }
    return name.isInstance && name.instance != target.instance ? Bytes("the instances differ") : nil
  }

  private func report(_ folder: UnitFolder, _ name: Bytes, _ message: Bytes, hint: StaticString) {
    diagnostics.append(
      Diagnostic(folder.strictness == .strict ? .error : .warning, file: folder.path + "/" + name, message: message, hint: Bytes(hint)))
  }

  // MARK: Questions

  /// Every name that has a file or link of its own, and the folder it is in.
  public var names: [(name: UnitName, folder: Int)] { entries.map { ($0.name, $0.folder) } }

  /// Whether the name is a link to another unit's name.
  public func isAlias(_ name: UnitName) -> Bool {
    if case .alias? = entry(name)?.target { return true }
    return false
  }

  func entry(_ name: UnitName) -> Entry? { byName[name.bytes].map { entries[$0] } }

  /// Entries that are links to a name.
  func links(to name: UnitName) -> [Entry] { noted(at: name.bytes).map { entries[$0] } }

  /// The folders that have such a subfolder, from high to low.
  func folders(having subfolder: Bytes) -> [Int] { noted(at: subfolder) }

  func path(_ entry: Entry) -> Bytes { folders[entry.folder].path + "/" + entry.name.bytes }
}
