import Model

// The descriptor store (units.md c.7): what a service gave into keeping comes back to its next run's ExecStart=.

extension ServiceMachine {
  func close(_ descriptors: [DescriptorID], _ context: inout ServiceContext) {
    if !descriptors.isEmpty { context.effects.append(.closeDescriptors(descriptors)) }
  }

  func close(_ descriptors: [OfferedDescriptor], _ context: inout ServiceContext) {
    close(descriptors.map { $0.id }, &context)
  }

  /// What the unit holds, or will hold when the message that waits is acted on.
  var keptDescriptors: [DescriptorID] { store.map { $0.id } + (said.held?.descriptors.map { $0.id } ?? []) }

  /// FDSTORE=1. A file that is there already keeps its name and FDPOLL=, as in systemd, and the newcomer is closed; so is
  /// what is too much.
  func store(_ descriptors: [OfferedDescriptor], _ message: NotifyMessage, _ context: inout ServiceContext) {
    var refused: [DescriptorID] = []
    var taken: [DescriptorID] = []
    for offered in descriptors where !isStored(offered.id) {
      let id = offered.id
      let file = offered.sameAs ?? id
      if isStored(file) || taken.contains(file) {
        close([id], &context)
        continue
      }
      if store.count >= Int(context.settings.fileDescriptorStoreMax) {
        refused.append(id)
        continue
      }
      taken.append(file)
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

  private func isStored(_ id: DescriptorID) -> Bool { store.contains { $0.id == id } }

  /// FDSTOREREMOVE=1 with FDNAME=.
  func removeDescriptors(named name: Bytes, _ context: inout ServiceContext) {
    close(store.filter { $0.name == name }.map { $0.id }, &context)
    store.removeAll { $0.name == name }
  }

  /// The other end of a stored descriptor is gone: nobody needs it any more.
  func forgetDescriptor(_ id: DescriptorID, _ context: inout ServiceContext) {
    guard isStored(id) else { return }
    store.removeAll { $0.id == id }
    close([id], &context)
  }

  /// The unit is forgotten: what was in the store; nil if there was nothing.
  public func dropStore() -> [DescriptorID]? {
    if store.isEmpty { return nil }
    let ids = store.map { $0.id }
    store = []
    return ids
  }

  /// The run is over. `restarts`: another one follows by itself, or by a restart job.
  func releaseStore(restarts: Bool, _ context: inout ServiceContext) {
    #if PLANTED
    if plantedBug == 31 { return }
    #endif
    switch context.settings.fileDescriptorStorePreserve {
    case .yes: return
    case .restart: if restarts { return }
    case .no: break
    }
    close(store.map { $0.id }, &context)
    store = []
  }
}
