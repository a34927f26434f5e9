import Model
import Supervision

/// What the process's face decides before the first turn.
public struct SupervisorConfiguration: Sendable {
  public var manager = ManagerOptions()
  /// Folders, unit files and unit names of the command line.
  public var paths: [Bytes] = []
  /// `--crontab-user-field`: in every crontab, not only in those of /etc/crontab and /etc/cron.d.
  public var crontabsHaveUsers = false
  /// `--unit-path`, in place of systemd's folders.
  public var unitPath: Bytes? = nil
  /// `apus` alone as PID 1: the units of `default.target`.
  public var bootsDefaultTarget = false
  /// What is done before units are read, at boot and at each reload; nil: nothing, for units that the command line names.
  public var hostPreparation: HostPreparation? = nil
  /// apus's own environment as found.
  public var environment: [Bytes] = []
  public var ownUID: UInt32 = 0
  public var ownGID: UInt32 = 0
  /// `--control-group`
  public var controlGroupID: UInt32? = nil
  /// `--group`: signals for COMMAND go to its process group.
  public var forwardsToGroup = false
  /// In systemd's spelling, for `%a`.
  public var architecture: StaticString = "x86-64"
  public init() {}
}
