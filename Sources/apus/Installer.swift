import CLinux
import Linux
import Model
import Runtime
import UnitFile

/// The links of `enable`, `disable`, `mask` and their kin (units.md b.8). Everything is checked before the first link is
/// made; every call that fails is said, and what is done is told line by line.
final class Installer {
  var disk: UnitDisk
  /// The folder that is changed.
  let folder: Bytes
  let replaces: Bool
  /// `Created symlink A → B.` and `Removed "A".`
  var report = Bytes()
  private var plan: [PlannedLink] = []
  private var planned: [Bytes] = []
  /// Something could be enabled at all.
  private(set) var hasInstall = false
  /// Names whose links were planned, with the instance that a template stands for.
  private(set) var units: [Bytes] = []

  init(_ disk: UnitDisk, isRuntime: Bool, replaces: Bool) {
    self.disk = disk
    self.replaces = replaces
    folder = isRuntime ? disk.runtime : disk.persistent
  }

  // MARK: enable

  /// Collects the links of a unit and of what it names in Also=; why it cannot be enabled, or nil.
  func planEnable(_ name: UnitName) -> Bytes? {
    if planned.contains(name.bytes) { return nil }
    planned.append(name.bytes)
    let path: Bytes
    switch disk.files.index.find(name) {
    case .masked(_, let path, _): return filled("the unit file % is masked", path)
    case .absent(let id):
      if BuiltInNames.contains(id) { return nil }
      return "there is no unit file " + name.bytes
    case .file(let id, let found, _):
      if id != name { return filled("% is an alias of %: enable that", name.bytes, id.bytes) }
      // Of a link to the outside the file itself is linked, as by systemd.
      if let target = disk.kernel.readLink(found) {
        path = target.first == 47 ? target : found
      } else {
        path = absolute(found, disk.kernel)
      }
    }
    guard var install = disk.install(of: name) else { return "cannot read " + path }
    var linked = name
    if name.isTemplate, !install.defaultInstance.isEmpty, let instance = name.with(instance: install.defaultInstance) {
      linked = instance
      install = disk.install(of: instance) ?? install
    }
    units.append(linked.bytes)
    return planLinks(linked, install, path)
  }

  private func planLinks(_ name: UnitName, _ install: InstallSettings, _ path: Bytes) -> Bytes? {
    if let problem = planLinks(name, from: install.wantedBy, "%.wants/%", path) { return problem }
    if let problem = planLinks(name, from: install.requiredBy, "%.requires/%", path) { return problem }
    if let problem = planLinks(name, from: install.upheldBy, "%.upholds/%", path) { return problem }
    for alias in install.alias {
      hasInstall = true
      guard let other = otherName(alias, of: name) else { return filled("cannot alias % as %", name.bytes, alias) }
      if other != name { planLink(other.bytes, to: path) }
    }
    for also in install.also {
      hasInstall = true
      if let other = UnitName(also), case .file = disk.files.index.find(other), let problem = planEnable(other) { return problem }
    }
    return nil
  }

  /// Links in the dependency folders of these units; `place` has the unit and the name for each `%`.
  private func planLinks(_ name: UnitName, from targets: [Bytes], _ place: StaticString, _ path: Bytes) -> Bytes? {
    for target in targets {
      hasInstall = true
      guard let wanting = UnitName(target) else { return filled("'%' in [Install] is no unit name", target) }
      if name.isTemplate && !wanting.isTemplate {
        let instance = name.with(instance: Bytes("NAME"))?.bytes ?? []
        return filled("% is a template: name an instance, as in %", name.bytes, instance)
      }
      planLink(filled(place, target, name.bytes), to: path)
    }
    return nil
  }

  /// What an Alias= makes of a name: of the same type and kind, a template's with the same instance; nil if it cannot.
  private func otherName(_ alias: Bytes, of name: UnitName) -> UnitName? {
    guard var other = UnitName(alias), other.type == name.type else { return nil }
    if other.isTemplate, let instance = name.instance, !instance.isEmpty { other = other.with(instance: instance) ?? other }
    let isSameKind = other.isTemplate == name.isTemplate && other.isInstance == name.isInstance
    return isSameKind && (!other.isInstance || other.instance == name.instance) ? other : nil
  }

  func planLink(_ link: Bytes, to target: Bytes) { plan.append(PlannedLink(filled("%/%", folder, link), target)) }

  /// Makes the planned links; why it could not, or nil.
  func makeLinks() -> Bytes? {
    var todo: [PlannedLink] = []
    for item in plan {
      if let held = disk.kernel.readLink(item.link) {
        if held == item.target { continue }
        if !replaces { return filled("% exists already and leads to % (--force replaces it)", item.link, held) }
      } else if exists(item.link) {
        return filled("the file % exists already", item.link)
      }
      todo.append(item)
    }
    for item in todo {
      if let problem = makeFolder(of: item.link) { return problem }
      if disk.kernel.readLink(item.link) != nil { _ = control_unlink(terminated(item.link)) }
      let result = apus_make_link_at(item.target + [0], -100, item.link + [0])
      if result < 0 { return filled("cannot make the link %: %", item.link, errorText(-result)) }
      report += filled("Created symlink % → %.\n", item.link, item.target)
    }
    return nil
  }

  private func exists(_ path: Bytes) -> Bool {
    var owner: UInt32 = 0
    var mode: UInt32 = 0
    return control_stat(terminated(path), 0, &owner, &mode) >= 0
  }

  private func makeFolder(of path: Bytes) -> Bytes? {
    guard let slash = path.lastIndex(of: 47), slash > 0 else { return nil }
    let folder = Bytes(path[..<slash])
    if exists(folder) { return nil }
    if let problem = makeFolder(of: folder) { return problem }
    let result = control_mkdir(terminated(folder), 0o755)
    return result < 0 ? filled("cannot make the folder %: %", folder, errorText(-result)) : nil
  }

  // MARK: disable

  /// Names of a unit and of what it names in Also=.
  func closure(_ name: UnitName, _ names: inout [UnitName]) {
    if names.contains(name) { return }
    names.append(name)
    for also in disk.install(of: name)?.also ?? [] {
      if let other = UnitName(also) { closure(other, &names) }
    }
  }

  /// Removes every link to the units in the folder, links to such links included; why it could not, or nil.
  func removeLinks(to names: [UnitName]) -> Bytes? {
    var names = names
    var goesOn = true
    while goesOn {
      goesOn = false
      for place in places() {
        let isTop = place == folder
        guard case .entries(let links) = disk.kernel.listFolder(place) else { continue }
        var left = links.count
        for link in links {
          let path = filled("%/%", place, link)
          guard let name = UnitName(link), let target = disk.kernel.readLink(path), target != "/dev/null" else { continue }
          let last = UnitName(Bytes(target[((target.lastIndex(of: 47) ?? -1) + 1)...]))
          var isMeant = false
          for meant in names where meant == name || meant == last || (meant.isTemplate && name.template == meant) { isMeant = true }
          if !isMeant { continue }
          let result = control_unlink(terminated(path))
          if result < 0 { return filled("cannot remove %: %", path, errorText(-result)) }
          removed(path)
          left -= 1
          if isTop, !names.contains(name) {
            names.append(name)
            goesOn = true
          }
        }
        if !isTop && left == 0 { _ = apus_remove_folder(place + [0]) }
      }
    }
    return nil
  }

  /// The folder itself, and its dependency folders.
  private func places() -> [Bytes] {
    var out = [folder]
    guard case .entries(let names) = disk.kernel.listFolder(folder) else { return out }
    for name in names where name.ends(with: ".wants") || name.ends(with: ".requires") || name.ends(with: ".upholds") {
      out.append(filled("%/%", folder, name))
    }
    return out
  }

  /// Takes a mask away; false: there was none.
  func unmask(_ name: UnitName) -> Bool {
    let path = filled("%/%", folder, name.bytes)
    guard let target = disk.kernel.readLink(path), target == "/dev/null" else { return false }
    if control_unlink(terminated(path)) < 0 { return false }
    removed(path)
    return true
  }

  private func removed(_ path: Bytes) { report += filled("Removed \"%\".\n", path) }
}

/// A link that is to be made, and where it leads.
private final class PlannedLink {
  let link: Bytes
  let target: Bytes
  init(_ link: Bytes, _ target: Bytes) {
    self.link = link
    self.target = target
  }
}

/// As C wants it.
private func terminated(_ path: Bytes) -> Bytes { path + [0] }
