import Model

extension UnitParser {
  /// `[Path]` (units.md d.3).
  func applyPath(_ directive: Directive) {
    switch directive {
    case .pathExists, .pathExistsGlob, .pathChanged, .pathModified, .directoryNotEmpty:
      addPath(PathKind.allCases[directive.place(from: .pathExists)])
    case .makeDirectory: set(&written.makesDirectory)
    default: applyPathUnit()
    }
  }

  /// An empty value of any kind takes back all, whatever their kind.
  private func addPath(_ kind: PathKind) {
    if value.isEmpty {
      path.specs = []
      return
    }
    guard let text = absolutePath(value, offset: 0, refusing: false) else { return }
    if path.specs.count == UnitParser.maximumListeners {
      badValue("more than 1024 paths")
    } else {
      path.specs.append(PathSpec(kind: kind, path: text))
    }
  }

  private func applyPathUnit() {
    guard let word = words(.retain).first, let name = unitName(word) else {
      if value.isEmpty { badValue("the name of the unit is missing") }
      return
    }
    if name == unit.name {
      badValue("a unit cannot start itself")
    } else if written.pathUnit != nil {
      badValue("a path unit starts one unit only", hint: "the first Unit= counts")
    } else {
      path.unit = name
      written.pathUnit = valuePosition
    }
  }

  /// Defaults and checks that need the whole file.
  func finishPath() {
    path.triggerLimit = limit(written.trigger, burst: 200)
    if written.makesDirectory { path.makesDirectory = listen.directoryMode }
    if path.specs.isEmpty, unit.loadState == .loaded, !written.undecided {
      refuse("the unit waits for no path", hint: "write [Path] PathExists=, PathChanged= or another")
    }
    references.append(Reference(kind: .trigger, name: path.unit, position: written.pathUnit ?? Position(line: 0, column: 0)))
  }
}
