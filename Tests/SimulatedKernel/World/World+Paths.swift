#if !EMBEDDED
import Model
import Runtime

// What `.path` units wait for: files come, change and go, and somebody cleans up behind a service.

/// What is watched for one `.path`.
struct VirtualPathWatch {
  var unit: UnitID
  var specs: [PathSpec]
  /// Indices that were not told yet, each once.
  var hits: [Int] = []
}

extension World {
  func pathWatch(_ unit: UnitID) -> VirtualPathWatch? { pathWatches.first { $0.unit == unit } }

  func watchSpecs(_ unit: UnitID, _ specs: [PathSpec], looks: Bool) -> Bytes? {
    pathWatches.removeAll { $0.unit == unit }
    if strikes("the paths of a unit cannot be watched", perMille: faults.noWatch) { return "no inotify is left".bytes }
    var watch = VirtualPathWatch(unit: unit, specs: specs)
    if looks { for (index, spec) in specs.enumerated() where spec.kind.isLevel && holds(spec) { watch.hits.append(index) } }
    pathWatches.append(watch)
    note("watches-paths", Int64(unit.index), Int64(watch.hits.count))
    scheduleEvent(unit, ms: random.within(0...3000))
    return nil
  }

  func holds(_ spec: PathSpec) -> Bool {
    switch spec.kind {
    case .exists: files.isThere(spec.path)
    case .existsGlob: files.isThere(file(of: spec))
    case .directoryNotEmpty: files.list(spec.path) != nil
    case .changed, .modified: false
    }
  }

  /// The one file by which a line holds or happens.
  private func file(of spec: PathSpec) -> Bytes {
    switch spec.kind {
    case .exists, .changed, .modified: spec.path
    case .existsGlob: Bytes(spec.path.prefix { $0 != 42 }) + "1"
    case .directoryNotEmpty: spec.path + "/file"
    }
  }

  /// One at a time for each unit.
  private func scheduleEvent(_ unit: UnitID, ms: Int64) {
    if pathsWithEvent.contains(unit) { return }
    pathsWithEvent.append(unit)
    later(.pathEvent(unit), ms: ms)
  }

  func pathEvent(_ unit: UnitID) {
    pathsWithEvent.removeAll { $0 == unit }
    guard let watch = pathWatch(unit), !watch.specs.isEmpty else { return }
    let path = file(of: watch.specs[random.below(watch.specs.count)])
    if files.isThere(path), random.chance(perMille: 600) {
      files.remove(path)
      changed(path, isWrite: false)
    } else {
      // Every third file is written to, and not closed.
      let isWrite = files.isThere(path) && random.chance(perMille: 330)
      files.write(path, "x".bytes)
      changed(path, isWrite: isWrite)
    }
    scheduleEvent(unit, ms: random.chance(perMille: 200) ? random.within(0...20) : random.within(20...4000))
  }

  private func changed(_ path: Bytes, isWrite: Bool) {
    note("path-changes", 0, 0, path)
    for index in pathWatches.indices {
      for (number, spec) in pathWatches[index].specs.enumerated() where file(of: spec) == path {
        let isHit =
          switch spec.kind {
          case .exists, .existsGlob, .directoryNotEmpty: holds(spec)
          case .changed: !isWrite
          case .modified: true
          }
        if isHit, !pathWatches[index].hits.contains(number) { pathWatches[index].hits.append(number) }
      }
    }
  }

  /// Most services take away what they were started for.
  func pathIsTold(_ unit: UnitID, _ hit: Int) {
    guard let index = pathWatches.firstIndex(where: { $0.unit == unit }) else { return }
    pathWatches[index].hits.removeAll { $0 == hit }
    guard hit < pathWatches[index].specs.count, random.chance(perMille: 850) else { return }
    later(.fileGoes(file(of: pathWatches[index].specs[hit])), ms: random.within(0...300))
  }

  func fileGoes(_ path: Bytes) {
    guard files.isThere(path) else { return }
    files.remove(path)
    changed(path, isWrite: false)
  }
}

extension SimulatedKernel {
  public mutating func watchPaths(_ unit: UnitID, _ specs: [PathSpec], makesDirectory: UInt32?, looks: Bool) -> Bytes? {
    world.enter()
    return world.watchSpecs(unit, specs, looks: looks)
  }

  public mutating func unwatchPaths(_ unit: UnitID) {
    world.enter()
    world.pathWatches.removeAll { $0.unit == unit }
  }
}
#endif
