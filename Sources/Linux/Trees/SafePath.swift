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

/// Walks a path component by component, as one may who does not trust everybody on the way: a step out of a folder that
/// belongs to another user than root is only made to what belongs to the same user (systemd's rule, CHASE_SAFE).
enum SafePath {
  /// More links on the way are a loop.
  static let linksMax = 40

  /// The descriptor of the folder that holds the last component, and that component's name. The caller closes it.
  /// Missing folders on the way are made (0755, root's) if `makesParents`.
  static func openParent(of path: Bytes, makesParents: Bool = false) throws(PathError) -> (folder: Int32, name: Bytes) {
    var rest = path.pieces(separatedBy: 47)
    guard let name = rest.popLast() else { throw .errno(Errno.EISDIR) }
    var folder = try open(root: ())
    var status = apus_status()
    _ = apus_status_of(folder, &status)
    var links = 0
    var walked = Bytes()
    rest.reverse()
    while let part = rest.popLast() {
      if part == "." { continue }
      var error: Int32 = 0
      if makesParents { _ = apus_make_folder_at(folder, part.terminated, 0o755) }
      guard let place = Place(in: folder, part, error: &error) else {
        _ = apus_close(folder)
        throw .errno(error)
      }
      if isUnsafe(from: status, to: place.status) {
        _ = apus_close(folder)
        throw .unsafe(walked + "/" + part)
      }
      if place.isLink {
        links += 1
        guard links <= linksMax, let target = place.linkTarget() else {
          _ = apus_close(folder)
          throw .errno(Errno.ELOOP)
        }
        rest += target.pieces(separatedBy: 47).reversed()
        if target.first == 47 {
          _ = apus_close(folder)
          folder = try open(root: ())
          _ = apus_status_of(folder, &status)
          walked = []
        }
        // Whoever owns the link chose where it goes on.
        if isUnsafe(from: place.status, to: status) {
          _ = apus_close(folder)
          throw .unsafe(walked + "/")
        }
        continue
      }
      let next = apus_open_folder_at(folder, part.terminated)
      _ = apus_close(folder)
      if next < 0 { throw .errno(-next) }
      folder = next
      status = place.status
      walked += "/" + part
    }
    return (folder, name)
  }

  private static func open(root: Void) throws(PathError) -> Int32 {
    let root = apus_open_folder(Bytes("/").terminated)
    if root < 0 { throw .errno(-root) }
    return root
  }

  static func isUnsafe(from folder: apus_status, to next: apus_status) -> Bool { folder.uid != 0 && folder.uid != next.uid }
}
