/// One line of a tmpfiles.d file (tmpfiles.d(5)), specifiers expanded. A class: it is large, and never changes once it is read.
public final class TmpfilesItem: Equatable, @unchecked Sendable {
  /// What is to be made, changed or removed.
  public enum Action: UInt8, CaseIterable, Sendable {
    /// `d`, `v`, `q`, `Q`: make a folder. `D`: the same, emptied at boot first. `e`: change one that is there.
    case folder, emptiedFolder, existingFolder
    /// `f`: make a file that is missing. `F`, `f+`: make it anew.
    case file, truncatedFile
    /// `w`: write into a file that is there. `w+`: append.
    case write, append
    /// `L`: make a link that is missing. `L+`: put it in the place of what is there.
    case link, forcedLink
    /// `p`: make a FIFO.
    case fifo
    /// `r`: remove a file or an empty folder. `R`: a whole tree.
    case remove, removeTree
    /// `z`, `Z`: change mode and owner, `Z` of a whole tree.
    case adjust, adjustTree
    /// `x`, `X`: only for clearing by age, which apus does not do.
    case exclude

    /// Whether the path is a pattern.
    public var takesPattern: Bool {
      switch self {
      case .existingFolder, .write, .append, .remove, .removeTree, .adjust, .adjustTree, .exclude: true
      case .folder, .emptiedFolder, .file, .truncatedFile, .link, .forcedLink, .fifo: false
      }
    }
  }

  public var action: Action
  public var path: Bytes
  /// nil: as it is, or the default of what is made.
  public var mode: UInt32?
  /// `~`: masked by what the present mode allows. `:`: only for what is made anew.
  public var modeIsMasked = false
  public var modeIsForNew = false
  /// Name or number; empty: as it is, root for what is made.
  public var user: Bytes = []
  public var userIsForNew = false
  public var group: Bytes = []
  public var groupIsForNew = false
  /// What is written, or what a link holds.
  public var argument: Bytes = []
  /// `!`
  public var isForBootOnly = false
  /// `-`: a failure is not counted.
  public var mayFail = false
  /// `=`: something of another kind at that path is removed first.
  public var replaces = false
  public var location: SourceLocation

  public init(_ action: Action, path: Bytes, location: SourceLocation) {
    self.action = action
    self.path = path
    self.location = location
  }

  /// They say the same, wherever they stand.
  public static func == (one: TmpfilesItem, other: TmpfilesItem) -> Bool {
    guard one.action == other.action, one.mode == other.mode, one.modeIsMasked == other.modeIsMasked else { return false }
    guard one.modeIsForNew == other.modeIsForNew, one.userIsForNew == other.userIsForNew else { return false }
    guard one.groupIsForNew == other.groupIsForNew, one.isForBootOnly == other.isForBootOnly else { return false }
    guard one.mayFail == other.mayFail, one.replaces == other.replaces else { return false }
    return one.texts == other.texts
  }

  private var texts: [Bytes] { [path, user, group, argument] }
}
