#if !EMBEDDED
import Model
import Runtime

// What `.socket` and `.path` units wait for.

extension SimulatedKernel {
  public mutating func openListeners(_ plan: ListenPlan, warnings: inout [Bytes]) -> ListenOutcome { .failed(index: 0, []) }
  public mutating func watchListener(_ unit: UnitID, _ id: DescriptorID, accepts: Bool) -> Bool { false }
  public mutating func unwatchListener(_ id: DescriptorID) {}
  public mutating func acceptConnection(_ id: DescriptorID) -> AcceptOutcome { .nothing }
  public mutating func flushListener(_ id: DescriptorID) {}
  public mutating func removeNode(_ path: Bytes) {}
  public mutating func sendFile(_ id: DescriptorID, path: Bytes) {}
  public mutating func countConnections(_ ids: [DescriptorID]) -> (count: UInt32?, hadTraffic: Bool) { (nil, false) }
  public mutating func watchPaths(_ unit: UnitID, _ specs: [PathSpec], makesDirectory: UInt32?, looks: Bool) -> Bytes? { nil }
  public mutating func unwatchPaths(_ unit: UnitID) {}
}
#endif
