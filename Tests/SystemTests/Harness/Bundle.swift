import Foundation
import Testing

/// An OCI bundle in the sandbox, run by runc: the root folder has apus, busybox and nothing else.
final class Bundle {
  static let isPossible = Machine.isRoot && Machine.has("runc") && Machine.has("busybox") && works
  static let notPossible: Comment = "no container can be made here (Debian's runc and busybox-static, as root)"

  /// runc needs more than its presence: cgroups and namespaces that a sandbox may refuse.
  private static let works: Bool = {
    guard let box = try? Sandbox(), let bundle = try? Bundle(in: box, withApus: false) else { return false }
    defer { box.close(#_sourceLocation) }
    return (try? bundle.run(["/bin/true"]).waitForEnd(within: 10)) == 0
  }()

  /// What a container may do; the default is what Docker gives to root, the rest is what OpenShift gives to nobody.
  struct Rights {
    var uid = 0
    var gid = 0
    var capabilities = [
      "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_MKNOD", "CAP_AUDIT_WRITE", "CAP_SETFCAP",
    ]
    var noNewPrivileges = false
    var readOnlyRoot = false
    /// Calls that are answered with this error number.
    var refused: [String] = []
    var refusedWith: Int32 = 0

    static let nobody = Rights(uid: 1_000_770_000, gid: 0, capabilities: [], noNewPrivileges: true, readOnlyRoot: true)
  }

  /// The calls that old container profiles do not know.
  static let newerCalls = ["clone3", "pidfd_open", "pidfd_send_signal", "close_range", "openat2", "preadv2", "pwritev2"]

  /// One container.
  struct Container {
    let id: String
    let process: Running
    fileprivate let state: String

    func waitForEnd(within seconds: Double = 10) throws -> Int32 { try process.waitForEnd(within: seconds) }
    func kill(_ signal: String) throws {
      let sent = try runToEnd(["runc", "--root", state, "kill", id, signal])
      guard sent.status == 0 else { throw Failure("runc kill: \(sent.stderr)") }
    }
    func exec(_ argv: [String]) throws -> Finished { try runToEnd(["runc", "--root", state, "exec", id] + argv) }
    func startExec(_ argv: [String], in box: Sandbox) throws -> Running { try box.start(["runc", "--root", state, "exec", id] + argv) }
  }

  private let box: Sandbox
  private let root: String
  private var count = 0

  init(in box: Sandbox, withApus: Bool = true) throws {
    self.box = box
    root = "bundle/rootfs"
    for folder in ["bin", "proc", "dev", "sys", "tmp", "etc", "run", "units"] {
      try FileManager.default.createDirectory(atPath: box.path("\(root)/\(folder)"), withIntermediateDirectories: true)
    }
    try copy("/bin/busybox", to: "bin/busybox")
    for name in ["sh", "sleep", "true", "false", "date", "cat", "echo", "ps", "kill", "id", "touch", "ls"] {
      guard symlink("busybox", box.path("\(root)/bin/\(name)")) == 0 else { throw Failure("symlink \(name)") }
    }
    guard withApus else { return }
    let binary = try Binary.path()
    try copy(binary, to: "apus")
    if try !Binary.isStatic() {
      // The ordinary binary brings its libraries along.
      for line in try runToEnd(["ldd", binary]).stdout.split(separator: "\n") {
        guard let path = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).first(where: { $0.hasPrefix("/") }).map(String.init) else {
          continue
        }
        let place = line.contains("/ld-linux") ? path : "/lib/" + (path as NSString).lastPathComponent
        try copy(path, to: String(place.dropFirst()))
      }
    }
  }

  private func copy(_ source: String, to target: String) throws {
    let path = box.path("\(root)/\(target)")
    try FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    // By its bytes: a link is followed.
    if access(path, F_OK) != 0 { try Data(contentsOf: URL(fileURLWithPath: source)).write(to: URL(fileURLWithPath: path)) }
    chmod(path, 0o755)
  }

  func add(tool: String) throws { try copy(try Tools.path(tool), to: tool) }

  /// A file in the container.
  func write(_ name: String, _ text: String) throws { try box.write("\(root)/\(name)", text) }

  func run(_ argv: [String], rights: Rights = Rights(), environment: [String] = []) throws -> Container {
    count += 1
    let id = "apustest-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    try box.write("bundle/config.json", try configuration(argv, rights: rights, environment: environment))
    let state = box.path("runc-state")
    let process = try box.start(["runc", "--root", state, "run", "--bundle", box.path("bundle"), id])
    return Container(id: id, process: process, state: state)
  }

  /// Waits until something runs in it.
  func waitUntilRunning(_ container: Container) throws {
    try eventually("container \(container.id); stderr: \(container.process.stderr)") {
      container.process.hasEnded || container.process.stdout.contains("\n")
    }
  }

  private func configuration(_ argv: [String], rights: Rights, environment: [String]) throws -> String {
    func mount(_ target: String, _ type: String, _ options: [String]) -> [String: Any] {
      ["destination": target, "type": type, "source": type, "options": options]
    }
    let sets = ["bounding", "effective", "permitted", "inheritable"]
    var linux: [String: Any] = [
      "namespaces": ["pid", "ipc", "uts", "mount", "network"].map { ["type": $0] },
      "maskedPaths": ["/proc/kcore", "/proc/keys"],
      "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"],
    ]
    if !rights.refused.isEmpty {
      linux["seccomp"] = [
        "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [["names": rights.refused, "action": "SCMP_ACT_ERRNO", "errnoRet": rights.refusedWith]],
      ]
    }
    let document: [String: Any] = [
      "ociVersion": "1.0.2",
      "process": [
        "terminal": false, "user": ["uid": rights.uid, "gid": rights.gid], "args": argv, "cwd": "/",
        "env": ["PATH=/bin"] + environment, "noNewPrivileges": rights.noNewPrivileges,
        "capabilities": Dictionary(uniqueKeysWithValues: sets.map { ($0, rights.capabilities) }),
        "rlimits": [["type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024]],
      ],
      "root": ["path": "rootfs", "readonly": rights.readOnlyRoot],
      "hostname": "apustest",
      "mounts": [
        mount("/proc", "proc", []),
        mount("/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        mount("/dev/shm", "tmpfs", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        mount("/sys", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
      ],
      "linux": linux,
    ]
    return String(decoding: try JSONSerialization.data(withJSONObject: document, options: [.prettyPrinted]), as: UTF8.self)
  }
}
