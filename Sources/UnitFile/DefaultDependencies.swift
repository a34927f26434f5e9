import Model

extension Assembler {
  /// Default and implicit dependencies (units.md e.2), as far as the units they name are there: a folder on the command
  /// line has no `sysinit.target`, and nothing is said of it.
  mutating func addDefaultDependencies() {
    for position in files.indices {
      let unit = catalogue.units[position]
      guard unit.loadState == .loaded, !unit.name.isTemplate, !isStub(unit) else { continue }
      switch unit.kind {
      case .service(let service):
        if service.type == .dbus { add("dbus.socket", [.requires, .after], to: position) }
        guard unit.defaultDependencies else { continue }
        add("sysinit.target", [.requires, .after], to: position)
        add("basic.target", [.after], to: position)
        addShutdown(to: position)
      case .timer(let timer):
        if timer.unit != unit.name { catalogue.units[position].dependencies.add(timer.unit, .before) }
        guard unit.defaultDependencies else { continue }
        add("sysinit.target", [.requires, .after], to: position)
        add("timers.target", [.before], to: position)
        addShutdown(to: position)
      case .target:
        guard unit.defaultDependencies else { continue }
        orderBehindItsUnits(position)
        addShutdown(to: position)
      case .other: break
      }
    }
  }

  private func isStub(_ unit: Unit) -> Bool {
    if case .other = unit.kind { return true }
    return false
  }

  /// Shutdown is a unit that all others conflict with and stop before.
  private mutating func addShutdown(to position: Int) {
    add("shutdown.target", [.conflicts, .before], to: position)
  }

  private mutating func add(_ name: StaticString, _ kinds: [ReferenceKind], to position: Int) {
    guard let name = UnitName(Bytes(name)), name != catalogue.units[position].name, let target = index.position(of: name),
      catalogue.units[target].loadState == .loaded
    else { return }
    for kind in kinds { catalogue.units[position].dependencies.add(name, kind) }
  }

  /// A target is reached when what it pulls in has been started, if both sides have default dependencies and nobody
  /// ordered them the other way round.
  private mutating func orderBehindItsUnits(_ position: Int) {
    let target = catalogue.units[position]
    let kinds: [ReferenceKind] = [.wants, .requires, .requisite, .bindsTo, .upholds]
    for kind in kinds {
      for name in target.dependencies[kind] {
        guard let other = index.position(of: name), other != position else { continue }
        let unit = catalogue.units[other]
        guard unit.loadState == .loaded, unit.defaultDependencies, !isStub(unit), !target.dependencies.before.contains(unit.name),
          !unit.dependencies.after.contains(target.name)
        else { continue }
        catalogue.units[position].dependencies.add(unit.name, .after)
      }
    }
  }

  /// A dependency on a further name of a unit is one on the unit: nobody behind this door needs to know of aliases.
  mutating func resolveAliases() {
    guard catalogue.units.contains(where: { !$0.aliases.isEmpty }) else { return }
    for position in catalogue.units.indices {
      for kind in ReferenceKind.allCases where kind != .trigger {
        let names = catalogue.units[position].dependencies[kind]
        if names.isEmpty { continue }
        var resolved: [UnitName] = []
        var isSame = true
        for name in names {
          let main = mainName(name)
          if main != name { isSame = false }
          if !resolved.contains(main) { resolved.append(main) }
        }
        if !isSame { catalogue.units[position].dependencies[kind] = resolved }
      }
      if case .timer(var timer) = catalogue.units[position].kind, mainName(timer.unit) != timer.unit {
        timer.unit = mainName(timer.unit)
        catalogue.units[position].kind = .timer(timer)
      }
    }
  }

  private func mainName(_ name: UnitName) -> UnitName {
    index.position(of: name).map { catalogue.units[$0].name } ?? name
  }
}
