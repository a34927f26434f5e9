#if !EMBEDDED
import Model
import Supervision

/// Which cells of the service machine's table the seeds of this process have visited.
public enum Coverage {
  public static func lines() -> [String] { [] }

  /// Prints what no seed visited; true if nothing is missing.
  public static func report(_ visited: Set<String>) -> Bool { true }
}
#endif
