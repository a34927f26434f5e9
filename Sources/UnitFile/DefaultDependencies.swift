import Model

extension Assembler {
  /// Default and implicit dependencies (units.md e.2), as far as the units they name are there: a folder on the command
  /// line has no `sysinit.target`, and nothing is said of it.
  func addDefaultDependencies() {
    let sysinit = loaded("sysinit.target")
    let basic = loaded("basic.target")
    let shutdown = loaded("shutdown.target")
    for position in files.indices {
      let unit = units[position]
      guard unit.loadState == .loaded, !unit.name.isTemplate else { continue }
      var target: Unit? = nil
      switch unit.kind {
      case .service(let service):
        if service.type == .dbus { require(loaded("dbus.socket"), of: unit) }
      case .timer: target = loaded("timers.target")
      case .socket: target = loaded("sockets.target")
      case .path: target = loaded("paths.target")
      case .target, .other: continue
      }
      // An instance comes after the socket that it is of.
      if let started = unit.kind.triggered, !started.isTemplate, started != unit.name { unit.dependencies.add(started, .before) }
      guard unit.defaultDependencies else { continue }
      require(sysinit, of: unit)
      if case .service = unit.kind {
        add(basic, .after, to: unit)
      } else {
        add(target, .before, to: unit)
        if unit.schedule?.hasCalendar == true {
          add(loaded("time-set.target"), .after, to: unit)
          add(loaded("time-sync.target"), .after, to: unit)
        }
      }
      addShutdown(shutdown, to: unit)
    }
    // Targets last: who is ordered behind a target by default is not waited for by it, though it pulls him in.
    for position in files.indices {
      let unit = units[position]
      guard case .target = unit.kind, unit.loadState == .loaded, !unit.name.isTemplate, unit.defaultDependencies else { continue }
      orderBehindItsUnits(unit)
      addShutdown(shutdown, to: unit)
    }
  }

  /// The unit that others depend on by default; nil if it is not there.
  private func loaded(_ name: StaticString) -> Unit? {
    guard let name = UnitName(Bytes(name)), let position = index.position(of: name), units[position].loadState == .loaded
    else { return nil }
    return units[position]
  }

  /// Shutdown is a unit that all others conflict with and stop before.
  private func addShutdown(_ shutdown: Unit?, to unit: Unit) {
    add(shutdown, .conflicts, to: unit)
    add(shutdown, .before, to: unit)
  }

  private func require(_ target: Unit?, of unit: Unit) {
    add(target, .requires, to: unit)
    add(target, .after, to: unit)
  }

  private func add(_ target: Unit?, _ kind: ReferenceKind, to unit: Unit) {
    if let target, target !== unit { unit.dependencies.add(target.name, kind) }
  }

  /// A target is reached when what it pulls in has been started, if both sides have default dependencies and nobody
  /// ordered them the other way round.
  private func orderBehindItsUnits(_ target: Unit) {
    for kind in [ReferenceKind.wants, .requires, .requisite, .bindsTo, .upholds] {
      for name in target.dependencies[kind] {
        guard let position = index.position(of: name) else { continue }
        let unit = units[position]
        if case .other = unit.kind { continue }
        guard unit !== target, unit.loadState == .loaded, unit.defaultDependencies,
          !target.dependencies[.before].contains(unit.name), !unit.dependencies[.after].contains(target.name)
        else { continue }
        target.dependencies.add(unit.name, .after)
      }
    }
  }

  /// A dependency on a further name of a unit is one on the unit: nobody behind this door needs to know of aliases.
  func resolveAliases() {
    var hasAliases = false
    for unit in units where !unit.aliases.isEmpty { hasAliases = true }
    if !hasAliases { return }
    for unit in units {
      for kind in ReferenceKind.allCases { unit.dependencies[kind] = mainNames(unit.dependencies[kind]) }
      if let started = unit.kind.triggered, !started.isTemplate { unit.kind.triggered = mainName(started) }
      if case .service(let service) = unit.kind { service.sockets = mainNames(service.sockets) }
    }
  }

  private func mainName(_ name: UnitName) -> UnitName {
    guard let position = index.position(of: name) else { return name }
    return units[position].name
  }

  /// Each once.
  private func mainNames(_ names: [UnitName]) -> [UnitName] {
    var resolved: [UnitName] = []
    for name in names {
      let main = mainName(name)
      if !resolved.contains(main) { resolved.append(main) }
    }
    return resolved
  }
}
