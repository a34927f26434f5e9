#if !EMBEDDED
/// What one seed gave.
public struct Outcome: Sendable {
  public var seed: UInt64
  public var violation: Violation? = nil
  public var turns = 0
  public var lives = 0
  public var events = 0
  public var spawned = 0
  public var hash: UInt64 = 0
  public var virtualSeconds = 0
  /// Faults and other rare things that happened.
  public var occasions: [String] = []
  /// The last entries of the trace.
  public var trace: [String] = []
  public init(seed: UInt64) { self.seed = seed }
}
#endif
