import CLinux
import Model
import Runtime

extension LinuxKernel {
  /// Established connections.
  public func countConnections(_ ids: [DescriptorID]) -> (count: UInt32?, hadTraffic: Bool) { (nil, false) }
  /// Paths of a `.path`.
  public func watchPaths(_ unit: UnitID, _ specs: [PathSpec], makesDirectory: UInt32?, looks: Bool) -> Bytes? { nil }
  /// No more.
  public func unwatchPaths(_ unit: UnitID) {}
}
