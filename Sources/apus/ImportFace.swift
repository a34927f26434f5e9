import CLinux
import Linux
import Model
import UnitFile

/// `apus import xinetd SOURCE... DEST`: unit files of what another program was told. Exit status: 0 if all of it was translated
/// (services that are disabled aside), 1 if something was left out or could not be written.
func importFace(_ parsed: ParsedArguments) throws(ArgumentError) -> Int32 {
  let operands = parsed.operands
  if operands[0] != "xinetd" {
    let hint = suggestion(operands[0], among: [Bytes("xinetd")])
    throw .usage(filled("'%' is nothing that can be imported%", operands[0], hint), parsed.verb)
  }
  if operands.count < 3 { throw .usage(Bytes("a FILE or FOLDER, or DEST, is missing"), parsed.verb) }
  try refuseEmptyOperands(parsed)
  let reading = XinetdFiles()
  for index in 1..<(operands.count - 1) { reading.add(operands[index]) }
  reading.readAll()
  var services = Bytes()
  if case .contents(let bytes) = HostFiles.read(Bytes("/etc/services"), limit: 1 << 22) { services = bytes }
  let relay = HostFiles.readLink(Bytes("/proc/self/exe")) ?? Bytes("apus")
  let translation = XinetdTranslation(reading.reader, services: services, relay: relay, all: parsed.values.has(.all))
  var status = Status.success
  var said = Bytes()
  for diagnostic in translation.diagnostics {
    said += diagnostic.text + "\n"
    if diagnostic.severity != .notice { status = Status.failure }
  }
  writeAll(said, to: 2)
  let isWritten = write(translation.files, into: operands[operands.count - 1], replaces: parsed.values.has(.force))
  return isWritten ? status : Status.failure
}

/// A file of a folder.
private func path(_ name: Bytes, in folder: Bytes) -> Bytes { filled(folder.last == 47 ? "%%" : "%/%", folder, name) }

/// All or nothing: what is there already is looked for before the first file is made.
private func write(_ files: [XinetdUnitFile], into folder: Bytes, replaces: Bool) -> Bool {
  if files.isEmpty {
    complain("no service was translated: nothing is written")
    return true
  }
  if !replaces {
    for file in files {
      let name = path(file.name, in: folder)
      var found = apus_status()
      if apus_status_at(Int32(APUS_AT_CWD), name + [0], &found) < 0 { continue }
      complain("% exists: nothing is written (--force overwrites it)", name)
      return false
    }
  }
  _ = apus_make_folder_at(Int32(APUS_AT_CWD), folder + [0], 0o755)
  var out = Bytes()
  var isWell = true
  for file in files {
    let name = path(file.name, in: folder)
    let terminated = name + [0]
    // Not through a link that is there: it goes.
    if replaces { _ = apus_remove_at(Int32(APUS_AT_CWD), terminated, 0) }
    let descriptor = apus_make_file_at(Int32(APUS_AT_CWD), terminated, 0o644)
    guard descriptor >= 0 else {
      complain("cannot write %: %", name, errorText(-descriptor))
      isWell = false
      break
    }
    if !writeAll(file.contents, to: descriptor) {
      complain("cannot write all of %", name)
      isWell = false
    }
    _ = apus_close(descriptor)
    out += name + "\n"
  }
  return writeAll(out, to: 1) && isWell
}

/// The files of a configuration: those given, and all that they include, each once.
private final class XinetdFiles {
  /// Files of one configuration; what is beyond is an error.
  static let filesMax = 4096

  let reader = XinetdReader()
  private var queue: [XinetdSource] = []
  private var seen: [Bytes] = []

  /// A path of the command line.
  func add(_ path: Bytes) {
    queue.append(XinetdSource(XinetdWord(text: path, file: path, line: 0), isFolder: isFolder(path)))
  }

  private func isFolder(_ path: Bytes) -> Bool {
    if case .entries = HostFiles.list(path) { return true }
    return false
  }

  func readAll() {
    var index = 0
    while index < queue.count {
      let source = queue[index]
      index += 1
      if seen.contains(source.word.text) { continue }
      seen.append(source.word.text)
      if seen.count > XinetdFiles.filesMax { return reader.report(.error, source.word, Bytes("these are more than 4096 files")) }
      if source.isFolder { readFolder(source.word) } else { readFile(source.word) }
    }
  }

  private func readFile(_ word: XinetdWord) {
    switch HostFiles.read(word.text, limit: 1 << 20) {
    case .contents(let bytes): queue += reader.read(bytes, file: word.text)
    case .failed(let errno): fail(word, errno)
    case .notRegular, .tooLarge: reader.report(.error, word, word.text + " is no file of less than 1 MiB")
    }
  }

  /// As xinetd: names with a dot, and those that end with a tilde, are not meant.
  private func readFolder(_ word: XinetdWord) {
    switch HostFiles.list(word.text) {
    case .failed(let errno): fail(word, errno)
    case .entries(let names):
      for name in names where !name.contains(46) && name.last != 126 {
        let path = path(name, in: word.text)
        if isFolder(path) { continue }
        queue.append(XinetdSource(XinetdWord(text: path, file: word.file, line: word.line), isFolder: false))
      }
    }
  }

  private func fail(_ word: XinetdWord, _ errno: Int32) {
    reader.report(.error, word, filled("cannot read %: %", word.text, errorText(errno)))
  }
}
