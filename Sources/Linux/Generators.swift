import CLinux
import Model
import Runtime

/// Runs unit generators (systemd.generator(7)): programs that write unit files and links into three folders, given as
/// arguments, at boot and at each reload. For helpers: it waits.
///
/// All run side by side. Those that are late are named and killed, so that one that hangs costs its own units and not the
/// boot. systemd's own generators are left out: what they make (mounts, gettys, SysV scripts) is of the host's side.
public final class Generators {
  /// More at a time wait their turn.
  static let parallelMax = 64
  /// After SIGKILL.
  static let graceAfterKill = TimeSpan(seconds: 2)

  let environment: [Bytes]
  let limit: TimeSpan
  let say: (Severity, Bytes) -> Void

  private final class Running {
    let pid: Int32
    let path: Bytes
    init(pid: Int32, path: Bytes) {
      self.pid = pid
      self.path = path
    }
  }

  /// `environment`: apus's own. `limit`: for all together.
  public init(environment: [Bytes], limit: TimeSpan, say: @escaping (Severity, Bytes) -> Void) {
    self.environment = environment
    self.limit = limit
    self.say = say
  }

  /// Where generators are, first folder first (systemd.generator(7)).
  public static var folders: [Bytes] {
    var folders: [Bytes] = []
    for parent in Bytes("/run /etc /usr/local/lib /usr/lib /lib").pieces(separatedBy: 32) {
      folders.append(parent + "/systemd/system-generators")
    }
    return folders
  }

  /// The three folders below `base`, in the order of the arguments: normal, early, late.
  public static func outputs(_ base: Bytes) -> [Bytes] {
    [base + "/generator", base + "/generator.early", base + "/generator.late"]
  }

  /// Empties the three folders, runs every generator, and removes the folders that stayed empty. False: there is no place
  /// for them, so that nothing was run.
  public func run(_ paths: [Bytes], base: Bytes, _ kernel: LinuxKernel) -> Bool {
    let outputs = Generators.outputs(base)
    if !prepare(outputs, base) { return false }
    var waiting = paths.filter { !name($0).starts(with: "systemd-") }
    waiting.reverse()
    var running: [Running] = []
    let end = kernel.now().instant + limit
    var isKilled = false
    while !waiting.isEmpty || !running.isEmpty {
      while !isKilled, running.count < Generators.parallelMax, let path = waiting.popLast() {
        if let pid = start(path, outputs, kernel) { running.append(Running(pid: pid, path: path)) }
      }
      var ready: [Readiness] = []
      kernel.wait(until: isKilled ? end + Generators.graceAfterKill : end, into: &ready)
      collect(&running, kernel)
      let now = kernel.now().instant
      if !isKilled && now >= end {
        isKilled = true
        waiting = []
        for late in running {
          say(.error, filled("generator % is late (its limit is over), killing it: its units are missing", late.path))
          _ = kernel.signalGroup(ofChild: late.pid, .kill)
          _ = kernel.signalChild(late.pid, .kill)
        }
      } else if isKilled && now >= end + Generators.graceAfterKill {
        break
      }
    }
    for folder in outputs { _ = apus_remove_folder(folder.terminated) }
    return true
  }

  private func name(_ path: Bytes) -> Bytes { Bytes(path[((path.lastIndex(of: 47) ?? -1) + 1)...]) }

  private func prepare(_ outputs: [Bytes], _ base: Bytes) -> Bool {
    for folder in [base] + outputs {
      do throws(PathError) {
        let (parent, name) = try SafeWalk.openParent(of: folder, makesParents: true)
        defer { _ = apus_close(parent) }
        if folder != base {
          let removed = TreeRemover.remove(name, in: parent)
          if removed != 0 { throw .errno(removed) }
        }
        let made = apus_make_folder_at(parent, name.terminated, 0o755)
        if made < 0 && -made != Errno.EEXIST { throw .errno(-made) }
      } catch {
        say(.warning, filled("no generators are run: cannot make %: %", folder, error.text))
        return false
      }
    }
    return true
  }

  private func start(_ path: Bytes, _ outputs: [Bytes], _ kernel: LinuxKernel) -> Int32? {
    let plan = SpawnPlan(
      key: ProcessKey(Invocation(unit: .command, number: 0), .startPre, serial: 0), candidates: [path], arguments: [path] + outputs,
      environment: environment)
    plan.stdout = .inherit
    plan.stderr = .inherit
    switch kernel.spawn(plan) {
    case .started(let pid): return pid
    case .failed(let errno):
      cannotRun(path, errno)
      return nil
    }
  }

  private func collect(_ running: inout [Running], _ kernel: LinuxKernel) {
    while kernel.nextSignal() != nil {}
    while let child = kernel.reap() {
      guard let index = running.firstIndex(where: { $0.pid == child.pid }), case .ended(let status) = child.kind else { continue }
      let path = running.remove(at: index).path
      switch kernel.execReport(child.pid) {
      case .failed(_, let errno, _): cannotRun(path, errno)
      case .pending, .executed:
        if status != .exited(0) { say(.error, filled("generator % failed, %", path, status.description)) }
      }
    }
  }

  private func cannotRun(_ path: Bytes, _ errno: Int32) { say(.error, filled("cannot run generator %: %", path, errorText(errno))) }
}
