import CLinux
import Model

/// One place where the control socket may be (DESIGN section 8).
struct ControlCandidate: Equatable, Sendable {
  /// Who must own the folder for it to be believed.
  enum Trust: Sendable {
    /// Named by the user: not checked, never made.
    case named
    /// Below /run: of root or of this user.
    case system
    /// Of this user alone, because anybody could have made it first.
    case own
  }

  var folder: Bytes
  var path: Bytes
  var trust: Trust
}

/// The addresses in their order, for server and client alike: `explicit` (`--control`, `APUS_CONTROL`) alone if it is
/// given; else /run/apus, $XDG_RUNTIME_DIR/apus, /dev/shm/apus-UID, /tmp/apus-UID. Never an abstract one.
func controlCandidates(explicit: Bytes?, runtimeFolder: Bytes?, userID: UInt32) -> [ControlCandidate] {
  if let explicit {
    let slash = explicit.lastIndex(of: 47)
    let folder = slash.map { $0 == 0 ? Bytes("/") : Bytes(explicit[..<$0]) } ?? Bytes(".")
    return [ControlCandidate(folder: folder, path: explicit, trust: .named)]
  }
  func candidate(_ folder: Bytes, _ trust: ControlCandidate.Trust) -> ControlCandidate {
    ControlCandidate(folder: folder, path: folder + "/control.sock", trust: trust)
  }
  var candidates = [candidate(Bytes("/run/apus"), .system)]
  if let runtimeFolder, runtimeFolder.first == 47 { candidates.append(candidate(runtimeFolder + "/apus", .own)) }
  candidates.append(candidate("/dev/shm/apus-" + Bytes(decimal: userID), .own))
  candidates.append(candidate("/tmp/apus-" + Bytes(decimal: userID), .own))
  return candidates
}

/// The control socket, bound and listening, close-on-exec and non-blocking.
public struct ControlSocket: Equatable, Sendable {
  public var fd: Int32
  public var path: Bytes
}

/// Why there is no control socket. apus goes on without one and says `text` once.
public enum ControlBindError: Error, Equatable, Sendable {
  /// Another apus answers there; it keeps the address.
  case liveOwner(path: Bytes)
  /// No address could be had; each with its reason.
  case unavailable(reasons: [Bytes])

  /// One line.
  public var text: Bytes {
    switch self {
    case .liveOwner(let path): return "no control socket: another apus answers at " + path
    case .unavailable(let reasons):
      var out = Bytes("no control socket")
      for (index, reason) in reasons.enumerated() {
        out += index == 0 ? ": " : "; "
        out += reason
      }
      return out
    }
  }
}

/// Binds the control socket at the first address that can be had (DESIGN section 8). Mode 0600, or 0660 of `groupID`.
///
/// A live owner (somebody accepts connections there) is kept. A stale socket is replaced, under a lock of the folder, so
/// that two that start at once do not unlink each other's. What is there and is no socket is never removed.
public func bindControlSocket(explicit: Bytes?, runtimeFolder: Bytes?, groupID: UInt32?) -> Result<ControlSocket, ControlBindError> {
  bindControlSocket(controlCandidates(explicit: explicit, runtimeFolder: runtimeFolder, userID: geteuid()), groupID: groupID)
}

/// Removes the name of a socket that this process bound, at its end.
public func removeControlSocket(_ socket: ControlSocket) {
  _ = control_unlink(terminated(socket.path))
}

func bindControlSocket(_ candidates: [ControlCandidate], groupID: UInt32?) -> Result<ControlSocket, ControlBindError> {
  var reasons: [Bytes] = []
  for candidate in candidates {
    switch bind(candidate, groupID: groupID) {
    case .bound(let fd): return .success(ControlSocket(fd: fd, path: candidate.path))
    case .live: return .failure(.liveOwner(path: candidate.path))
    case .refused(let reason): reasons.append(candidate.path + ": " + reason)
    }
  }
  return .failure(.unavailable(reasons: reasons))
}

private enum BindOutcome {
  case bound(Int32)
  case live
  case refused(Bytes)
}

private func bind(_ candidate: ControlCandidate, groupID: UInt32?) -> BindOutcome {
  var folder: Int32 = -1
  switch openFolder(candidate, makesIt: true) {
  case .failure(let refusal): return .refused(refusal.reason)
  case .success(let fd): folder = fd
  }
  defer { if folder >= 0 { _ = close(folder) } }
  if folder >= 0 {
    // Held for the moment between looking and listening only; a second apus in the same moment waits for it, bounded.
    var tries = 0
    while control_lock(folder) == -CONTROL_EAGAIN, tries < 50 {
      _ = control_poll(-1, 0, 10)
      tries += 1
    }
    if let groupID, candidate.trust == .own { _ = control_open_to_group(folder, groupID) }
  }
  if let outcome = clearAddress(candidate.path) { return outcome }
  let fd = control_socket()
  if fd < 0 { return .refused(controlErrorText(fd)) }
  let result = control_listen(fd, terminated(candidate.path), groupID.map(Int64.init) ?? -1)
  if result < 0 {
    _ = close(fd)
    // Bound but not to be opened to the group: a socket that nobody serves must not stay.
    if case .success(.stale) = probe(candidate.path) { _ = control_unlink(terminated(candidate.path)) }
    return .refused(controlErrorText(result))
  }
  return .bound(fd)
}

/// nil when the address is free, a stale socket having been removed.
private func clearAddress(_ path: Bytes) -> BindOutcome? {
  switch probe(path) {
  case .success(.absent): return nil
  case .success(.live(let fd)):
    _ = close(fd)
    return .live
  case .success(.stale):
    let result = control_unlink(terminated(path))
    return result < 0 && result != -CONTROL_ENOENT ? .refused(controlErrorText(result)) : nil
  case .failure(let refusal): return .refused(refusal.reason)
  }
}

/// Why an address is not used.
struct ControlRefusal: Error {
  var reason: Bytes
}

enum ControlProbe {
  case absent
  /// A socket that nobody accepts at.
  case stale
  /// Connected.
  case live(Int32)
}

/// Whether somebody accepts at a path. A full backlog is somebody.
func probe(_ path: Bytes) -> Result<ControlProbe, ControlRefusal> {
  var owner: UInt32 = 0
  var mode: UInt32 = 0
  let kind = control_stat(terminated(path), 0, &owner, &mode)
  if kind == -CONTROL_ENOENT { return .success(.absent) }
  if kind < 0 { return .failure(ControlRefusal(reason: controlErrorText(kind))) }
  if kind != CONTROL_SOCKET { return .failure(ControlRefusal(reason: Bytes("exists and is no socket"))) }
  let fd = control_socket()
  if fd < 0 { return .failure(ControlRefusal(reason: controlErrorText(fd))) }
  var result = control_connect(fd, terminated(path))
  var tries = 0
  while result == -CONTROL_EAGAIN, tries < 50 {
    _ = control_poll(-1, 0, 10)
    result = control_connect(fd, terminated(path))
    tries += 1
  }
  if result >= 0 { return .success(.live(fd)) }
  _ = close(fd)
  if result == -CONTROL_ENOENT { return .success(.absent) }
  if result == -CONTROL_ECONNREFUSED { return .success(.stale) }
  if result == -CONTROL_EAGAIN { return .failure(ControlRefusal(reason: Bytes("it accepts no further connection"))) }
  return .failure(ControlRefusal(reason: controlErrorText(result)))
}

/// The checked folder of a candidate as a descriptor; -1 for one that is named and cannot be read, which is no fault.
func openFolder(_ candidate: ControlCandidate, makesIt: Bool) -> Result<Int32, ControlRefusal> {
  if makesIt, candidate.trust != .named {
    // Below /run everybody may pass: the socket's own mode guards it.
    _ = control_mkdir(terminated(candidate.folder), candidate.trust == .system ? 0o755 : 0o700)
  }
  var owner: UInt32 = 0
  var mode: UInt32 = 0
  if candidate.trust == .named { return .success(max(-1, control_open_folder(terminated(candidate.folder), &owner, &mode))) }
  let fd = control_open_folder(terminated(candidate.folder), &owner, &mode)
  if fd < 0 { return .failure(ControlRefusal(reason: controlErrorText(fd))) }
  let user = geteuid()
  if owner != user && !(candidate.trust == .system && (owner == 0 || user == 0)) {
    _ = close(fd)
    return .failure(ControlRefusal(reason: "its folder belongs to user " + Bytes(decimal: owner)))
  }
  if mode & 0o022 != 0 {
    _ = close(fd)
    return .failure(ControlRefusal(reason: Bytes("others may write into its folder")))
  }
  return .success(fd)
}

/// The path with its NUL, for a system call. A path with a NUL inside is cut there and so found absent or refused.
func terminated(_ path: Bytes) -> Bytes { path + [0] }
