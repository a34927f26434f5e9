import Model

extension Assembler {
  /// Default and implicit dependencies (units.md e.2), as far as the units they name are there: a folder on the command
  /// line has no `sysinit.target`, and nothing is said of it.
  mutating func addDefaultDependencies() {
    let targets = DefaultTargets(
      sysinit: loaded(Bytes("sysinit.target")), basic: loaded(Bytes("basic.target")), shutdown: loaded(Bytes("shutdown.target")),
      timers: loaded(Bytes("timers.target")), sockets: loaded(Bytes("sockets.target")),
      paths: loaded(Bytes("paths.target")),
      timeSet: loaded(Bytes("time-set.target")), timeSync: loaded(Bytes("time-sync.target")), bus: loaded(Bytes("dbus.socket")))
    for position in files.indices {
      let unit = catalogue.units[position]
      guard unit.loadState == .loaded, !unit.name.isTemplate, !isStub(unit) else { continue }
      switch unit.kind {
      case .service(let service):
        if service.type == .dbus { require(targets.bus, to: position) }
        guard unit.defaultDependencies else { continue }
        require(targets.sysinit, to: position)
        add(targets.basic, .after, to: position)
        addShutdown(targets, to: position)
      case .timer, .socket, .path:
        // An instance comes after the socket that it is of.
        if let started = unit.kind.triggered, !started.isTemplate, started != unit.name {
          catalogue.units[position].dependencies.add(started, .before)
        }
        guard unit.defaultDependencies else { continue }
        require(targets.sysinit, to: position)
        var target = targets.timers
        if unit.name.type == .socket { target = targets.sockets }
        if unit.name.type == .path { target = targets.paths }
        add(target, .before, to: position)
        if unit.schedule?.hasCalendar == true {
          add(targets.timeSet, .after, to: position)
          add(targets.timeSync, .after, to: position)
        }
        addShutdown(targets, to: position)
      case .target, .other: break
      }
    }
    // Targets last: who is ordered behind a target by default is not waited for by it, though it pulls him in.
    for position in files.indices {
      let unit = catalogue.units[position]
      guard case .target = unit.kind, unit.loadState == .loaded, !unit.name.isTemplate, unit.defaultDependencies else { continue }
      orderBehindItsUnits(position)
      addShutdown(targets, to: position)
    }
  }

  private func isStub(_ unit: Unit) -> Bool {
    if case .other = unit.kind { return true }
    return false
  }

  /// Where the units are that others depend on by default; nil of one that is not there. They are looked up once, as numbers:
  /// the Embedded build of 6.3.1 mixed the names up when they were passed as literals beside literals of kinds.
  private struct DefaultTargets {
    var sysinit: Int?
    var basic: Int?
    var shutdown: Int?
    var timers: Int?
    var sockets: Int?
    var paths: Int?
    var timeSet: Int?
    var timeSync: Int?
    var bus: Int?
  }

  private func loaded(_ name: Bytes) -> Int? {
    guard let name = UnitName(name), let position = index.position(of: name), catalogue.units[position].loadState == .loaded
    else { return nil }
    return position
  }

  /// Shutdown is a unit that all others conflict with and stop before.
  private mutating func addShutdown(_ targets: DefaultTargets, to position: Int) {
    add(targets.shutdown, .conflicts, to: position)
    add(targets.shutdown, .before, to: position)
  }

  private mutating func require(_ target: Int?, to position: Int) {
    add(target, .requires, to: position)
    add(target, .after, to: position)
  }

  private mutating func add(_ target: Int?, _ kind: ReferenceKind, to position: Int) {
    guard let target, target != position else { return }
    catalogue.units[position].dependencies.add(catalogue.units[target].name, kind)
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
      if let started = catalogue.units[position].kind.triggered, !started.isTemplate, mainName(started) != started {
        catalogue.units[position].kind.triggered = mainName(started)
      }
      if case .service(let service) = catalogue.units[position].kind, !service.sockets.isEmpty {
        service.sockets = service.sockets.map { mainName($0) }
        catalogue.units[position].kind = .service(service)
      }
    }
  }

  private func mainName(_ name: UnitName) -> UnitName {
    index.position(of: name).map { catalogue.units[$0].name } ?? name
  }
}
