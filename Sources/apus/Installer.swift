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
  private var plan: [(link: Bytes, target: Bytes)] = []
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
    case .masked(_, let path, _): return "the unit file " + path + " is masked"
    case .absent(let id):
      if BuiltInNames.contains(id) { return nil }
      return "there is no unit file " + name.bytes
    case .file(let id, let found, _):
      if id != name { return name.bytes + " is an alias of " + id.bytes + ": enable that" }
      // Of a link to the outside the file itself is linked, as by systemd.
      path = disk.kernel.readLink(found).map { $0.first == 47 ? $0 : found } ?? absolute(found, disk.kernel)
    }
    guard var unit = disk.files.unit(name, &disk.kernel) else { return "cannot read " + path }
    var linked = name
    if name.isTemplate, !unit.install.defaultInstance.isEmpty, let instance = name.with(instance: unit.install.defaultInstance) {
      linked = instance
      unit = disk.files.unit(instance, &disk.kernel) ?? unit
    }
    units.append(linked.bytes)
    return planLinks(linked, unit.install, path)
  }

  private func planLinks(_ name: UnitName, _ install: InstallSettings, _ path: Bytes) -> Bytes? {
    for (suffix, targets) in [(".wants", install.wantedBy), (".requires", install.requiredBy), (".upholds", install.upheldBy)]
      as [(StaticString, [Bytes])]
    {
      for target in targets {
        hasInstall = true
        guard let wanting = UnitName(target) else { return "'" + target + "' in [Install] is no unit name" }
        if name.isTemplate && !wanting.isTemplate {
          return name.bytes + " is a template: name an instance, as in " + (name.with(instance: Bytes("NAME"))?.bytes ?? [])
        }
        plan.append((folder + "/" + target + suffix + "/" + name.bytes, path))
      }
    }
    for alias in install.alias {
      hasInstall = true
      guard var other = UnitName(alias), other.type == name.type else { return "cannot alias " + name.bytes + " as " + alias }
      if other.isTemplate, let instance = name.instance, !instance.isEmpty { other = other.with(instance: instance) ?? other }
      guard other.isTemplate == name.isTemplate, other.isInstance == name.isInstance, !other.isInstance || other.instance == name.instance
      else { return "cannot alias " + name.bytes + " as " + alias }
      if other != name { plan.append((folder + "/" + other.bytes, path)) }
    }
    for also in install.also {
      hasInstall = true
      if let other = UnitName(also), case .file = disk.files.index.find(other), let problem = planEnable(other) { return problem }
    }
    return nil
  }

  func planLink(_ link: Bytes, to target: Bytes) { plan.append((folder + "/" + link, target)) }

  /// Makes the planned links; why it could not, or nil.
  func makeLinks() -> Bytes? {
    var todo: [(link: Bytes, target: Bytes)] = []
    for item in plan {
      if let held = disk.kernel.readLink(item.link) {
        if held == item.target { continue }
        if !replaces { return item.link + " exists already and leads to " + held + " (--force replaces it)" }
      } else if exists(item.link) {
        return "the file " + item.link + " exists already"
      }
      todo.append(item)
    }
    for item in todo {
      if let problem = makeFolder(of: item.link) { return problem }
      if disk.kernel.readLink(item.link) != nil { _ = control_unlink(terminated(item.link)) }
      let result = apus_make_link_at(item.target + [0], -100, item.link + [0])
      if result < 0 { return "cannot make the link " + item.link + ": " + errorText(-result) }
      report += "Created symlink " + item.link + " → " + item.target + ".\n"
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
    return result < 0 ? "cannot make the folder " + folder + ": " + errorText(-result) : nil
  }

  // MARK: disable

  /// Names of a unit and of what it names in Also=.
  func closure(_ name: UnitName, _ names: inout [UnitName]) {
    if names.contains(name) { return }
    names.append(name)
    for also in disk.files.unit(name, &disk.kernel)?.install.also ?? [] {
      if let other = UnitName(also) { closure(other, &names) }
    }
  }

  /// Removes every link to the units in the folder, links to such links included; why it could not, or nil.
  func removeLinks(to names: [UnitName]) -> Bytes? {
    var names = names
    var goesOn = true
    while goesOn {
      goesOn = false
      for (place, isTop) in places() {
        guard case .entries(let links) = disk.kernel.listFolder(place) else { continue }
        var left = links.count
        for link in links {
          guard let name = UnitName(link), let target = disk.kernel.readLink(place + "/" + link), target != "/dev/null" else { continue }
          let last = UnitName(Bytes(target[((target.lastIndex(of: 47) ?? -1) + 1)...]))
          let isMeant = names.contains { $0 == name || ($0.isTemplate && name.template == $0) }
          guard isMeant || (last.map { names.contains($0) } ?? false) else { continue }
          let result = control_unlink(terminated(place + "/" + link))
          if result < 0 { return "cannot remove " + place + "/" + link + ": " + errorText(-result) }
          report += "Removed \"" + place + "/" + link + "\".\n"
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
  private func places() -> [(Bytes, Bool)] {
    var out = [(folder, true)]
    guard case .entries(let names) = disk.kernel.listFolder(folder) else { return out }
    for name in names where name.ends(with: ".wants") || name.ends(with: ".requires") || name.ends(with: ".upholds") {
      out.append((folder + "/" + name, false))
    }
    return out
  }

  /// Takes a mask away; false: there was none.
  func unmask(_ name: UnitName) -> Bool {
    let path = folder + "/" + name.bytes
    guard let target = disk.kernel.readLink(path), target == "/dev/null" else { return false }
    if control_unlink(terminated(path)) < 0 { return false }
    report += "Removed \"" + path + "\".\n"
    return true
  }
}

private func terminated(_ path: Bytes) -> [CChar] { path.map { CChar(bitPattern: $0) } + [0] }
