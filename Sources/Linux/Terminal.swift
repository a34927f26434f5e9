import CLinux
import Model

/// The terminal whose foreground COMMAND gets (tini's way), if apus stands in it.
struct Terminal {
  /// Which of 0 to 2 it is; -1: none.
  private(set) var descriptor: Int32 = -1
  private(set) var wasHandedOver = false
  private var settings = Bytes(repeating: 0, count: 64)
  private var hasSettings = false

  /// The descriptor for COMMAND's child: only a foreground apus has something to hand over.
  var toHandOver: Int32 { descriptor }

  /// Looks for a controlling terminal in whose foreground apus is, and keeps its settings.
  mutating func find(ownGroup: Int32) {
    descriptor = -1
    for candidate: Int32 in 0...2 where apus_foreground(candidate) == ownGroup {
      descriptor = candidate
      hasSettings = apus_terminal_save(candidate, &settings) >= 0
      return
    }
  }

  mutating func handedOver(to group: Int32) {
    if descriptor >= 0 { wasHandedOver = true }
  }

  /// Settings and foreground as they were before COMMAND. SIGTTOU is blocked, so that a background group may do this.
  mutating func takeBack(ownGroup: Int32) {
    guard wasHandedOver else { return }
    wasHandedOver = false
    _ = apus_set_foreground(descriptor, ownGroup)
    if hasSettings { _ = apus_terminal_restore(descriptor, settings) }
  }
}

// MARK: COMMAND's terminal

extension LinuxKernel {
  /// COMMAND was stopped: stops with it and hands the terminal over again, or continues it.
  public func commandStopped(_ pid: Int32, _ signal: Signal, suspendSelf: Bool) {
    guard children[pid] != nil else { return }
    if suspendSelf && !isInit { suspend(command: pid) }
    _ = apus_kill(-pid, Signal.continue.number)
  }

  /// Gives the terminal back to the shell, stops as COMMAND did, and after `fg` hands it over again with COMMAND's settings;
  /// after `bg` the terminal stays the shell's.
  private func suspend(command pid: Int32) {
    let ownGroup = apus_getpgid(0)
    var settings = Bytes(repeating: 0, count: 64)
    let saved = terminal.descriptor >= 0 && apus_terminal_save(terminal.descriptor, &settings) >= 0
    terminal.takeBack(ownGroup: ownGroup)
    apus_stop_self()
    terminal.find(ownGroup: ownGroup)
    if terminal.descriptor < 0 { return }
    if saved { _ = apus_terminal_restore(terminal.descriptor, settings) }
    if apus_set_foreground(terminal.descriptor, pid) >= 0 { terminal.handedOver(to: pid) }
  }

  /// Terminal settings and foreground as apus found them.
  public func takeTerminalBack() { terminal.takeBack(ownGroup: apus_getpgid(0)) }
}
