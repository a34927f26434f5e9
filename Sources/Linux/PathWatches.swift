import CLinux
import Model
import Runtime

/// Paths that are watched for units, by one inotify: those of `.path` units (units.md d.3), PID files, and the zone file.
///
/// Each path is watched itself and, for its coming, going and moving, with every folder above it: closely the deepest one
/// that is there while others are missing, else only for being moved. Links on the way are watched with where they lead.
/// After an event the path's watches are set anew, because what was missing may be there now, and only then it is looked at.
struct PathWatches {
  /// Of all units together; what would be more is refused.
  static let entriesMax = 1024
  /// Files and folders watched for one path; what would be more is refused.
  static let placesMax = 128
  /// Links that lead to links.
  static let linksMax = 8

  /// One thing that is watched. The kernel has one watch for each, whoever wants it, with all that is wanted of it.
  private struct Place {
    var watch: Int32
    var mask: UInt32
    /// In a folder: the only name that matters; empty: all do.
    var name: Bytes
    /// What is asked about, and not a folder above it.
    var isGoal: Bool
  }
  private final class Entry {
    let unit: UnitID
    /// The spec of a `.path`; -1: of `watchPath`.
    let index: Int
    let spec: PathSpec
    var places: [Place] = []
    var existed = false
    /// The first path that matches a pattern.
    var match: Bytes = []
    /// To be told.
    var isHit = false
    /// Something happened there that asks for a look.
    var isTouched = false

    init(_ unit: UnitID, _ index: Int, _ spec: PathSpec) {
      self.unit = unit
      self.index = index
      self.spec = spec
    }
  }

  private(set) var inotify: Int32 = -1
  private var entries: [Entry] = []
  private var hasHits = false

  /// Makes the descriptor at the first call; false: there is none to be had.
  mutating func open() -> Bool {
    if inotify < 0 { inotify = apus_inotify_create() }
    return inotify >= 0
  }

  // MARK: Who wants what

  /// An error number, or 0. `looks`: what holds already is a hit.
  mutating func add(_ unit: UnitID, _ index: Int, _ spec: PathSpec, looks: Bool) -> Int32 {
    guard spec.path.first == 47, !spec.path.contains(0) else { return Errno.EINVAL }
    guard entries.count < PathWatches.entriesMax else { return Errno.ENOSPC }
    let entry = Entry(unit, index, spec)
    let failure = arm(entry)
    if failure != 0 {
      drop(entry.places)
      return failure
    }
    entry.existed = PathWatches.exists(spec.path)
    entry.isHit = looks && spec.kind.isLevel && PathWatches.holds(entry)
    if entry.isHit { hasHits = true }
    entries.append(entry)
    return 0
  }

  mutating func remove(_ unit: UnitID, specs: Bool) {
    var gone: [Place] = []
    var kept: [Entry] = []
    for entry in entries {
      if entry.unit == unit && (entry.index >= 0) == specs { gone += entry.places } else { kept.append(entry) }
    }
    if kept.count == entries.count { return }
    entries = kept
    drop(gone)
  }

  /// What there is to tell, at most 64 items; the rest comes with the next call.
  mutating func takeHits(into ready: inout [Readiness]) {
    guard hasHits else { return }
    var left = 64
    for entry in entries where entry.isHit {
      if left == 0 { return }
      left -= 1
      entry.isHit = false
      ready.append(entry.index < 0 ? .pathChanged(entry.unit) : .pathHit(entry.unit, entry.index, match: entry.match))
    }
    hasHits = false
  }

  private static func exists(_ path: Bytes) -> Bool { apus_path_kind(path.terminated) >= 0 }

  private static func holds(_ entry: Entry) -> Bool {
    let path = entry.spec.path
    switch entry.spec.kind {
    case .exists: return exists(path)
    case .existsGlob:
      entry.match = PathConditions.firstMatch(path)
      return !entry.match.isEmpty
    case .directoryNotEmpty: return PathConditions.holds(.directoryNotEmpty, path)
    case .changed, .modified: return false
    }
  }

  // MARK: Events

  /// Reads all events, sets anew the watches of the paths that they may concern, and notes hits, each once.
  mutating func drain() {
    var buffer = Bytes(repeating: 0, count: 8192)
    // A folder in which somebody works without end is looked at again in the next turn.
    for _ in 0..<64 {
      let count = apus_read(inotify, &buffer, UInt64(buffer.count))
      if count <= 0 { break }
      note(buffer, Int(count))
    }
    for entry in entries where entry.isTouched {
      entry.isTouched = false
      let old = entry.places
      // What it wanted before is nothing that others want.
      entry.places = []
      _ = arm(entry)
      let exists = PathWatches.exists(entry.spec.path)
      if entry.spec.kind.isLevel {
        entry.isHit = PathWatches.holds(entry)
      } else if exists != entry.existed {
        entry.isHit = true
      }
      entry.existed = exists
      if entry.isHit { hasHits = true }
      drop(old)
    }
  }

  /// struct inotify_event: watch 4, mask 4, cookie 4, length of the name 4, name.
  private func note(_ buffer: Bytes, _ count: Int) {
    func number(_ offset: Int) -> UInt32 {
      UInt32(buffer[offset]) | UInt32(buffer[offset + 1]) << 8 | UInt32(buffer[offset + 2]) << 16 | UInt32(buffer[offset + 3]) << 24
    }
    var offset = 0
    while offset + 16 <= count {
      let length = Int(number(offset + 12))
      guard offset + 16 + length <= count else { return }
      let name = Bytes(buffer[(offset + 16)..<(offset + 16 + length)].prefix { $0 != 0 })
      for entry in entries { note(Int32(bitPattern: number(offset)), number(offset + 4), name, entry) }
      offset += 16 + length
    }
  }

  private func note(_ watch: Int32, _ mask: UInt32, _ name: Bytes, _ entry: Entry) {
    // -1: events were lost.
    if watch < 0 {
      entry.isTouched = true
      entry.isHit = entry.isHit || !entry.spec.kind.isLevel
    }
    for place in entry.places where place.watch == watch {
      // What is gone for good tells that its watch is, too.
      guard mask & (place.mask | UInt32(APUS_IN_GONE)) != 0 else { continue }
      guard place.name.isEmpty || name.isEmpty || place.name == name else { continue }
      entry.isTouched = true
      if place.isGoal && mask & place.mask != 0 && !entry.spec.kind.isLevel { entry.isHit = true }
    }
  }

  // MARK: Watches

  /// What systemd asks for of the path itself.
  private static func mask(_ kind: PathKind) -> UInt32 {
    let own = APUS_IN_DELETE_SELF | APUS_IN_MOVE_SELF | APUS_IN_ATTRIB
    let changes = own | APUS_IN_CLOSE_WRITE | APUS_IN_CREATE | APUS_IN_DELETE | APUS_IN_MOVED_FROM | APUS_IN_MOVED_TO
    switch kind {
    case .exists, .existsGlob: return UInt32(own)
    case .changed: return UInt32(changes)
    case .modified: return UInt32(changes | APUS_IN_MODIFY)
    case .directoryNotEmpty: return UInt32(own | APUS_IN_CREATE | APUS_IN_MOVED_TO)
    }
  }

  /// Of a folder in which something is missing. Without IN_ATTRIB, which systemd has: it is of all that is in the folder, and
  /// the kernel goes through what it knows of that whenever such a watch is set (0.4 ms for a busy /tmp).
  private static var closeMask: UInt32 {
    UInt32(APUS_IN_DELETE_SELF | APUS_IN_MOVE_SELF | APUS_IN_CREATE | APUS_IN_MOVED_TO)
  }

  /// Sets the watches of an entry; an error number, or 0. What is missing, or closed to apus, is no error.
  private func arm(_ entry: Entry) -> Int32 {
    var places: [Place] = []
    var failure: Int32 = 0
    if entry.spec.kind == .existsGlob {
      for pattern in PathConditions.alternatives(of: entry.spec.path) where failure == 0 { failure = armGlob(pattern, &places) }
    } else {
      // A `.path` asks about where a link leads, as in systemd; the others, which file has that name.
      failure = armChain(
        entry.spec.path, Goal(mask: PathWatches.mask(entry.spec.kind), isGoal: true, withLinks: entry.index < 0), &places)
    }
    entry.places = places
    return failure
  }

  /// What a chain of folders leads to.
  private struct Goal {
    var mask: UInt32
    /// It is what is asked about, and with `withLinks` each link that leads there, too.
    var isGoal = false
    var withLinks = false
  }

  private func armChain(_ path: Bytes, _ goal: Goal, links: Int = 0, _ places: inout [Place]) -> Int32 {
    let parts = path.pieces(separatedBy: 47).filter { !($0 == ".") }
    var path = Bytes()
    var above: (index: Int, path: Bytes)? = nil
    for level in 0...parts.count {
      let isEnd = level == parts.count
      if level > 0 { path += "/" + parts[level - 1] }
      let name = path.isEmpty ? Bytes("/") : path
      let mask = isEnd ? goal.mask : PathWatches.closeMask
      guard places.count + 2 <= PathWatches.placesMax else { return Errno.ENOSPC }
      let own = watch(name, mask | UInt32(APUS_IN_DONT_FOLLOW))
      let target = own < 0 ? own : watch(name, mask)
      if target >= 0 {
        // What is there need not be waited for in its folder.
        if let above { loosen(&places, above.index, above.path) }
        above = (places.count, name)
        places.append(Place(watch: target, mask: mask, name: isEnd ? [] : parts[level], isGoal: isEnd && goal.isGoal))
      }
      if own >= 0 && own != target {
        places.append(Place(watch: own, mask: mask, name: [], isGoal: isEnd && goal.withLinks))
        let failure = armLink(name, isEnd ? goal : Goal(mask: UInt32(APUS_IN_MOVE_SELF)), links: links + 1, &places)
        if failure != 0 { return failure }
      }
      if target == -Errno.EACCES, let above {
        // A folder that is closed to apus may be opened.
        places[above.index].mask |= UInt32(APUS_IN_ATTRIB)
        _ = watch(above.path, UInt32(APUS_IN_ATTRIB))
      }
      if target < 0 { return PathWatches.isExpected(-target) ? 0 : -target }
    }
    return 0
  }

  /// Where a link leads: it may lead nowhere yet, or to another link.
  private func armLink(_ path: Bytes, _ goal: Goal, links: Int, _ places: inout [Place]) -> Int32 {
    guard links <= PathWatches.linksMax, let target = HostFiles.readLink(path) else { return 0 }
    let folder = Bytes(path[..<(path.lastIndex(of: 47) ?? 0)])
    return armChain(target.first == 47 ? target : folder + "/" + target, goal, links: links, &places)
  }

  /// The folder before the first wildcard, and every one that fits what follows it.
  private func armGlob(_ pattern: Bytes, _ places: inout [Place]) -> Int32 {
    let parts = pattern.pieces(separatedBy: 47)
    let literal = parts.firstIndex(where: Glob.hasWildcard) ?? parts.count
    var prefix = Bytes()
    for part in parts[..<literal] { prefix += "/" + Glob.unescaped(part) }
    let isWhole = literal == parts.count
    var failure = armChain(prefix, Goal(mask: isWhole ? PathWatches.mask(.exists) : PathWatches.closeMask, isGoal: isWhole), &places)
    prefix = []
    for level in parts.indices.dropLast() where failure == 0 {
      prefix += "/" + parts[level]
      if level < literal { continue }
      for folder in Glob.expand(prefix) {
        guard places.count < PathWatches.placesMax else { return Errno.ENOSPC }
        let watch = watch(folder, PathWatches.closeMask)
        if watch >= 0 {
          places.append(Place(watch: watch, mask: PathWatches.closeMask, name: [], isGoal: false))
        } else if !PathWatches.isExpected(-watch) {
          failure = -watch
        }
      }
    }
    return failure
  }

  private static func isExpected(_ errno: Int32) -> Bool {
    errno == Errno.ENOENT || errno == Errno.EACCES || errno == Errno.ENOTDIR || errno == Errno.ELOOP
  }

  /// The watch's number, or -errno. What somebody else wants of the same thing stays wanted.
  private func watch(_ path: Bytes, _ mask: UInt32) -> Int32 {
    apus_inotify_watch_mask(inotify, path.terminated, mask | UInt32(APUS_IN_MASK_ADD))
  }

  /// Nothing matters of a folder any more but that it is moved, unless somebody else wants more of it.
  private func loosen(_ places: inout [Place], _ index: Int, _ path: Bytes) {
    places[index].mask = UInt32(APUS_IN_MOVE_SELF)
    let watch = places[index].watch
    var wanted: UInt32 = 0
    for place in places where place.watch == watch { wanted |= place.mask }
    for entry in entries {
      for place in entry.places where place.watch == watch { wanted |= place.mask }
    }
    _ = apus_inotify_watch_mask(inotify, path.terminated, wanted)
  }

  /// Watches that nobody else uses.
  private func drop(_ places: [Place]) {
    for place in places {
      if entries.contains(where: { $0.places.contains { $0.watch == place.watch } }) { continue }
      _ = apus_inotify_unwatch(inotify, place.watch)
    }
  }
}

extension LinuxKernel {
  private func openPathWatches() -> Bool {
    if pathWatches.inotify >= 0 { return true }
    guard pathWatches.open() else { return false }
    watch(pathWatches.inotify, APUS_READABLE, .paths)
    return true
  }

  /// From now on `.pathChanged` tells of changes at the path.
  public func watchPath(_ unit: UnitID, _ path: Bytes) -> Bool {
    pathWatches.remove(unit, specs: false)
    return openPathWatches() && pathWatches.add(unit, -1, PathSpec(kind: .modified, path: path), looks: false) == 0
  }

  /// Nobody asks any more.
  public func unwatchPath(_ unit: UnitID) { pathWatches.remove(unit, specs: false) }

  /// The paths of a `.path`, in the place of those before.
  public func watchPaths(_ unit: UnitID, _ specs: [PathSpec], makesDirectory: UInt32?, looks: Bool) -> Bytes? {
    pathWatches.remove(unit, specs: true)
    guard openPathWatches() else { return Bytes("no inotify can be made: fs.inotify.max_user_instances is reached") }
    for (index, spec) in specs.enumerated() {
      if let mode = makesDirectory, spec.kind != .exists, spec.kind != .existsGlob {
        let mask = apus_umask(0)
        HostFiles.makeFolders(above: spec.path + "/", mode: mode)
        _ = apus_umask(mask)
      }
      let failure = pathWatches.add(unit, index, spec, looks: looks)
      if failure == 0 { continue }
      pathWatches.remove(unit, specs: true)
      let why: StaticString = failure == Errno.ENOSPC ? ": too many paths or folders, here or in fs.inotify.max_user_watches" : ""
      return text("\(Bytes(spec.kind.name))=\(spec.path): cannot be watched: \(errorText(failure))") + why
    }
    return nil
  }

  /// Nobody waits for them any more.
  public func unwatchPaths(_ unit: UnitID) { pathWatches.remove(unit, specs: true) }
}
