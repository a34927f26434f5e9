import CLinux
import Model
import Runtime

// What `.socket` units listen on.

extension LinuxKernel {
  public func openListeners(_ plan: ListenPlan, warnings: inout [Bytes]) -> ListenOutcome { .failed(index: 0, []) }
  public func watchListener(_ unit: UnitID, _ id: DescriptorID, accepts: Bool) -> Bool { false }
  public func unwatchListener(_ id: DescriptorID) {}
  public func acceptConnection(_ id: DescriptorID) -> AcceptOutcome { .nothing }
  public func flushListener(_ id: DescriptorID) {}
  public func removeNode(_ path: Bytes) {}
  public func sendFile(_ id: DescriptorID, path: Bytes) {}
  public func countConnections(_ ids: [DescriptorID]) -> (count: UInt32?, hadTraffic: Bool) { (nil, false) }
  public func watchPaths(_ unit: UnitID, _ specs: [PathSpec], makesDirectory: UInt32?, looks: Bool) -> Bytes? { nil }
  public func unwatchPaths(_ unit: UnitID) {}
}
