import Model
import UnitFile

/// The unit path as `cat`, `enable` and their kin look at it: single units, and nothing of what those pull in.
public struct UnitFiles {
  public let index: UnitIndex
  private let host: HostFacts

  public init(_ configuration: SupervisorConfiguration, _ kernel: inout some Kernel) {
    index = UnitIndex(UnitPath.folders(configuration.unitPath, &kernel))
    host = HostFactsReader.read(configuration, &kernel)
    while !index.step(&kernel) {}
  }

  /// The unit that a name means, from its file and drop-ins; nil where there is no file. Findings in it are not said.
  public mutating func unit(_ name: UnitName, _ kernel: inout some Kernel) -> Unit? {
    guard case .file(let id, let path, let folder) = index.find(name) else { return nil }
    let source = readUnitFile(path, id, index.folders[folder].strictness, &kernel)
    if source.contents == nil { return nil }
    return parseUnit(source, dropIns: readDropIns(of: id, index, &kernel), host: host).unit
  }
}

/// One file as the parser wants it, with the reason if it cannot be read.
func readUnitFile(_ path: Bytes, _ name: UnitName, _ strictness: Strictness, _ kernel: inout some Kernel) -> UnitSource {
  var contents: Bytes? = nil
  var problem = Bytes()
  switch kernel.readFile(path, limit: Loader.fileLimit) {
  case .contents(let bytes): contents = bytes
  case .failed(let errno): problem = "cannot read it: " + errorText(errno)
  case .notRegular(let kind): problem = text("it is \(kind.name), not a regular file")
  case .tooLarge: problem = Bytes("it is larger than 1 MiB")
  }
  return UnitSource(path: path, name: name, contents: contents, readError: problem, strictness: strictness)
}

/// The drop-ins of a unit in the order in which they are applied. /dev/null hides what has the same name, and says nothing.
func readDropIns(of id: UnitName, _ index: UnitIndex, _ kernel: inout some Kernel) -> [UnitSource] {
  var sources: [UnitSource] = []
  for file in index.dropIns(of: id, &kernel) {
    let strictness = index.folders[file.folder].strictness
    if let target = kernel.readLink(file.path), target == "/dev/null" {
      sources.append(UnitSource(path: file.path, name: id, contents: [], strictness: strictness))
    } else {
      sources.append(readUnitFile(file.path, id, strictness, &kernel))
    }
  }
  return sources
}
