import CLinux
import Model

/// One direction of a relayed connection: from a socket through a pipe into another socket, without a copy (splice). The pipe, 64 KiB,
/// is all that is ever kept of it: when it is full, nothing is read until the other side takes something.
final class RelayFlow {
  /// Turns of one visit, so that one fast connection does not keep the others waiting: at most 1 MiB.
  static let roundsMax = 16
  static let chunk: UInt64 = 65_536

  let source: Int32
  let sink: Int32
  private let pipeOut: Int32
  private let pipeIn: Int32
  private var buffered: Int64 = 0
  private var hasEnded = false
  /// All has been passed on, the end included, or nothing more can be.
  private(set) var isDone = false
  /// The source broke off: what it sent is passed on, but not as if it were all.
  private(set) var isCutOff = false
  /// The sink takes nothing more.
  private(set) var isRefused = false

  /// nil: there is no pipe to be had.
  init?(from source: Int32, to sink: Int32) {
    var out: Int32 = -1
    var into: Int32 = -1
    if apus_pipe(&out, &into) < 0 { return nil }
    self.source = source
    self.sink = sink
    pipeOut = out
    pipeIn = into
  }

  func close() {
    _ = apus_close(pipeOut)
    _ = apus_close(pipeIn)
  }

  /// Moves what can be moved; true: there may be more at once. Otherwise an edge of one of the two sockets is yet to come: either the
  /// source has nothing, or the sink takes nothing while the pipe is full.
  func pump() -> Bool {
    for _ in 0..<RelayFlow.roundsMax {
      if isDone { return false }
      var hasMoved = false
      if !hasEnded {
        let count = relay_splice(source, pipeIn, RelayFlow.chunk)
        if count > 0 {
          buffered += count
          hasMoved = true
        } else if count == 0 {
          hasEnded = true
        } else if !isTemporary(count) {
          hasEnded = true
          isCutOff = true
        }
      }
      if buffered > 0 {
        let count = relay_splice(pipeOut, sink, UInt64(buffered))
        if count > 0 {
          buffered -= count
          hasMoved = true
        } else if count < 0, !isTemporary(count) {
          isRefused = true
          isDone = true
          return false
        }
      }
      if hasEnded, buffered == 0 {
        if !isCutOff { _ = relay_end_writing(sink) }
        isDone = true
        return false
      }
      if !hasMoved { return false }
    }
    return true
  }

  private func isTemporary(_ result: Int64) -> Bool { result == -Int64(Errno.EAGAIN) || result == -Int64(Errno.EINTR) }
}
