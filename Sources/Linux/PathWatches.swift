import CLinux
import Model
import Runtime

/// Paths that are watched for units, by one inotify: the folder that holds the path, the deepest one that is there while
/// others are missing, and the folders to which a link leads.
struct PathWatches {
  /// More units than this are told that they cannot be watched.
  static let unitsMax = 1024
  /// Folders watched for one path.
  static let foldersMax = 8

  struct Place: Equatable {
    var watch: Int32
    /// The name in that folder whose coming and going matters.
    var name: Bytes
  }
  private struct Entry {
    var unit: UnitID
    var path: Bytes
    var places: [Place]
  }

  private(set) var inotify: Int32 = -1
  private var entries: [Entry] = []

  /// Makes the descriptor at the first call; false: there is none to be had.
  mutating func open() -> Bool {
    if inotify < 0 { inotify = apus_inotify_create() }
    return inotify >= 0
  }

  /// False: it cannot be watched.
  mutating func add(_ unit: UnitID, _ path: Bytes) -> Bool {
    remove(unit)
    guard path.first == 47, entries.count < PathWatches.unitsMax else { return false }
    let path = PathWatches.plain(path)
    let places = arm(path)
    if places.isEmpty { return false }
    entries.append(Entry(unit: unit, path: path, places: places))
    return true
  }

  mutating func remove(_ unit: UnitID) {
    guard let index = entries.firstIndex(where: { $0.unit == unit }) else { return }
    let gone = entries.remove(at: index).places
    drop(gone)
  }

  /// Watches that nobody else uses.
  private func drop(_ places: [Place]) {
    for place in places {
      if entries.contains(where: { $0.places.contains { $0.watch == place.watch } }) { continue }
      _ = apus_inotify_unwatch(inotify, place.watch)
    }
  }

  /// Reads all events; the units whose path they may concern, each once. Their watches are set anew, because what was
  /// missing may be there now.
  mutating func drain() -> [UnitID] {
    var isHit = [Bool](repeating: false, count: entries.count)
    var buffer = Bytes(repeating: 0, count: 8192)
    // A folder in which somebody works without end is looked at again in the next turn.
    for _ in 0..<64 {
      let count = apus_read(inotify, &buffer, UInt64(buffer.count))
      if count <= 0 { break }
      note(buffer, Int(count), &isHit)
    }
    var result: [UnitID] = []
    for index in entries.indices where isHit[index] {
      result.append(entries[index].unit)
      let old = entries[index].places
      entries[index].places = arm(entries[index].path)
      drop(old)
    }
    return result
  }

  /// struct inotify_event: watch 4, mask 4, cookie 4, length of the name 4, name.
  private func note(_ buffer: Bytes, _ count: Int, _ isHit: inout [Bool]) {
    func number(_ offset: Int) -> UInt32 {
      UInt32(buffer[offset]) | UInt32(buffer[offset + 1]) << 8 | UInt32(buffer[offset + 2]) << 16 | UInt32(buffer[offset + 3]) << 24
    }
    var offset = 0
    while offset + 16 <= count {
      let watch = Int32(bitPattern: number(offset))
      let length = Int(number(offset + 12))
      guard offset + 16 + length <= count else { return }
      let name = Bytes(buffer[(offset + 16)..<(offset + 16 + length)].prefix { $0 != 0 })
      // -1: events were lost.
      for index in entries.indices where !isHit[index] {
        isHit[index] = watch < 0 || entries[index].places.contains { $0.watch == watch && (name.isEmpty || $0.name == name) }
      }
      offset += 16 + length
    }
  }

  private func arm(_ path: Bytes) -> [Place] {
    var places: [Place] = []
    var wanted = path
    while places.count < PathWatches.foldersMax, let place = deepest(wanted) {
      if !places.contains(place) { places.append(place) } else { break }
      guard let target = HostFiles.readLink(wanted), !target.isEmpty else { break }
      wanted = PathWatches.plain(target.first == 47 ? target : PathWatches.folder(wanted) + "/" + target)
    }
    return places
  }

  /// The folder that holds the path, or the deepest above it that is there.
  private func deepest(_ path: Bytes) -> Place? {
    // Folders that come while this is done are gone down into; whoever makes and removes them without end ends it too.
    for _ in 0..<16 {
      var child = path
      while true {
        let folder = PathWatches.folder(child)
        let watch = apus_inotify_watch_path(inotify, (folder.isEmpty ? Bytes("/") : folder).terminated)
        if watch >= 0 {
          if child == path || apus_path_kind(child.terminated) < 0 {
            return Place(watch: watch, name: Bytes(child[min(folder.count + 1, child.count)...]))
          }
          break
        }
        if folder.isEmpty { return nil }
        child = folder
      }
    }
    return nil
  }

  /// Without the last part; empty for what is in the root.
  private static func folder(_ path: Bytes) -> Bytes {
    Bytes(path[0..<(path.lastIndex(of: 47) ?? 0)])
  }

  /// Absolute, with one slash before each part.
  private static func plain(_ path: Bytes) -> Bytes {
    var result = Bytes()
    for part in path.pieces(separatedBy: 47) where part != "." { result += "/" + part }
    return result
  }
}

extension LinuxKernel {
  /// From now on `.pathChanged` tells of changes at the path.
  public func watchPath(_ unit: UnitID, _ path: Bytes) -> Bool {
    if pathWatches.inotify < 0 {
      guard pathWatches.open() else { return false }
      watch(pathWatches.inotify, APUS_READABLE, .paths)
    }
    return pathWatches.add(unit, path)
  }

  /// Nobody asks any more.
  public func unwatchPath(_ unit: UnitID) { pathWatches.remove(unit) }
}
