import Model
import UnitFile

/// Reads the crontabs of the command line, slice by slice; each entry becomes a unit.
final class CrontabLoader {
  /// Lines in one step: with 16 KiB the longest ones take less than 2 ms.
  private static let linesInStep = 32

  private let haveUsers: Bool
  /// For `~`: equal at every reading on this host, different on others.
  private let seed: Bytes
  private var paths: [Bytes] = []
  private var next = 0
  private var reader: CrontabReader? = nil
  private var names = CrontabNames()
  /// The entries, in the order of the lines, and where each is by its name.
  private(set) var jobs: [CrontabJob] = []
  private var positions = NameTable()
  private(set) var diagnostics: [Diagnostic] = []

  init(haveUsers: Bool, seed: Bytes) {
    self.haveUsers = haveUsers
    self.seed = seed
  }

  /// No crontab is on the command line.
  var isEmpty: Bool { paths.isEmpty }

  /// One that is named twice counts once.
  func add(_ path: Bytes) {
    if !paths.contains(path) { paths.append(path) }
  }

  /// The entry of that name.
  func job(_ name: UnitName) -> CrontabJob? { positions[name.bytes].map { jobs[$0] } }

  /// One small piece of work; true when all are read.
  func step(_ kernel: inout some Kernel) -> Bool {
    guard next < paths.count else { return true }
    let path = paths[next]
    if reader == nil, !open(path, &kernel) {
      next += 1
      return false
    }
    for _ in 0..<CrontabLoader.linesInStep where reader?.step() == false {
      finish()
      break
    }
    return false
  }

  private func open(_ path: Bytes, _ kernel: inout some Kernel) -> Bool {
    var problem: Bytes
    switch kernel.readFile(path, limit: Loader.fileLimit) {
    case .contents(let contents):
      let hasUsers = haveUsers || isOfSystem(path, &kernel)
      reader = CrontabReader(contents, path: path, hasUsers: hasUsers, names: names, seed: seed)
      return true
    case .failed(let errno): problem = "cannot read it: " + errorText(errno)
    case .notRegular(let kind): problem = "it is " + Bytes(kind.name) + ", not a regular file"
    case .tooLarge: problem = Bytes("it is larger than 1 MiB")
    }
    diagnostics.append(Diagnostic(.error, file: path, message: problem))
    return false
  }

  private func finish() {
    guard let read = reader else { return }
    reader = nil
    next += 1
    names = read.names
    diagnostics += read.diagnostics
    for job in read.jobs {
      positions[job.name.bytes] = jobs.count
      jobs.append(job)
    }
  }

  /// Only there a sixth field names the user; anywhere else nobody can tell it from the command's first word.
  private func isOfSystem(_ path: Bytes, _ kernel: inout some Kernel) -> Bool {
    var absolute = path
    if path.first != 47, let folder = kernel.readLink(Bytes("/proc/self/cwd")) { absolute = folder + "/" + path }
    let simple = UnitPath.simplified(absolute)
    return simple == "/etc/crontab" || (simple.starts(with: "/etc/cron.d/") && !simple[12...].contains(47))
  }
}
