import Model
import Supervision

/// Stamps that wait to be read or written by a helper: a disk may hang, and fsync takes its time.
struct StampQueue {
  struct Item: Equatable {
    var unit: UnitID
    var name: Bytes
    /// nil: it is read.
    var at: WallTime?
  }

  /// By one helper; their answers fit into the smallest pipe there is.
  static let batchMax = 128
  /// One helper at a time, so that a later stamp is written later.
  var isUnderWay = false
  private(set) var items: [Item] = []

  /// A stamp that was not written yet is overtaken by a later one: there is at most one of each unit and kind.
  mutating func add(_ item: Item) {
    if let index = items.firstIndex(where: { $0.unit == item.unit && ($0.at == nil) == (item.at == nil) }) {
      items[index] = item
    } else {
      items.append(item)
    }
  }

  var areWaiting: Bool { !isUnderWay && !items.isEmpty }
  var isIdle: Bool { !isUnderWay && items.isEmpty }

  mutating func takeBatch() -> [Item] {
    let batch = Array(items.prefix(StampQueue.batchMax))
    items.removeFirst(batch.count)
    return batch
  }
}

extension Supervisor {
  /// Hands what waits to a helper.
  mutating func continueStamps() {
    if !stamps.areWaiting { return }
    stamps.isUnderWay = true
    let batch = stamps.takeBatch()
    var arguments = [Bytes("stamps"), Bytes(Stamps.folder)]
    for item in batch { arguments += [item.at.map { Bytes(decimal: $0.microseconds) } ?? Bytes("?"), Stamps.name(item.name)] }
    start(.stamps(batch), arguments)
  }

  /// A stamp that was lost with the sweep would have its slot run again after the next start.
  mutating func beginFinalSweep() {
    guard let latest = sweepBy, stamps.isIdle || latest <= now.instant else { return }
    sweepBy = nil
    sweeper.finalSweep(now: now.instant, &kernel)
  }

  /// One line for each: the stamp's microseconds, `made`, `ok`, or what went wrong.
  mutating func stampsEnded(_ batch: [StampQueue.Item], _ output: Bytes, failure: Bytes?) {
    stamps.isUnderWay = false
    let lines = output.pieces(separatedBy: 10)
    for (index, item) in batch.enumerated() {
      let outcome: StampOutcome
      if index >= lines.count {
        outcome = .failed(failure ?? Bytes("the helper broke off"))
      } else if lines[index] == "ok" {
        continue
      } else if lines[index] == "made" {
        outcome = .made
      } else if let time = lines[index].unsignedDecimal, time <= UInt64(Int64.max) {
        outcome = .at(WallTime(microseconds: Int64(time)))
      } else {
        outcome = .failed(lines[index])
      }
      pending.append(.stamp(item.unit, outcome))
    }
  }
}
