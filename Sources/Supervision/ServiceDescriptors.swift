import Model

// The descriptor store (units.md c.7): what a service gave into keeping comes back to its next run's ExecStart=.

extension ServiceMachine {
  func close(_ descriptors: [DescriptorID], _ context: inout ServiceContext) {
    if !descriptors.isEmpty { context.effects.append(.closeDescriptors(descriptors)) }
  }

  /// FDSTORE=1. One that is there already stays as it is; what is too much is closed.
  mutating func store(_ descriptors: [DescriptorID], _ message: NotifyMessage, _ context: inout ServiceContext) {
    var refused: [DescriptorID] = []
    for id in descriptors where !store.contains(where: { $0.id == id }) {
      if store.count >= Int(context.settings.fileDescriptorStoreMax) {
        refused.append(id)
        continue
      }
      // The newest is passed first, as systemd does.
      store.insert(PassedDescriptor(id: id, name: message.descriptorName ?? Bytes("stored")), at: 0)
      if message.pollsDescriptors { context.effects.append(.watchDescriptor(context.id, id)) }
    }
    if refused.isEmpty { return }
    close(refused, &context)
    var text = Bytes(decimal: refused.count) + " descriptors not stored: FileDescriptorStoreMax="
    text += Bytes(decimal: context.settings.fileDescriptorStoreMax)
    context.message(.warning, text)
  }

  /// FDSTOREREMOVE=1 with FDNAME=.
  mutating func removeDescriptors(named name: Bytes, _ context: inout ServiceContext) {
    close(store.filter { $0.name == name }.map { $0.id }, &context)
    store.removeAll { $0.name == name }
  }

  /// The other end of a stored descriptor is gone: nobody needs it any more.
  mutating func forgetDescriptor(_ id: DescriptorID, _ context: inout ServiceContext) {
    guard store.contains(where: { $0.id == id }) else { return }
    store.removeAll { $0.id == id }
    close([id], &context)
  }

  /// The unit is forgotten: what was in the store; nil if there was nothing.
  public mutating func dropStore() -> [DescriptorID]? {
    if store.isEmpty { return nil }
    let ids = store.map { $0.id }
    store = []
    return ids
  }

  /// The run is over. `restarts`: another one follows by itself, or by a restart job.
  mutating func releaseStore(restarts: Bool, _ context: inout ServiceContext) {
    switch context.settings.fileDescriptorStorePreserve {
    case .yes: return
    case .restart: if restarts { return }
    case .no: break
    }
    close(store.map { $0.id }, &context)
    store = []
  }
}
