import CLinux
import Model

/// Why a path was not walked.
enum PathError: Error, Equatable {
  case errno(Int32)
  /// From what somebody else than root owns to what another one owns: that somebody could lead apus anywhere.
  case unsafe(Bytes)

  var text: Bytes {
    switch self {
    case .errno(let number): errorText(number)
    case .unsafe(let place): "unsafe: " + place + " belongs to another user than the folder or link that leads to it"
    }
  }
}

/// A walk along a path, component by component, as one may who does not trust everybody on the way (systemd's rule,
/// chase-unsafe): from something that belongs to an ordinary user a step must only lead to what belongs to the same user,
/// for else that user could lead apus anywhere. Each step is held by a descriptor and looked at by it.
struct SafeWalk {
  /// As many links as the kernel follows.
  static let linksMax = 40
  static let stepsMax = 1024

  /// The folder of the last component, O_PATH; whoever walked closes it.
  private(set) var folder: Int32
  private(set) var name = Bytes()
  /// Of what was looked at last: the file itself, if the walk went there.
  private(set) var status = apus_status()
  private(set) var isSafe = true
  /// The way so far, for messages.
  private var walked = Bytes()

  /// To what the path means, its last link followed too. The walk goes on where it is not safe, and tells.
  static func to(_ path: Bytes) throws(PathError) -> SafeWalk {
    try walk(path) { walk throws(PathError) in try walk.go(path, .toFile) }
  }

  /// To the folder that has the path's last component, which is not looked at. The first step that is not safe is an error.
  /// Missing folders on the way are made (0755, root's) if `makesParents`.
  static func openParent(of path: Bytes, makesParents: Bool = false) throws(PathError) -> (folder: Int32, name: Bytes) {
    let walk = try walk(path) { walk throws(PathError) in try walk.go(path, makesParents ? .toMadeParent : .toParent) }
    return (walk.folder, walk.name)
  }

  private enum Goal { case toFile, toParent, toMadeParent }

  private static func walk(_ path: Bytes, _ go: (inout SafeWalk) throws(PathError) -> Void) throws(PathError) -> SafeWalk {
    if path.first != 47 || path.contains(0) { throw .errno(Errno.EINVAL) }
    var walk = SafeWalk(folder: apus_open_place(-100, Bytes("/").terminated))
    if walk.folder < 0 { throw .errno(-walk.folder) }
    do throws(PathError) {
      _ = apus_status_of(walk.folder, &walk.status)
      try go(&walk)
      return walk
    } catch {
      walk.close()
      throw error
    }
  }

  private init(folder: Int32) { self.folder = folder }

  func close() { _ = apus_close(folder) }

  private mutating func go(_ path: Bytes, _ goal: Goal) throws(PathError) {
    var steps = Array(path.pieces(separatedBy: 47).reversed())
    if goal != .toFile {
      guard let last = steps.first else { throw .errno(Errno.EISDIR) }
      name = last
      steps.removeFirst()
    }
    var links = 0
    var count = 0
    while let step = steps.popLast() {
      count += 1
      if count > SafeWalk.stepsMax { throw .errno(Errno.ELOOP) }
      if step == "." { continue }
      if goal == .toMadeParent { _ = apus_make_folder_at(folder, step.terminated, 0o755) }
      let here = apus_open_place(folder, step.terminated)
      if here < 0 { throw .errno(-here) }
      do throws(PathError) {
        try pass(here, walked + "/" + step, isStrict: goal != .toFile)
      } catch {
        _ = apus_close(here)
        throw error
      }
      if Place.kind(status) == 0o120000 {
        links += 1
        let target = Place.linkTarget(here)
        _ = apus_close(here)
        guard let target, links <= SafeWalk.linksMax else { throw .errno(Errno.ELOOP) }
        if target.first == 47 { try backToRoot(isStrict: goal != .toFile) }
        steps += target.pieces(separatedBy: 47).reversed()
        continue
      }
      if goal == .toFile && !steps.contains(where: { $0 != "." }) {
        _ = apus_close(here)
        name = step
        return
      }
      _ = apus_close(folder)
      folder = here
      walked += "/" + step
    }
    if goal == .toFile { throw .errno(Errno.EISDIR) }
    if Place.kind(status) != TreeRemover.folderKind { throw .errno(Errno.ENOTDIR) }
  }

  /// Root may lead anywhere, others to what is their own.
  private mutating func pass(_ descriptor: Int32, _ place: Bytes, isStrict: Bool) throws(PathError) {
    var next = apus_status()
    let result = apus_status_of(descriptor, &next)
    if result < 0 { throw .errno(-result) }
    if status.uid != 0 && status.uid != next.uid {
      isSafe = false
      if isStrict { throw .unsafe(place) }
    }
    status = next
  }

  private mutating func backToRoot(isStrict: Bool) throws(PathError) {
    let root = apus_open_place(-100, Bytes("/").terminated)
    if root < 0 { throw .errno(-root) }
    _ = apus_close(folder)
    folder = root
    walked = []
    try pass(root, Bytes("/"), isStrict: isStrict)
  }
}
