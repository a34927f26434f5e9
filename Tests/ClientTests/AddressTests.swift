import Foundation
import Glibc
import Model
import Testing

@testable import Linux

private func candidate(_ folder: String, _ trust: ControlCandidate.Trust = .own) -> ControlCandidate {
  ControlCandidate(folder: bytes(folder), path: bytes(folder + "/control.sock"), trust: trust)
}

private func mode(_ path: String) -> mode_t {
  var found = stat()
  return lstat(path, &found) == 0 ? found.st_mode & 0o7777 : 0
}

@Suite struct AddressTests {
  @Test func orderOfAddresses() {
    func paths(explicit: String? = nil, runtime: String? = nil, user: UInt32 = 1000) -> [String] {
      controlCandidates(explicit: explicit.map(bytes), runtimeFolder: runtime.map(bytes), userID: user).map(\.path.shown)
    }
    let usual = ["/run/apus/control.sock", "/dev/shm/apus-1000/control.sock", "/tmp/apus-1000/control.sock"]
    #expect(paths() == usual)
    #expect(paths(runtime: "/run/user/1000") == [usual[0], "/run/user/1000/apus/control.sock", usual[1], usual[2]])
    #expect(paths(runtime: "relative") == usual)
    #expect(paths(runtime: "") == usual)
    #expect(paths(explicit: "/x/y", runtime: "/run/user/1000") == ["/x/y"])
    #expect(controlCandidates(explicit: bytes("y"), runtimeFolder: nil, userID: 0).map(\.folder.shown) == ["."])
    #expect(controlCandidates(explicit: bytes("/y"), runtimeFolder: nil, userID: 0).map(\.folder.shown) == ["/"])
  }

  @Test func makesItsFolderAndSocketPrivate() throws {
    let folder = Folder()
    let socket = try bindControlSocket([candidate(folder.path + "/apus")], groupID: nil).get()
    defer { close(socket.fd) }
    #expect(mode(folder.path + "/apus") == 0o700)
    #expect(mode(socket.path.shown) == 0o600)
    #expect(fcntl(socket.fd, F_GETFD) & FD_CLOEXEC != 0)
    #expect(fcntl(socket.fd, F_GETFL) & O_NONBLOCK != 0)
    let connection = try ControlConnection.connect([candidate(folder.path + "/apus")]).get()
    connection.close()
    removeControlSocket(socket)
    #expect(access(socket.path.shown, F_OK) != 0)
  }

  @Test func opensToAGroup() throws {
    let folder = Folder()
    let socket = try bindControlSocket([candidate(folder.path + "/apus")], groupID: getgid()).get()
    defer { close(socket.fd) }
    #expect(mode(folder.path + "/apus") == 0o710)
    #expect(mode(socket.path.shown) == 0o660)
  }

  @Test func keepsALiveOwner() throws {
    let folder = Folder()
    let first = candidate(folder.path + "/a")
    let second = candidate(folder.path + "/b")
    let owner = try bindControlSocket([first], groupID: nil).get()
    defer { close(owner.fd) }
    // The newcomer does not go on to the next address: clients would find the first one only.
    #expect(bindControlSocket([first, second], groupID: nil) == .failure(.liveOwner(path: first.path)))
    #expect(access(second.path.shown, F_OK) != 0)
    (try ControlConnection.connect([first]).get()).close()
  }

  @Test func replacesAStaleSocket() throws {
    let folder = Folder()
    let place = candidate(folder.path + "/a")
    let dead = try bindControlSocket([place], groupID: nil).get()
    close(dead.fd)
    #expect(access(dead.path.shown, F_OK) == 0)
    guard case .failure(.noServer(let tried)) = ControlConnection.connect([place]) else {
      Issue.record("connected to nobody")
      return
    }
    #expect(tried.map(\.shown) == [place.path.shown + ": nobody answers"])
    let alive = try bindControlSocket([place], groupID: nil).get()
    close(alive.fd)
  }

  @Test func neverRemovesWhatIsNoSocket() throws {
    let folder = Folder()
    for (name, make) in [
      ("file", { FileManager.default.createFile(atPath: $0, contents: Data("mine".utf8)) }),
      ("folder", { mkdir($0, 0o700) == 0 }),
      ("link", { symlink("/nowhere", $0) == 0 }),
    ] as [(String, (String) -> Bool)] {
      let place = candidate(folder.path + "/" + name)
      mkdir(place.folder.shown, 0o700)
      #expect(make(place.path.shown))
      #expect(
        bindControlSocket([place], groupID: nil) == .failure(.unavailable(reasons: [place.path + bytes(": exists and is no socket")])))
      var found = stat()
      #expect(lstat(place.path.shown, &found) == 0)
      guard case .failure = ControlConnection.connect([place]) else {
        Issue.record("connected to a \(name)")
        continue
      }
    }
  }

  @Test func goesOnToTheNextAddress() throws {
    let folder = Folder()
    #expect(FileManager.default.createFile(atPath: folder.path + "/file", contents: nil))
    mkdir(folder.path + "/real", 0o700)
    symlink(folder.path + "/real", folder.path + "/link")
    mkdir(folder.path + "/open", 0o700)
    chmod(folder.path + "/open", 0o777)
    let long = String(repeating: "x", count: 100)
    let places = ["file", "link", "open", long, "none/none", "good"].map { candidate(folder.path + "/" + $0) }
    let socket = try bindControlSocket(places, groupID: nil).get()
    defer { close(socket.fd) }
    #expect(socket.path == places[5].path)
    guard case .failure(.unavailable(let reasons)) = bindControlSocket(Array(places[..<5]), groupID: nil) else {
      Issue.record("bound at a bad place")
      return
    }
    let shown = reasons.map { $0.shown.components(separatedBy: "control.sock: ").last ?? "" }
    #expect(
      shown == [
        "not a directory", "not a directory", "others may write into its folder", "a socket's path may have 107 bytes",
        "no such file or directory",
      ])
    (try ControlConnection.connect(places).get()).close()
  }

  @Test func believesNoOtherUsersFolder() throws {
    guard geteuid() == 0 else { return }
    let folder = Folder()
    mkdir(folder.path + "/theirs", 0o700)
    chown(folder.path + "/theirs", 12345, 12345)
    let place = candidate(folder.path + "/theirs")
    let reason = place.path + bytes(": its folder belongs to user 12345")
    #expect(bindControlSocket([place], groupID: nil) == .failure(.unavailable(reasons: [reason])))
    let server = try listening(place.path.shown)
    defer { close(server) }
    guard case .failure(.noServer(let tried)) = ControlConnection.connect([place]) else {
      Issue.record("believed another user's folder")
      return
    }
    #expect(tried == [reason])
  }

  @Test func namedAddressIsTakenAsItIs() throws {
    let folder = Folder()
    chmod(folder.path, 0o777)
    let place = controlCandidates(explicit: bytes(folder.path + "/s"), runtimeFolder: nil, userID: 0)
    let socket = try bindControlSocket(place, groupID: nil).get()
    close(socket.fd)
    let missing = controlCandidates(explicit: bytes(folder.path + "/none/s"), runtimeFolder: nil, userID: 0)
    guard case .failure(let error) = bindControlSocket(missing, groupID: nil) else {
      Issue.record("bound without a folder")
      return
    }
    #expect(error.text.shown == "no control socket: \(folder.path)/none/s: no such file or directory")
  }

  /// Two that start at the same moment over a stale socket: one has it, the other finds a live owner.
  @Test func oneOfManyWins() async throws {
    for _ in 0..<20 {
      let folder = Folder()
      let place = candidate(folder.path + "/a")
      let dead = try bindControlSocket([place], groupID: nil).get()
      close(dead.fd)
      let results = await withTaskGroup(of: Result<ControlSocket, ControlBindError>.self) { group in
        for _ in 0..<4 { group.addTask { bindControlSocket([place], groupID: nil) } }
        return await group.reduce(into: []) { $0.append($1) }
      }
      let winners = results.compactMap { try? $0.get() }
      #expect(winners.count == 1, "\(results)")
      for winner in winners { close(winner.fd) }
    }
  }
}
