import Model
import Supervision

/// All armed deadlines, the earliest first; one of a key at a time. An indexed binary heap: arming, re-arming and
/// disarming cost O(log n), and nothing that was disarmed can wake apus.
struct DeadlineHeap {
  private struct Entry {
    var at: Instant
    var deadline: Deadline
  }

  private var heap: [Entry] = []
  private var place = Table<DeadlineKey, Int>()

  /// `.never` when nothing is armed.
  var next: Instant { heap.first?.at ?? .never }
  var count: Int { heap.count }

  mutating func arm(_ deadline: Deadline, at instant: Instant) {
    if instant == .never { return disarm(deadline.key) }
    if let index = place[deadline.key] {
      heap[index] = Entry(at: instant, deadline: deadline)
      settle(index)
    } else {
      place[deadline.key] = heap.count
      heap.append(Entry(at: instant, deadline: deadline))
      up(heap.count - 1)
    }
  }

  mutating func disarm(_ key: DeadlineKey) {
    guard let index = place[key] else { return }
    place[key] = nil
    let last = heap.removeLast()
    if index < heap.count {
      heap[index] = last
      place[last.deadline.key] = index
      settle(index)
    }
  }

  /// Takes the earliest one that is due.
  mutating func popDue(_ now: Instant) -> Deadline? {
    guard let first = heap.first, first.at <= now else { return nil }
    disarm(first.deadline.key)
    return first.deadline
  }

  private mutating func settle(_ index: Int) {
    up(index)
    down(index)
  }

  private mutating func up(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      if heap[parent].at <= heap[index].at { return }
      swap(index, parent)
      index = parent
    }
  }

  private mutating func down(_ start: Int) {
    var index = start
    while true {
      var smallest = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].at < heap[smallest].at { smallest = child }
      if smallest == index { return }
      swap(index, smallest)
      index = smallest
    }
  }

  private mutating func swap(_ a: Int, _ b: Int) {
    heap.swapAt(a, b)
    place[heap[a].deadline.key] = a
    place[heap[b].deadline.key] = b
  }
}
