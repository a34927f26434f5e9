import Model
import Supervision
import Testing

@testable import Runtime

/// apus's own helpers: 64 at once, the others in the order of their coming; each task is over exactly once, by its end, its
/// deadline, or because it could not be forked.
@Suite struct HelperTableTests {
  static func task(_ number: UInt32) -> HelperTable.Task { .clean(Invocation(unit: UnitID(0), number: number)) }

  static func number(_ task: HelperTable.Task) -> UInt32 {
    if case .clean(let invocation) = task { return invocation.number }
    return 0
  }

  static func table(waiting count: UInt32) -> HelperTable {
    var table = HelperTable()
    for number in 0..<count { table.waiting.append(HelperTable.Waiting(task: task(number), arguments: [])) }
    return table
  }

  static let zero = Instant(nanoseconds: 1_000_000_000)

  @Test func sixtyFourRunAtOnceAndTheOthersKeepTheirOrder() {
    var table = Self.table(waiting: 100)
    var started: [UInt32] = []
    while let next = table.next(now: Self.zero) {
      started.append(Self.number(next.task))
      table.started(Int32(1000 + started.count), next.task, now: Self.zero)
    }
    #expect(started == Array(0..<64))
    #expect(HelperTable.runningMax == 64)
    #expect(table.waiting.count == 36)
    #expect(table.unreported == 64)
    // With no place it wants to be called for deadlines only.
    #expect(table.wake(isRoom: true) == Self.zero + TimeSpan(seconds: 30))
    // Each end makes room for exactly the next one.
    for number in UInt32(64)..<100 {
      let ended = table.ended(Int32(1001 + number - 64))
      #expect(ended.map { Self.number($0.task) } == number - 64)
      #expect(table.wake(isRoom: true) <= Self.zero)
      #expect(table.wake(isRoom: false) == Self.zero + TimeSpan(seconds: 30))
      let next = table.next(now: Self.zero)
      #expect(next.map { Self.number($0.task) } == number)
      if let next { table.started(Int32(2000 + number), next.task, now: Self.zero) }
      let answer1 = table.next(now: Self.zero)
      #expect(answer1 == nil)
    }
    #expect(table.waiting.isEmpty)
    #expect(table.running.count == 64)
  }

  @Test func eachTaskHasItsOwnDeadlineAndIsGivenUpOnce() {
    var table = HelperTable()
    table.started(7, Self.task(1), now: Self.zero)
    table.started(8, .prepare(limit: TimeSpan(seconds: 5)), now: Self.zero)
    #expect(table.wake(isRoom: false) == Self.zero + TimeSpan(seconds: 5))
    let answer2 = table.overdue(now: Self.zero + TimeSpan(milliseconds: 4999))
    #expect(answer2 == nil)
    let answer3 = table.overdue(now: Self.zero + TimeSpan(seconds: 5))
    #expect(answer3?.pid == 8)
    // Given up, it is waited for no more, but it still has its place until it is reaped.
    let answer4 = table.overdue(now: Self.zero + TimeSpan(seconds: 6))
    #expect(answer4 == nil)
    #expect(table.wake(isRoom: false) == Self.zero + TimeSpan(seconds: 30))
    #expect(table.running.count == 2)
    let answer5 = table.overdue(now: Self.zero + TimeSpan(seconds: 30))
    #expect(answer5?.pid == 7)
    #expect(table.wake(isRoom: true) == .never)
    let late = table.ended(8)
    #expect(late?.isGivenUp == true)
    let answer6 = table.ended(8)
    #expect(answer6 == nil)
    let answer7 = table.ended(7)
    #expect(answer7?.isGivenUp == true)
    #expect(table.running.isEmpty)
  }

  @Test func oneThatCannotBeForkedIsTriedAgainAndThenFails() {
    var table = Self.table(waiting: 2)
    var now = Self.zero
    var tries = 0
    while let next = table.next(now: now), Self.number(next.task) == 0 {
      tries += 1
      if !table.failed(next, now: now) { break }
      // The next try comes after a pause, and before whoever came later.
      let answer8 = table.next(now: now)
      #expect(answer8 == nil)
      #expect(table.wake(isRoom: true) == now + HelperTable.retryPause)
      now = now + HelperTable.retryPause
    }
    #expect(tries == HelperTable.triesMax)
    let answer9 = table.next(now: now)
    #expect(answer9.map { Self.number($0.task) } == 1)
  }

  @Test func whatIsReportedIsReportedOnce() {
    var table = HelperTable()
    table.started(7, Self.task(1), now: Self.zero)
    table.started(8, Self.task(2), now: Self.zero)
    #expect(table.isUnreported(7))
    table.markReported(7)
    #expect(!table.isUnreported(7))
    #expect(table.unreported == 1)
    let answer10 = table.ended(7)
    #expect(answer10?.isReported == true)
    #expect(!table.isUnreported(7))
    let answer11 = table.ended(99)
    #expect(answer11 == nil)
    #expect(table.unreported == 1)
  }
}
