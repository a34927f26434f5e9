import CLinux
import Model
import Runtime

// sd_notify, PID files and descriptors held for services, on Linux.

extension LinuxKernel {
  public func relation(of pid: Int32, to invocation: Invocation, roots: [KnownChild]) -> ProcessRelation { .gone }
  public func directMembers(_ invocation: Invocation, roots: [KnownChild]) -> [Int32] { [] }
  public func watchProcess(_ pid: Int32) -> Bool { false }
  public func openNotifySocket(_ unit: UnitID) -> Bytes? { nil }
  public func closeNotifySocket(_ unit: UnitID) {}
  public func receiveNotify(_ unit: UnitID) -> ReceivedDatagram? { nil }
  public func readPIDFile(_ path: Bytes) -> PIDFileContents { .absent }
  public func watchPath(_ unit: UnitID, _ path: Bytes) -> Bool { false }
  public func unwatchPath(_ unit: UnitID) {}
  public func closeDescriptor(_ id: DescriptorID) {}
  public func watchDescriptor(_ id: DescriptorID) -> Bool { false }
  public func readyReport(_ pid: Int32) -> ReadyReport { .pending }
}
