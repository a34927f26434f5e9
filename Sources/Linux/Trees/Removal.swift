import CLinux
import Model

/// `apus-helper remove PATH…`: what a run leaves behind.
public enum Removal {
  /// Removes a file or a whole tree; never follows a link, goes no way that another user could have laid, and stays on the
  /// path's own mount. nil: it is gone, or was not there.
  public static func remove(_ path: Bytes) -> Bytes? {
    let parts = path.pieces(separatedBy: 47)
    guard path.first == 47, !parts.isEmpty, !parts.contains(where: { $0 == "." || $0 == ".." }), !path.contains(0) else {
      return "cannot remove '" + path + "': only a plain absolute path below / is removed"
    }
    do throws(PathError) {
      let (folder, name) = try SafePath.openParent(of: path)
      defer { _ = apus_close(folder) }
      let errno = TreeRemover.remove(name, in: folder)
      return errno == 0 ? nil : "cannot remove " + path + ": " + errorText(errno)
    } catch {
      if error == .errno(Errno.ENOENT) || error == .errno(Errno.ENOTDIR) { return nil }
      return "cannot remove " + path + ": " + error.text
    }
  }
}
