import Linux
import Model
import Runtime

/// What a distribution wants enabled: `*.preset` files beside each folder of the unit path (systemd.preset(5)), the first
/// line that fits decides. Packages of rpm call `systemctl preset` where Debian's enable by themselves.
struct Presets {
  private var rules: [(pattern: Bytes, enables: Bool)] = []

  init(_ disk: UnitDisk) {
    var files: [(name: Bytes, path: Bytes)] = []
    for folder in disk.files.index.folders {
      let place = folder.path + "-preset"
      guard case .entries(let names) = disk.kernel.listFolder(place) else { continue }
      // Of equal names the first folder's hides the others.
      for name in names where name.ends(with: ".preset") && !files.contains(where: { $0.name == name }) {
        let position = files.firstIndex { name.lexicographicallyPrecedes($0.name) } ?? files.count
        files.insert((name, place + "/" + name), at: position)
      }
    }
    for file in files {
      guard case .contents(let text) = disk.kernel.readFile(file.path, limit: 1 << 20) else { continue }
      for line in text.pieces(separatedBy: 10) {
        let words = line.trimmed.pieces(separatedBy: 32)
        guard words.count >= 2 else { continue }
        if words[0] == "enable" { rules.append((words[1], true)) }
        if words[0] == "disable" { rules.append((words[1], false)) }
      }
    }
  }

  /// Without any line that fits everything is enabled, as by systemd.
  func enables(_ unit: Bytes) -> Bool { rules.first { matches(unit, pattern: $0.pattern) }?.enables ?? true }
}
