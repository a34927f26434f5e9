#if !EMBEDDED
import Model

/// What the world will do, and when: a binary heap ordered by time, then by the order of entry, so that equal times are no
/// source of chance.
struct Agenda {
  struct Entry {
    var at: Int64
    var order: UInt64
    var act: Act
  }

  private var heap: [Entry] = []
  private var entered: UInt64 = 0

  var isEmpty: Bool { heap.isEmpty }
  /// The time of the first entry, nanoseconds.
  var next: Int64? { heap.first?.at }

  private static func precedes(_ left: Entry, _ right: Entry) -> Bool {
    left.at != right.at ? left.at < right.at : left.order < right.order
  }

  mutating func add(_ act: Act, at time: Int64) {
    entered += 1
    heap.append(Entry(at: time, order: entered, act: act))
    var index = heap.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard Agenda.precedes(heap[index], heap[parent]) else { break }
      heap.swapAt(index, parent)
      index = parent
    }
  }

  mutating func removeFirst() -> Act {
    let act = heap[0].act
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      var index = 0
      while true {
        var least = index
        for child in [2 * index + 1, 2 * index + 2] where child < heap.count && Agenda.precedes(heap[child], heap[least]) {
          least = child
        }
        if least == index { break }
        heap.swapAt(index, least)
        index = least
      }
    }
    return act
  }
}

/// One thing the world does by itself.
enum Act {
  case process(UInt64, Step)
  /// The next move of a control client.
  case client(UInt32)
  /// The scenario's next intervention (a signal, a request, a changed file, a clock step).
  case intervention
  /// The other end of a descriptor that apus holds goes.
  case hangUp(DescriptorID)
  /// Somebody comes to a listener.
  case traffic(DescriptorID)
  /// A connection that a service has taken.
  case connectionEnds(DescriptorID, UInt64)
  /// Something happens at what a `.path` waits for.
  case pathEvent(UnitID)
  case fileGoes(Bytes)
}

/// One move of a virtual process.
enum Step: Equatable {
  /// The end of the time between clone and exec.
  case exec
  /// Its life is over by itself.
  case end
  /// It makes one daemon.
  case daemon
  /// The fork bomb makes one more of itself.
  case multiply
  /// Who stopped it from outside continues it.
  case wake
  /// It sends this datagram.
  case say(String)
  /// It sends something, right or wrong, and so often again.
  case chat(Int)
  /// It feeds the watchdog, and will again.
  case feed
  /// It stores descriptors with apus.
  case store(Int)
  /// A daemon's parent makes the process that stays, and ends some time later.
  case forkMain
  /// It writes its pid into a file.
  case writePID(Bytes)
  /// It writes the line of ReadyFd=.
  case readyLine
  /// It takes what waits at its listeners.
  case serve
  /// A signal's effect is there: it is gone now.
  case die(ExitStatus)
}
#endif
