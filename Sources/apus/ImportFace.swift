import CLinux
import Linux
import Model
import UnitFile

/// `apus import xinetd SOURCE... DEST`: unit files of what another program was told. Exit status: 0 if all of it was translated
/// (services that are disabled aside), 1 if something was left out or could not be written.
func importFace(_ parsed: ParsedArguments) throws(ArgumentError) -> Int32 {
  let operands = parsed.operands
  if operands[0] != "xinetd" {
    throw .usage("'" + operands[0] + "' is nothing that can be imported" + suggestion(operands[0], among: [Bytes("xinetd")]), parsed.verb)
  }
  guard operands.count >= 3, let folder = operands.last else { throw .usage(Bytes("a FILE or FOLDER, or DEST, is missing"), parsed.verb) }
  try refuseEmptyOperands(parsed)
  var reading = XinetdFiles()
  for source in operands[1..<(operands.count - 1)] { reading.add(source) }
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
  let isWritten = write(translation.files, into: folder, replaces: parsed.values.has(.force))
  return isWritten ? status : Status.failure
}

/// All or nothing: what is there already is looked for before the first file is made.
private func write(_ files: [(name: Bytes, contents: Bytes)], into folder: Bytes, replaces: Bool) -> Bool {
  func path(_ name: Bytes) -> Bytes { folder + (folder.last == 47 ? Bytes() : Bytes("/")) + name }
  if files.isEmpty {
    complain(Bytes("no service was translated: nothing is written"))
    return false
  }
  if !replaces {
    for file in files where exists(path(file.name)) {
      complain(path(file.name) + Bytes(" exists: nothing is written (--force overwrites it)"))
      return false
    }
  }
  _ = apus_make_folder_at(Int32(APUS_AT_CWD), folder + [0], 0o755)
  var out = Bytes()
  var isWell = true
  for file in files {
    let name = path(file.name)
    // Not through a link that is there: it goes.
    if replaces { _ = apus_remove_at(Int32(APUS_AT_CWD), name + [0], 0) }
    let descriptor = apus_make_file_at(Int32(APUS_AT_CWD), name + [0], 0o644)
    guard descriptor >= 0 else {
      complain("cannot write " + name + ": " + errorText(-descriptor))
      isWell = false
      break
    }
    if !writeAll(file.contents, to: descriptor) {
      complain("cannot write all of " + name)
      isWell = false
    }
    _ = apus_close(descriptor)
    out += name + "\n"
  }
  return writeAll(out, to: 1) && isWell
}

private func exists(_ path: Bytes) -> Bool {
  var found = apus_status()
  return apus_status_at(Int32(APUS_AT_CWD), path + [0], &found) >= 0
}

/// The files of a configuration: those given, and all that they include, each once.
private struct XinetdFiles {
  /// Files of one configuration; what is beyond is an error.
  static let filesMax = 4096

  var reader = XinetdReader()
  private var queue: [(word: XinetdWord, isFolder: Bool)] = []
  private var seen: [Bytes] = []

  /// A path of the command line.
  mutating func add(_ path: Bytes) {
    var isFolder = false
    if case .entries = HostFiles.list(path) { isFolder = true }
    queue.append((XinetdWord(text: path, file: path, line: 0), isFolder))
  }

  mutating func readAll() {
    var index = 0
    while index < queue.count {
      let (word, isFolder) = queue[index]
      index += 1
      if seen.contains(word.text) { continue }
      seen.append(word.text)
      if seen.count > XinetdFiles.filesMax { return reader.report(.error, word, Bytes("these are more than 4096 files")) }
      if isFolder { readFolder(word) } else { readFile(word) }
    }
  }

  private mutating func readFile(_ word: XinetdWord) {
    switch HostFiles.read(word.text, limit: 1 << 20) {
    case .contents(let bytes): queue += reader.read(bytes, file: word.text)
    case .failed(let errno): reader.report(.error, word, "cannot read " + word.text + ": " + errorText(errno))
    case .notRegular, .tooLarge: reader.report(.error, word, word.text + " is no file of less than 1 MiB")
    }
  }

  /// As xinetd: names with a dot, and those that end with a tilde, are not meant.
  private mutating func readFolder(_ word: XinetdWord) {
    switch HostFiles.list(word.text) {
    case .failed(let errno): reader.report(.error, word, "cannot read " + word.text + ": " + errorText(errno))
    case .entries(let names):
      for name in names where !name.contains(46) && name.last != 126 {
        let path = word.text + (word.text.last == 47 ? Bytes() : Bytes("/")) + name
        if case .entries = HostFiles.list(path) { continue }
        queue.append((XinetdWord(text: path, file: word.file, line: word.line), false))
      }
    }
  }
}
