/// Ends apus because its own logic is broken. `Linux` installs the writer at start, since the static build's traps
/// print nothing; the supervisor's SIGILL handler writes the obituary of what comes without this call.
public func invariant(_ message: StaticString) -> Never {
  invariantSink?(message)
  fatalError()
}

/// Written once, before the first turn, by the process's entry; there is one thread.
nonisolated(unsafe) public var invariantSink: ((StaticString) -> Void)? = nil
