import Model
import Supervision

/// What systemd does for its host before it reads units: tmpfiles.d at boot, and the generators at each load (units.md a.3).
/// Both may wait for anything, so a helper does them.
public struct HostPreparation: Equatable, Sendable {
  /// The folder that gets `generator`, `generator.early` and `generator.late`.
  public var base = Bytes("/run/systemd")
  /// For all generators together; who is late is killed, and named.
  public var generatorLimit = HostPreparation.generatorLimitDefault
  /// tmpfiles.d may have much to do; the helper as a whole gets so much more.
  static let grace = TimeSpan(seconds: 30)
  /// systemd gives 90 s; a container that boots has somebody waiting.
  public static let generatorLimitDefault = TimeSpan(seconds: 15)
  public init() {}

  /// Behind `apus-helper`.
  func arguments(atBoot: Bool) -> [Bytes] {
    [Bytes("prepare"), base, Bytes(decimal: generatorLimit.microseconds), Bytes(atBoot ? "boot" : "reload")]
  }

  /// When the helper itself is given up.
  var limit: TimeSpan {
    generatorLimit.isInfinite ? .infinity : TimeSpan(microseconds: generatorLimit.microseconds &+ HostPreparation.grace.microseconds)
  }
}

extension Supervisor {
  /// Whether the load that comes next waits for the host's preparation; begins it.
  mutating func preparesHost(for purpose: LoadPurpose) -> Bool {
    guard let preparation = configuration.hostPreparation, !isHostPrepared else { return false }
    switch purpose {
    case .plan, .demand: return false
    case .boot, .applyBySignal, .apply, .daemonReload: break
    }
    if !isPreparingHost {
      isPreparingHost = true
      start(.prepare(limit: preparation.limit), preparation.arguments(atBoot: purpose.isBoot))
    }
    return true
  }

  /// The helper's own lines have said what went wrong; units are read all the same.
  mutating func hostIsPrepared(_ failure: Bytes?) {
    isPreparingHost = false
    isHostPrepared = true
    if let failure { say(.error, "the host is not prepared as it should be (tmpfiles.d, generators): " + failure) }
  }

  /// The units of the boot are read: what was found is said, and they start, or apus leaves.
  mutating func finishBoot(_ loaded: LoadedUnits) {
    // A stop may have been asked for meanwhile.
    if manager.isPhaseStopping { return }
    var text = Bytes()
    for diagnostic in loaded.diagnostics { text += diagnostic.text + "\n" }
    if !text.isEmpty { kernel.say(text, mayWait: false) }
    if loaded.hasErrors {
      kernel.say(Bytes("apus: exit 78: the unit files have errors, nothing was started\n"), mayWait: false)
      exitStatus = 78
      return
    }
    boot(loaded)
  }
}
