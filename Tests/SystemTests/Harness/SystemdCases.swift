import Foundation

/// A file of cases with the real systemd's answers: Fixtures/systemd/NAME.cases, whose form its README.md describes.
struct SystemdCases {
  let name: String
  let text: String
  /// What systemd said, in the file's order.
  let cases: [(name: String, said: [String])]

  static let folder = Machine.root + "/Tests/SystemTests/Fixtures/systemd"

  /// The names of all files.
  static let all: [String] = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
    .filter { $0.hasSuffix(".cases") }.map { String($0.dropLast(".cases".count)) }.sorted()

  init(_ name: String) throws {
    self.name = name
    text = try String(contentsOfFile: "\(Self.folder)/\(name).cases", encoding: .utf8)
    cases = Self.answers(of: text, marked: "--- said").filter { $0.name != "common" }
  }

  /// The lines below each "=== NAME", from the marker on; without blank lines at the end.
  static func answers(of text: String, marked marker: String? = nil) -> [(name: String, said: [String])] {
    var result: [(name: String, said: [String])] = []
    var isAnswer = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("=== ") {
        result.append((line.split(separator: " ").last.map(String.init) ?? "", []))
        isAnswer = marker == nil
      } else if line.hasPrefix("--- "), marker != nil {
        isAnswer = line == marker ?? ""
      } else if isAnswer, !result.isEmpty {
        result[result.count - 1].said.append(String(line))
      }
    }
    return result.map { ($0.name, Array($0.said.reversed().drop { $0.isEmpty }.reversed())) }
  }
}

/// Plays a file of cases against apus as PID 1, over folders that are thrown away.
struct SystemdWorld {
  static let isPossible = Machine.hasNamespaces && overlays
  static let notPossible = "needs root, PID namespaces and overlayfs"

  /// overlayfs can be mounted in a mount namespace of ours.
  private static let overlays: Bool = {
    let script = """
      mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w && mount -t overlay -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w overlay /etc
      """
    return (try? runToEnd(["unshare", "--mount", "--propagation", "private", "sh", "-c", script]).status) == 0
  }()

  /// The world of a case: what a unit can be asked to write is an overlay, what systemd's packages bring is hidden.
  private static func setup(_ box: Sandbox, apus: String, tell: String) -> String {
    """
    set -e
    mount --make-rprivate /
    mount -t tmpfs -o mode=755 tmpfs \(box.path("over"))
    for folder in etc usr/lib usr/local/lib var/lib var/log var/cache; do
      [ -d /$folder ] || continue
      mkdir -p \(box.path("over"))/$folder/upper \(box.path("over"))/$folder/work
      mount -t overlay -o lowerdir=/$folder,upperdir=\(box.path("over"))/$folder/upper,workdir=\(box.path("over"))/$folder/work overlay /$folder
    done
    mount -t tmpfs -o mode=755 tmpfs /run
    for folder in /etc/systemd/system /usr/lib/systemd/system /usr/local/lib/systemd/system; do
      mkdir -p $folder
      mount -t tmpfs -o mode=755 tmpfs $folder
    done
    mkdir -p /run/t/bin
    cp \(tell) /run/t/bin/tell
    ln -s \(apus) /run/t/bin/systemctl
    unset HOME PWD OLDPWD
    set +e
    """
  }

  /// What apus said, by case.
  static func play(_ cases: SystemdCases, in box: Sandbox) throws -> [String: [String]] {
    let file = try box.write("\(cases.name).cases", cases.text)
    _ = try box.folder("over")
    try box.write("units/README", "Empty: what starts is asked for by the cases.\n")
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    // The command stays, so that apus is there to be killed: it would end with its command, at any moment from then on.
    let script = """
      PATH=/run/t/bin:\(path) sh \(Machine.root)/Tests/tools/run-cases \(file) > \(box.path("answers.new")) 2>&1
      mv \(box.path("answers.new")) \(box.path("answers"))
      exec sleep infinity
      """
    let apus = try box.apus(
      ["run", "--stay", box.path("units"), "--", "/bin/sh", "-c", script], asInit: true,
      environment: ["PATH": path, "LANG": "C.UTF-8"], control: false,
      setup: setup(box, apus: try Binary.path(), tell: try Tools.path("tell")))
    _ = try apus.pid()
    try eventually("the answers to \(cases.name).cases; stderr: \(apus.process.stderr.suffix(4000))", within: 240) {
      access(box.path("answers"), F_OK) == 0 || apus.process.hasEnded
    }
    let text = box.read("answers")
    // Its end is not the subject: many units of the cases obey nothing but SIGKILL.
    if !apus.process.hasEnded { try apus.kill() }
    return Dictionary(SystemdCases.answers(of: text).map { ($0.name, $0.said) }) { first, _ in first }
  }
}
