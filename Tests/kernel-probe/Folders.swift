#if !EMBEDDED
import Foundation
import Linux
import Model
import Runtime

extension Probe {
  /// Managed directories as the child makes them, below a folder of the test's own. The first argument is that folder.
  static func folders(_ bench: Bench) {
    let root = bench.arguments[0]
    func path(_ name: String) -> Bytes { Bytes("\(root)/\(name)".utf8) }
    func look(_ name: String) -> String {
      var status = stat()
      guard lstat("\(root)/\(name)", &status) == 0 else { return "none" }
      return "\(String(status.st_mode & 0o7777, radix: 8)) \(status.st_uid) \(status.st_gid)"
    }
    func make(_ name: String, mode: UInt32 = 0o755, _ change: (inout SpawnPlan) -> Void = { _ in }) -> (ExecReport?, ExitStatus?) {
      var plan = bench.plan(["/bin/true"])
      plan.umask = 0o777
      plan.directories = [DirectoryPlan(path: path(name), mode: mode, uid: 4242, gid: 4243, stage: .stateDirectory)]
      change(&plan)
      return bench.finish(plan)
    }
    func refused(_ name: String, _ errno: Int32, detail: Int32 = 0, _ outcome: (ExecReport?, ExitStatus?)) {
      bench.check(
        outcome.0 == .failed(stage: .stateDirectory, errno: errno, detail: detail) && outcome.1 == .exited(238),
        "\(name) \(String(describing: outcome))")
    }
    _ = make("a/b/c", mode: 0o2750)
    bench.check(look("a") == "755 0 0" && look("a/b") == "755 0 0" && look("a/b/c") == "2750 4242 4243", "made \(look("a/b/c"))")

    tree(bench, root, look)
    _ = make("tree", mode: 0o700)
    let given = ["f", "sub", "sub/deep", "sub/deep/x", "link", "fifo"].filter { !look("tree/\($0)").hasSuffix(" 4242 4243") }
    bench.check(given.isEmpty && look("tree") == "700 4242 4243", "the whole tree: \(given)")
    bench.check(look("tree/f") == "4755 4242 4243" && look("tree/sub") == "777 4242 4243", "modes below stay \(look("tree/f"))")
    bench.check(look("outside") == "644 0 0", "a link is not followed")
    let many = (0..<700).filter { look("tree/many/\($0)") != "644 4242 4243" }
    bench.check(many.isEmpty, "all of a large folder: \(many.count)")

    chown("\(root)/tree/f", 0, 0)
    _ = make("tree", mode: 0o750)
    bench.check(look("tree") == "750 4242 4243" && look("tree/f").hasSuffix(" 0 0"), "a right top: nothing below is touched")

    mkdir("\(root)/deep", 0o755)
    var deep = "\(root)/deep"
    for _ in 0..<300 {
      deep += "/d"
      mkdir(deep, 0o755)
    }
    refused("deeper than the bound", 36, make("deep"))
    let makeWith = { make($0, mode: $1, $2) }
    let refusedWith = { refused($0, $1, detail: $2, $3) }
    refusals(bench, root, makeWith, refusedWith)
    links(bench, root, makeWith, refusedWith)
  }

  private static func tree(_ bench: Bench, _ root: String, _ look: (String) -> String) {
    _ = bench.shell(
      "umask 022; cd \(root) && echo x > outside && mkdir -p tree/sub/deep tree/many && echo > tree/sub/deep/x && echo > tree/f && chmod 4755 tree/f && chmod 777 tree/sub && ln -s ../outside tree/link && mkfifo tree/fifo && for i in $(seq 0 699); do : > tree/many/$i; done"
    )
  }

  private static func refusals(
    _ bench: Bench, _ root: String, _ make: (String, UInt32, (inout SpawnPlan) -> Void) -> (ExecReport?, ExitStatus?),
    _ refused: (String, Int32, Int32, (ExecReport?, ExitStatus?)) -> Void
  ) {
    symlink("a", "\(root)/linked")
    refused("a link in its place", 20, 0, make("linked", 0o755) { _ in })
    refused("a file in its place", 20, 0, make("outside", 0o755) { _ in })
    // A folder of the service's on the way: a link there may be the service's trap.
    chown("\(root)/a/b", 4242, 4243)
    symlink("/", "\(root)/a/b/trap")
    refused("a link on the way that the service made", 40, 0, make("a/b/trap/x", 0o755) { _ in })
    symlink("a", "\(root)/trusted")
    chmod(root, 0o755)
    let (report, end) = make("trusted/new", 0o755) { _ in }
    bench.check(end == .exited(0) && access("\(root)/a/new", F_OK) == 0, "a link of root's on the way \(String(describing: report))")
    let kept = make("a/b/c", 0o700) { $0.directories[0].keepsExisting = true }
    var status = stat()
    stat("\(root)/a/b/c", &status)
    bench.check(kept.1 == .exited(0) && status.st_mode & 0o7777 == 0o2750, "an existing one keeps its mode")
  }

  private static func links(
    _ bench: Bench, _ root: String, _ make: (String, UInt32, (inout SpawnPlan) -> Void) -> (ExecReport?, ExitStatus?),
    _ refused: (String, Int32, Int32, (ExecReport?, ExitStatus?)) -> Void
  ) {
    func target(_ name: String) -> String { (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(root)/\(name)")) ?? "none" }
    func linked(_ name: String, _ to: String) -> (inout SpawnPlan) -> Void {
      { $0.links = [LinkPlan(path: Bytes("\(root)/\(name)".utf8), target: Bytes(to.utf8), stage: .stateDirectory)] }
    }
    for round in 1...2 {
      let outcome = make("real", 0o755, linked("p/q/name", "../../real"))
      bench.check(outcome.1 == .exited(0) && target("p/q/name") == "../../real", "link \(round) \(String(describing: outcome))")
    }
    refused("something else where a link goes", 17, 1, make("real", 0o755, linked("outside", "real")))
    // DynamicUser= came: the directory moves below private/, and back when it went.
    mkdir("\(root)/state", 0o755)
    mkdir("\(root)/state/kept", 0o755)
    var outcome = make("private/state", 0o755) {
      $0.directories[0].old = Bytes("\(root)/state".utf8)
      linked("state", "private/state")(&$0)
    }
    bench.check(outcome.1 == .exited(0) && target("state") == "private/state" && access("\(root)/private/state/kept", F_OK) == 0, "moved")
    outcome = make("state", 0o755) {
      $0.directories[0].old = Bytes("\(root)/private/state".utf8)
      $0.directories[0].oldLink = Bytes("private/state")
    }
    bench.check(outcome.1 == .exited(0) && target("state") == "none" && access("\(root)/state/kept", F_OK) == 0, "moved back")
  }
}
#endif
