import Model

// A read-only window on the manager for the simulator's checkers. Plain values, so that looking at every unit after every
// event costs little; nothing of it is linked into a program that does not look.

#if !hasFeature(Embedded)
/// Told of every cell of the service machine's table that is entered; for the simulator's coverage.
nonisolated(unsafe) package var visitedCell: ((ServiceType, ServiceState, ServiceMachine.Step) -> Void)? = nil
#endif

/// What became of one job in the event under way.
package struct JobNews: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    case queued
    /// It is answered for by another job of its unit from here on.
    case merged(into: UInt32)
    /// Nobody goes before it any more.
    case begun
    /// A restart's stop is over.
    case becameStart
    case ended(JobResult)
  }
  package var unit: UnitID
  package var id: UInt32
  package var type: JobType
  package var kind: Kind
}

extension Manager {
  mutating func tell(_ unit: UnitID, _ id: UInt32, _ type: JobType, _ kind: JobNews.Kind) {
    #if !hasFeature(Embedded)
    jobNews.append(JobNews(unit: unit, id: id, type: type, kind: kind))
    #endif
  }

  mutating func forgetJobNews() {
    #if !hasFeature(Embedded)
    jobNews.removeAll(keepingCapacity: true)
    #endif
  }
}

/// What the checkers compare between two events of one unit.
package struct UnitGlance: Equatable, Sendable {
  package var state: ServiceState
  package var active: ActiveState
  package var result: ServiceResult
  package var invocation: UInt32
  package var mainKey: ProcessKey?
  package var mainPID: Int32
  package var controlKey: ProcessKey?
  package var controlPID: Int32
  package var restarts: UInt32
  package var restartAt: Instant
  package var jobID: UInt32
  package var jobType: JobType?
  package var jobIsRunning: Bool
  package var jobIsAutoRestart: Bool
  package var isOn: Bool
  package var isRemoved: Bool
  /// Its job waits for the answer about its conditions.
  package var isChecking: Bool
  package var hasPending: Bool
  package var timerIsActive: Bool
  package var fireAt: Instant?
  package var runs: UInt64
  package var skipped: UInt64
  package var missed: UInt64
  package var calendarSlot: WallTime?
  package var calendarFireAt: WallTime?
  package var isQueued: Bool
  /// Index of the unit this is a parallel run of, or -1.
  package var parallelOf: Int32
  /// A state that lives by a process waits for something else: what a run before left, a PID file, a guess, other jobs.
  package var waitsWithoutProcess: Bool
}

extension Manager {
  package var unitCount: Int { records.count }

  package func glance(_ index: Int) -> UnitGlance {
    UnitGlance(
      state: records[index].service.state, active: records[index].activeState, result: records[index].service.result,
      invocation: records[index].service.invocation, mainKey: records[index].service.main?.key,
      mainPID: records[index].service.main?.pid ?? 0, controlKey: records[index].service.control?.key,
      controlPID: records[index].service.control?.pid ?? 0, restarts: records[index].service.restarts,
      restartAt: records[index].service.restartAt, jobID: records[index].job?.id ?? 0, jobType: records[index].job?.type,
      jobIsRunning: records[index].job?.isRunning ?? false, jobIsAutoRestart: records[index].job?.isAutoRestart ?? false,
      isOn: records[index].isOn, isRemoved: records[index].isRemoved, isChecking: records[index].checkNumber != 0,
      hasPending: records[index].hasPending,
      timerIsActive: records[index].timer?.isActive ?? false,
      fireAt: records[index].timer?.fireAt, runs: records[index].timer?.runs ?? 0, skipped: records[index].timer?.skipped ?? 0,
      missed: records[index].timer?.missed ?? 0, calendarSlot: records[index].timer?.calendarSlot,
      calendarFireAt: records[index].timer?.calendarFireAt,
      isQueued: records[index].timer?.isQueued ?? false, parallelOf: records[index].parallelOf?.index ?? -1,
      waitsWithoutProcess: records[index].service.waitsWithoutProcess)
  }

  package func unit(_ index: Int) -> Unit { records[index].unit }
  package func pendingUnit(_ index: Int) -> Unit? { records[index].pending }
  package func name(_ index: Int) -> Bytes { records[index].name }
  package func indexOfUnit(named name: Bytes) -> Int? { byName[name] }
  /// Resolved ordering: units this one is ordered after, and before.
  package func order(_ index: Int) -> (after: [UnitID], before: [UnitID]) { (records[index].edges[.after], records[index].edges[.before]) }
}

/// What the checkers see of a socket that was started.
package struct SocketGlance {
  package var descriptors: [DescriptorID]
  package var isPaused: Bool
  /// That are tried again later.
  package var failing: [DescriptorID]
  package var connections: UInt32
  /// Waiting for their source's tokens, and for their instance.
  package var held: [DescriptorID]
  package var waiting: [DescriptorID]
  package var waitingPeers: [SocketAddress]
}

extension Manager {
  package func socketGlance(_ index: Int) -> SocketGlance? {
    guard let book = records[index].socket else { return nil }
    return SocketGlance(
      descriptors: book.descriptors, isPaused: book.pausedUntil != nil, failing: book.failing, connections: book.connections,
      held: book.held.map { $0.connection.id }, waiting: book.unnamed.map { $0.connection.id },
      waitingPeers: book.unnamed.map { $0.connection.peer })
  }

  /// The socket of whose connections this is an instance; -1: it is none.
  package func instanceOf(_ index: Int) -> Int { Int(records[index].instanceOf?.index ?? -1) }

  /// The connection of a live instance.
  package func connection(_ index: Int) -> (id: DescriptorID?, peer: SocketAddress)? {
    records[index].connection.map { ($0.id, $0.peer) }
  }

  /// IdleStopSec= counts its connections.
  package func watchesIdle(_ index: Int) -> Bool { records[index].idle != nil }

  package func pathGlance(_ index: Int) -> (run: UInt32, isRunning: Bool, pausedUntil: Instant?)? {
    records[index].path.map { ($0.run, $0.isRunning, $0.pausedUntil) }
  }
}
