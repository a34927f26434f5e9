#if !EMBEDDED
import Foundation
import Linux
import Model
import Runtime

/// One `.path` in a folder of its own, and what is done there.
private struct Ground {
  let bench: Bench
  let folder: String
  let unit = UnitID(5)

  func path(_ name: String) -> String { folder + "/" + name }

  func watch(_ specs: [(PathKind, String)], makes: UInt32? = nil, looks: Bool = true) {
    let why = bench.kernel.watchPaths(
      unit, specs.map { PathSpec(kind: $0.0, path: Bytes(path($0.1).utf8)) }, makesDirectory: makes, looks: looks)
    bench.check(why == nil, "watched \(specs.map { "\($0.0) \($0.1)" }): \(why?.shown ?? "")")
  }

  /// Specs that are hit within a moment; each at most once a wait.
  func hits(_ seconds: Double = 0.05) -> Set<Int> {
    var result: Set<Int> = []
    for item in Probe.traffic(bench, for: seconds) {
      guard case .pathHit(unit, let index, _) = item else {
        bench.check(false, "\(item)")
        continue
      }
      bench.check(result.insert(index).inserted, "twice in a wait")
    }
    return result
  }

  func step(_ what: String, _ expected: Set<Int>, _ act: () -> Void) {
    act()
    // What one call does may come as several waits.
    var found = hits(expected.isEmpty ? 0.05 : 5)
    while true {
      let more = hits(0.02)
      if more.isEmpty { break }
      found.formUnion(more)
    }
    bench.check(found == expected, "\(what): \(found.sorted()), not \(expected.sorted())")
  }

  func write(_ name: String, _ text: String = "x") { try? text.write(toFile: path(name), atomically: false, encoding: .utf8) }
  func touch(_ name: String) { close(open(path(name), O_WRONLY | O_CREAT, 0o644)) }
  func make(_ name: String) { mkdir(path(name), 0o755) }
  func remove(_ name: String) { try? FileManager.default.removeItem(atPath: path(name)) }
  func move(_ one: String, _ other: String) { rename(path(one), path(other)) }
  func link(_ name: String, _ target: String) {
    symlink(target, path(name + ".new"))
    move(name + ".new", name)
  }
}

extension Probe {
  /// What `.path` units wait for (units.md d.3).
  static func watching(_ bench: Bench) {
    let folder = bench.arguments[0] + "/w"
    func ground() -> Ground {
      try? FileManager.default.removeItem(atPath: folder)
      mkdir(folder, 0o755)
      return Ground(bench: bench, folder: folder)
    }
    changes(ground())
    levels(ground())
    parents(ground())
    links(ground())
    globs(ground())
    folders(ground())
    several(ground())
    pidFile(ground())
    bounds(ground())
  }

  /// As systemd 252 answered, step by step.
  private static func changes(_ ground: Ground) {
    ground.write("file")
    ground.watch([(.changed, "file"), (.modified, "file"), (.exists, "file")], looks: false)
    ground.step("nothing", []) {}
    let file = open(ground.path("file"), O_WRONLY | O_APPEND)
    ground.step("a write", [1]) { Glibc.write(file, "y", 1) }
    ground.step("closed after it", [0, 1]) { close(file) }
    ground.step("its mode", [0, 1, 2]) { chmod(ground.path("file"), 0o600) }
    ground.step("read", []) { _ = try? String(contentsOfFile: ground.path("file"), encoding: .utf8) }
    ground.step("another in the folder", []) { ground.write("other") }
    ground.step("renamed over it", [0, 1, 2]) { ground.move("other", "file") }
    ground.step("written anew", [0, 1]) { ground.write("file") }
    ground.step("removed", [0, 1]) { ground.remove("file") }
    ground.step("another comes", []) { ground.write("other") }
    ground.step("it comes", [0, 1, 2]) { ground.touch("file") }
    ground.step("moved away", [0, 1]) { ground.move("file", "away") }
    ground.step("and written there", []) { ground.write("away") }
    ground.step("moved back", [0, 1, 2]) { ground.move("away", "file") }
    ground.bench.kernel.unwatchPaths(ground.unit)
    ground.step("nobody asks", []) { ground.write("file") }
  }

  private static func levels(_ ground: Ground) {
    ground.make("full")
    ground.write("full/x")
    ground.make("empty")
    ground.make("hidden")
    ground.write("hidden/.x")
    ground.write("hidden/x~")
    ground.write("here")
    let specs: [(PathKind, String)] = [
      (.exists, "here"), (.exists, "gone"), (.directoryNotEmpty, "full"), (.directoryNotEmpty, "empty"), (.directoryNotEmpty, "none"),
      (.directoryNotEmpty, "hidden"), (.existsGlob, "he*"), (.existsGlob, "go*"), (.changed, "here"), (.directoryNotEmpty, "here"),
    ]
    ground.watch(specs)
    ground.step("what holds already", [0, 2, 6]) {}
    ground.step("once", []) {}
    ground.watch(specs, looks: false)
    ground.step("not looked at", []) {}
    ground.step("a folder gets an entry", [3]) { ground.write("empty/a") }
    ground.step("a hidden one counts for nothing", []) { ground.write("hidden/.y") }
    // What is looked at again and holds, is told again.
    ground.step("they come", [1, 6, 7]) { ground.write("gone") }
    ground.step("a folder comes", [6, 7]) { ground.make("none") }
    ground.step("and is filled", [4]) { ground.write("none/a") }
  }

  /// A path whose folders are missing, come, and go.
  private static func parents(_ ground: Ground) {
    ground.watch([(.changed, "a/b/c/file"), (.exists, "a/b/c/file"), (.directoryNotEmpty, "a/b/c")])
    ground.step("a folder", []) { ground.make("a") }
    ground.step("beside the way", []) { ground.write("a/x") }
    ground.step("both folders at once", []) {
      ground.make("a/b")
      ground.make("a/b/c")
    }
    ground.step("the file", [0, 1, 2]) { ground.write("a/b/c/file") }
    ground.step("a folder above moves away", [0]) { ground.move("a/b", "a/z") }
    ground.step("written beyond", []) { ground.write("a/z/c/file") }
    ground.step("moved back", [0, 1, 2]) { ground.move("a/z", "a/b") }
    ground.step("written", [0]) { ground.write("a/b/c/file") }
    ground.step("all removed", [0]) { ground.remove("a") }
    ground.step("a file where a folder was", []) { ground.write("a") }
    ground.remove("a")
    ground.step("made in one go", [0, 1, 2]) {
      ground.make("a")
      ground.make("a/b")
      ground.make("a/b/c")
      ground.write("a/b/c/file")
    }
  }

  private static func links(_ ground: Ground) {
    ground.make("d1")
    ground.make("d2")
    ground.write("d1/file")
    ground.write("d2/file")
    ground.link("current", "d1")
    ground.link("second", "current")
    ground.link("nowhere", "far/target")
    ground.watch([(.changed, "second/file"), (.exists, "nowhere"), (.changed, "nowhere")])
    ground.step("behind two links", [0]) { ground.write("d1/file") }
    ground.step("the link leads elsewhere, the file is still there", []) { ground.link("current", "d2") }
    ground.step("where it leads now", [0]) { ground.write("d2/file") }
    ground.step("where it led", []) { ground.write("d1/file") }
    ground.step("a folder on the way of a link to nowhere", []) { ground.make("far") }
    ground.step("what it leads to", [1, 2]) { ground.write("far/target") }
    ground.link("loop", "loop")
    ground.watch([(.exists, "loop/x")])
    ground.step("in a circle", []) {}
  }

  private static func globs(_ ground: Ground) {
    ground.make("d1")
    ground.make("d2")
    ground.watch([(.existsGlob, "d*/job-*.{txt,md}"), (.existsGlob, "plain/none*"), (.existsGlob, "literal\\*")])
    ground.step("no match", []) { ground.write("d1/job-1.doc") }
    ground.step("in one of the folders", [0]) { ground.write("d2/job-1.md") }
    ground.remove("d2/job-1.md")
    ground.step("gone", []) {}
    ground.step("in a new folder", [0]) {
      ground.make("d3")
      ground.write("d3/job-2.txt")
    }
    ground.remove("d3")
    ground.step("gone, too", []) {}
    ground.step("behind a folder that was missing", [1]) {
      ground.make("plain")
      ground.write("plain/none-such")
    }
    ground.step("no wildcard", []) { ground.write("literals") }
    ground.step("the very name", [2]) { ground.write("literal*") }
  }

  /// MakeDirectory=, and folders as what is asked about.
  private static func folders(_ ground: Ground) {
    ground.watch(
      [
        (.changed, "m/changed"), (.modified, "m/modified"), (.directoryNotEmpty, "m/filled"), (.exists, "m/exists"),
        (.existsGlob, "m/glob*"),
      ],
      makes: 0o715)
    for name in ["m", "m/changed", "m/modified", "m/filled"] {
      ground.bench.check(status(ground.path(name)).st_mode == S_IFDIR | 0o715, "made \(name)")
    }
    for name in ["m/exists", "m/glob*"] { ground.bench.check(status(ground.path(name)).st_mode == 0, "not made \(name)") }
    ground.step("nothing yet", []) {}
    ground.step("a file in a folder", [0]) { ground.write("m/changed/x") }
    let file = open(ground.path("m/modified/y"), O_WRONLY | O_CREAT, 0o644)
    ground.step("made in a folder", [1]) {}
    ground.step("written in it", [1]) { Glibc.write(file, "x", 1) }
    close(file)
    ground.step("closed there", [1]) {}
    ground.step("removed from it", [0]) { ground.remove("m/changed/x") }
    ground.step("and filled", [2]) { ground.write("m/filled/x") }
  }

  /// Units that watch the same thing for different ends.
  private static func several(_ ground: Ground) {
    ground.write("file")
    let other = UnitID(6)
    func watchOther() {
      _ = ground.bench.kernel.watchPaths(
        other, [PathSpec(kind: .modified, path: Bytes(ground.path("file").utf8))], makesDirectory: nil, looks: false)
    }
    ground.watch([(.changed, "file"), (.exists, "missing")])
    watchOther()
    let file = open(ground.path("file"), O_WRONLY | O_APPEND)
    Glibc.write(file, "y", 1)
    ground.bench.check(traffic(ground.bench, for: 5) == [.pathHit(other, 0)], "a write is only of the one that asked for it")
    close(file)
    ground.bench.check(traffic(ground.bench, for: 5) == [.pathHit(ground.unit, 0), .pathHit(other, 0)], "both")
    ground.bench.kernel.unwatchPaths(other)
    ground.step("the first alone", [0]) { ground.write("file") }
    watchOther()
    ground.bench.kernel.unwatchPaths(ground.unit)
    ground.write("file")
    ground.bench.check(traffic(ground.bench, for: 5) == [.pathHit(other, 0)], "the second alone")
    ground.bench.kernel.unwatchPaths(other)
    _ = traffic(ground.bench, for: 0.05)
  }

  /// `watchPath` beside them: a file that is written, and a link that is set anew.
  private static func pidFile(_ ground: Ground) {
    let unit = UnitID(7)
    func told(_ what: String, _ act: () -> Void) {
      act()
      ground.bench.check(traffic(ground.bench, for: 5) == [.pathChanged(unit)], what)
      while !traffic(ground.bench, for: 0.02).isEmpty {}
    }
    ground.bench.check(ground.bench.kernel.watchPath(unit, Bytes(ground.path("run/pid").utf8)), "watched")
    ground.make("run")
    ground.bench.check(traffic(ground.bench, for: 0.05) == [], "its folder alone")
    told("it comes") { ground.write("run/pid", "1\n") }
    told("it is written") { ground.write("run/pid", "2\n") }
    told("it is replaced") {
      ground.write("run/new", "3\n")
      ground.move("run/new", "run/pid")
    }
    told("it goes") { ground.remove("run/pid") }
    ground.write("one")
    ground.write("two")
    ground.link("zone", "one")
    ground.bench.check(ground.bench.kernel.watchPath(unit, Bytes(ground.path("zone").utf8)), "a link")
    told("the link is set anew") { ground.link("zone", "two") }
    told("what it leads to is written") { ground.write("two") }
    ground.bench.kernel.unwatchPaths(unit)
    told("paths of a .path are others") { ground.write("two") }
    ground.bench.kernel.unwatchPath(unit)
    ground.write("two")
    ground.bench.check(traffic(ground.bench, for: 0.05) == [], "nobody asks")
  }

  private static func bounds(_ ground: Ground) {
    let deep = Bytes((ground.path("") + String(repeating: "a/", count: 200)).utf8)
    let kernel = ground.bench.kernel
    ground.bench.check(
      kernel.watchPaths(ground.unit, [PathSpec(kind: .exists, path: deep)], makesDirectory: nil, looks: false) == nil,
      "what is missing costs nothing")
    let why = kernel.watchPaths(
      ground.unit, [PathSpec(kind: .exists, path: Bytes("/tmp")), PathSpec(kind: .changed, path: deep)], makesDirectory: 0o755, looks: true)
    ground.bench.check(why?.shown.contains("cannot be watched: no space left on device: too many paths") == true, "\(why?.shown ?? "-")")
    ground.bench.check(traffic(ground.bench, for: 0.05) == [], "of a refused .path nothing is watched")
    ground.bench.check(
      kernel.watchPaths(ground.unit, [PathSpec(kind: .exists, path: Bytes("no/slash"))], makesDirectory: nil, looks: true) != nil,
      "relative")
    let many = (0..<1100).map { PathSpec(kind: .exists, path: Bytes("\(ground.path("many"))/\($0)".utf8)) }
    ground.bench.check(kernel.watchPaths(ground.unit, many, makesDirectory: nil, looks: true) != nil, "too many")
    ground.make("many")
    for spec in many.prefix(100) { ground.write("many/" + spec.path.shown.split(separator: "/").last!) }
    ground.bench.check(kernel.watchPaths(ground.unit, Array(many.prefix(150)), makesDirectory: nil, looks: true) == nil, "many")
    let first = traffic(ground.bench, for: 5)
    let second = traffic(ground.bench, for: 5)
    ground.bench.check(
      first.count == 64 && second.count == 36 && !first.contains { second.contains($0) }, "\(first.count) + \(second.count)")
    kernel.unwatchPaths(ground.unit)
  }
}
#endif
