import CLinux
import Model

/// Removes trees folder by folder, by descriptors: a link is removed, never followed, so that nobody can lead it out of
/// the tree by exchanging a folder for a link. For helpers: it may take as long as the file system does.
enum TreeRemover {
  /// Deeper trees are left with an error: each level holds a descriptor.
  static let depthMax = 512
  static let kindMask: UInt32 = 0o170000
  static let folderKind: UInt32 = 0o040000

  /// Removes what is called so in `folder`; 0, or the first errno. What is not there is no failure.
  static func remove(_ name: Bytes, in folder: Int32, keepsTop: Bool = false, depth: Int = 0) -> Int32 {
    if depth > depthMax { return Errno.ELOOP }
    let terminated = name.terminated
    if !keepsTop {
      // The cheap way first: files and links are most of a tree.
      let result = apus_remove_at(folder, terminated, 0)
      if result >= 0 || -result == Errno.ENOENT { return 0 }
      if -result != Errno.EISDIR && -result != Errno.EPERM { return -result }
    }
    // What is mounted somewhere in a tree (a volume) is not the tree's.
    if !keepsTop && isMount(terminated, in: folder) { return Errno.EBUSY }
    let opened = apus_open_folder_at(folder, terminated)
    if opened < 0 { return -opened == Errno.ENOENT ? 0 : -opened }
    let failure = removeContents(opened, depth)
    _ = apus_close(opened)
    if failure != 0 || keepsTop { return failure }
    let result = apus_remove_at(folder, terminated, 1)
    return result >= 0 || -result == Errno.ENOENT ? 0 : -result
  }

  /// Before Linux 5.8 a mount cannot be told so; then only the kernel's own refusal protects its top.
  private static func isMount(_ name: Bytes, in folder: Int32) -> Bool {
    let own = apus_mount_of(folder, name)
    let outer = apus_mount_of(folder, Bytes(".").terminated)
    return own >= 0 && outer >= 0 && own != outer
  }

  /// Everything in the folder; what cannot be removed does not keep the rest.
  private static func removeContents(_ folder: Int32, _ depth: Int) -> Int32 {
    var failure: Int32 = 0
    for name in FolderReader.names(ofOpen: folder) {
      let result = remove(name, in: folder, depth: depth + 1)
      if failure == 0 { failure = result }
    }
    return failure
  }
}
