#if !EMBEDDED
import Model
import Runtime

// What a simulated service says to apus beside its exit.

extension SimulatedKernel {
  public mutating func relation(of pid: Int32, to invocation: Invocation, roots: [KnownChild]) -> ProcessRelation { .gone }
  public mutating func directMembers(_ invocation: Invocation, roots: [KnownChild]) -> [Int32] { [] }
  public mutating func watchProcess(_ pid: Int32) -> Bool { false }
  public mutating func outOfMemoryKills(_ invocation: Invocation) -> UInt64 { 0 }
  public mutating func openNotifySocket(_ unit: UnitID) -> NotifySocketOutcome { .refused(Bytes("no place")) }
  public mutating func closeNotifySocket(_ unit: UnitID) {}
  public mutating func receiveNotify(_ unit: UnitID) -> ReceivedDatagram? { nil }
  public mutating func readPIDFile(_ path: Bytes) -> PIDFileContents { .absent }
  public mutating func watchPath(_ unit: UnitID, _ path: Bytes) -> Bool { false }
  public mutating func unwatchPath(_ unit: UnitID) {}
  public mutating func closeDescriptor(_ id: DescriptorID) {}
  public mutating func watchDescriptor(_ id: DescriptorID) -> Bool { false }
  public mutating func readyReport(_ pid: Int32) -> ReadyReport { .pending }
}
#endif
