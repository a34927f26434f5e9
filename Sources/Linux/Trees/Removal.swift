import CLinux
import Model

/// `apus-helper remove PATH…`: what a run leaves behind.
public enum Removal {
  /// Removes a file or a whole tree; never follows a link, goes no way that another user could have laid, and stays on the
  /// path's own mount. nil: it is gone, or was not there. A path behind `file:` (a PID file) is only removed if it is a
  /// file or a link: whoever writes a folder there, or a device, by mistake, must not lose it.
  public static func remove(_ argument: Bytes) -> Bytes? {
    let isFile = argument.starts(with: "file:")
    let path = isFile ? Bytes(argument[5...]) : argument
    guard isPlain(path, isTree: !isFile) else {
      return "cannot remove '" + path + "': only a plain absolute path below / is removed, and no folder of / itself"
    }
    do throws(PathError) {
      let (folder, name) = try SafeWalk.openParent(of: path)
      defer { _ = apus_close(folder) }
      var status = apus_status()
      let found = apus_status_at(folder, name.terminated, &status)
      if found < 0 { throw .errno(-found) }
      let kind = Place.kind(status)
      let isOurs = kind == 0o100000 || kind == 0o120000 || (!isFile && kind == TreeRemover.folderKind)
      if !isOurs { return "not removed: " + path + (kind == TreeRemover.folderKind ? " is a folder" : " is no regular file") }
      let errno = isFile ? -apus_remove_at(folder, name.terminated, 0) : TreeRemover.remove(name, in: folder)
      if errno > 0 { throw .errno(errno) }
      return nil
    } catch {
      if error == .errno(Errno.ENOENT) || error == .errno(Errno.ENOTDIR) { return nil }
      return "cannot remove " + path + ": " + error.text
    }
  }

  /// Whether it may be a thing that a run leaves behind, by its spelling alone.
  static func isPlain(_ path: Bytes, isTree: Bool) -> Bool {
    let parts = path.pieces(separatedBy: 47)
    if path.first != 47 || path.contains(0) || parts.contains(where: { $0 == "." || $0 == ".." }) { return false }
    return parts.count > (isTree ? 1 : 0)
  }
}
