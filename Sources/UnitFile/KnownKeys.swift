import Model

/// The directive table, second part: keys that are known and have no handler (systemd 252 to 257, and `[X-Apus]`). Those of a
/// service that are checked and not enforced are in `Unenforced`.
enum KnownKeys {
  /// Honoured by a later release: one notice per unit and key. Blank before and behind each.
  static func later(_ section: Section) -> StaticString {
    switch section {
    case .unit, .install: " "
    case .service: " OpenFile "
    case .timer, .socket, .path: " "
    case .apus: " LogFile LogFileMaxSize LogFileKeep "
    }
  }

  /// Without effect where apus runs, as documented: nothing is said.
  static func silent(_ section: Section) -> StaticString {
    switch section {
    case .unit:
      """
       SourcePath RequiresMountsFor WantsMountsFor AllowIsolate IgnoreOnIsolate CollectMode RebootArgument \
      OnSuccessJobMode OnFailureJobMode OnFailureIsolate JobTimeoutRebootArgument JoinsNamespaceOf SurviveFinalKillSignal 
      """
    case .service: " RebootArgument TimeoutCleanSec "
    case .socket: " TimeoutCleanSec "
    case .install, .timer, .path, .apus: " "
    }
  }
}
