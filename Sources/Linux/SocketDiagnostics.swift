import CLinux
import Model
import Runtime

extension LinuxKernel {
  /// Established connections to these listeners together, and whether something waited at one of them since the last call.
  public func countConnections(_ ids: [DescriptorID]) -> (count: UInt32?, hadTraffic: Bool) {
    var count: UInt32? = 0
    var hadTraffic = false
    for id in ids {
      guard let descriptor = heldDescriptors.find(id) else { continue }
      if heldDescriptors.exchangeTraffic(id, false) { hadTraffic = true }
      switch heldDescriptors.watch(id) {
      // Once a call at most: a service under load does not wake apus for each of its connections.
      case .none, .spent: _ = arm(id, descriptor, .counted)
      // Nothing has come since the last call, or somebody else is told of it.
      case .counted, .accepts, .once, .hangUp: break
      }
      let found = apus_count_connections(descriptor)
      if found == -Int64(Errno.EOPNOTSUPP) {
        count = nil
      } else if found < 0 {
        // Out of descriptors, or of memory: nobody is idle whom apus cannot see.
        hadTraffic = true
      } else if let sum = count {
        count = sum &+ UInt32(clamping: found)
      }
    }
    return (count, hadTraffic)
  }
}
