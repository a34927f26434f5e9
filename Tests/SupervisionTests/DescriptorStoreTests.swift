import Model
import Testing

@testable import Supervision

/// FDSTORE=1 and what becomes of it (units.md c.7).
@Suite struct DescriptorStoreTests {
  // MARK: Descriptor store

  @Test func descriptorsAreKeptUpToTheMaximumAndPassedOn() {
    var world = NotifyTests.running {
      $0.fileDescriptorStoreMax = 3
      $0.restart = .always
      $0.nonBlocking = true
    }
    world.notify("a.service", descriptors: [1, 2]) {
      $0.storesDescriptors = true; $0.descriptorName = Bytes("x")
    }
    world.notify("a.service", descriptors: [2]) {
      $0.storesDescriptors = true; $0.descriptorName = Bytes("again")
    }
    world.notify("a.service", descriptors: [3, 4]) {
      $0.storesDescriptors = true; $0.pollsDescriptors = false
    }
    #expect(world.closed == [DescriptorID(4)])
    #expect(world.watched == [DescriptorID(1), DescriptorID(2)])
    #expect(world.messages.contains { $0.contains("1 descriptors not stored: FileDescriptorStoreMax=3") })
    world.end("a.service")
    world.advance(TimeSpan(seconds: 1))
    // The newest first, as systemd passes them.
    #expect(world.spawns.last?.descriptors.map { $0.id.number } == [3, 2, 1])
    #expect(world.spawns.last?.descriptors.map { $0.name.shown } == ["stored", "x", "x"])
    #expect(world.spawns.last?.nonBlocking == true)
    #expect(world.spawns.last?.environment.contains(Bytes("FDSTORE=3")) == true)
    world.notify("a.service") {
      $0.removesDescriptors = true; $0.descriptorName = Bytes("x")
    }
    #expect(world.record("a.service")?.service.store.map { $0.id.number } == [3])
    guard let unit = world.manager.find(Bytes("a.service")) else { return }
    world.send(.descriptorHungUp(unit, DescriptorID(1)))
    world.send(.descriptorHungUp(unit, DescriptorID(3)))
    #expect(world.record("a.service")?.service.store.isEmpty == true)
    #expect(world.closed.map { $0.number } == [4, 2, 1, 3])
  }

  /// One open file is kept once, with the name and FDPOLL= it came with first; also in a full store.
  @Test func whatIsThereAlreadyIsNotStoredTwice() {
    var world = NotifyTests.running {
      $0.fileDescriptorStoreMax = 2; $0.restart = .always
    }
    world.notify("a.service", descriptors: [1, 2], same: [2: 1]) {
      $0.storesDescriptors = true; $0.descriptorName = Bytes("first"); $0.pollsDescriptors = false
    }
    world.notify("a.service", descriptors: [3, 4], same: [3: 1]) {
      $0.storesDescriptors = true; $0.descriptorName = Bytes("second")
    }
    world.notify("a.service", descriptors: [5], same: [5: 4]) { $0.storesDescriptors = true }
    #expect(world.closed.map { $0.number } == [2, 3, 5])
    #expect(world.watched == [DescriptorID(4)])
    #expect(world.record("a.service")?.service.store.map { $0.id.number } == [4, 1])
    #expect(world.record("a.service")?.service.store.map { $0.name.shown } == ["second", "first"])
    #expect(!world.messages.contains { $0.contains("not stored") })
    // Removed and stored anew by one message: it has its new name, and is there once.
    world.notify("a.service", descriptors: [6, 7], same: [6: 1, 7: 1]) {
      $0.storesDescriptors = true; $0.removesDescriptors = true; $0.descriptorName = Bytes("first")
    }
    #expect(world.record("a.service")?.service.store.map { $0.id.number } == [6, 4])
    #expect(world.closed.map { $0.number } == [2, 3, 5, 1, 7])
  }

  @Test func withoutAStoreDescriptorsAreClosed() {
    var world = NotifyTests.running()
    world.notify("a.service", descriptors: [1]) { $0.storesDescriptors = true }
    #expect(world.closed == [DescriptorID(1)])
  }

  /// Over a stop by request, a restart job and an automatic restart.
  //                                  stop   restart  automatic
  static let preservation: [(Preservation, [Bool])] = [
    (.no, [false, false, false]), (.restart, [false, true, true]), (.yes, [true, true, true]),
  ]

  @Test(arguments: preservation.indices) func whatTheStoreOutlives(row: Int) {
    let (preserve, cells) = Self.preservation[row]
    for (way, isKept) in cells.enumerated() {
      var world = NotifyTests.running {
        $0.fileDescriptorStoreMax = 3
        $0.fileDescriptorStorePreserve = preserve
        $0.restart = .always
      }
      world.notify("a.service", descriptors: [1]) { $0.storesDescriptors = true }
      switch way {
      case 0: _ = world.job(.stop, "a.service")
      case 1: _ = world.job(.restart, "a.service")
      default: world.end("a.service")
      }
      #expect(world.record("a.service")?.service.store.isEmpty == !isKept, "\(preserve.name) × \(way)")
      #expect(world.closed.isEmpty == isKept)
    }
  }

  @Test func aStopInTheBackoffDropsTheStore() {
    var world = NotifyTests.running {
      $0.fileDescriptorStoreMax = 3; $0.restart = .always
    }
    world.notify("a.service", descriptors: [1]) { $0.storesDescriptors = true }
    world.end("a.service")
    #expect(world.closed.isEmpty)
    _ = world.job(.stop, "a.service")
    #expect(world.closed == [DescriptorID(1)])
  }

  @Test func aForgottenUnitLeavesNothingOpen() {
    let units = [
      ServiceTypeTests.notifyService(.notify) {
        $0.fileDescriptorStoreMax = 3
        $0.fileDescriptorStorePreserve = .yes
      }, service("b"),
    ]
    var world = World(units, starting: ["a.service", "b.service"], options: staying())
    world.notify("a.service") { $0.isReady = true }
    world.notify("a.service", descriptors: [1]) { $0.storesDescriptors = true }
    world.send(.loaded(.applyBySignal, LoadedUnits(units: [units[1]], diagnostics: [], starting: [name("b.service")])))
    #expect(world.record("a.service") == nil)
    #expect(world.closed == [DescriptorID(1)])
  }

  @Test func aDatagramForNobodyLeavesNothingOpen() {
    var world = World([service("a"), Unit(name: name("t.target"), kind: .target)], starting: ["a.service"])
    world.send(
      .notified(
        UnitID(77), NotifyMessage(), NotifySender(pid: 5, uid: 0, run: 1), descriptors: [OfferedDescriptor(DescriptorID(1))]))
    world.send(
      .notified(UnitID(1), NotifyMessage(), NotifySender(pid: 5, uid: 0, run: 1), descriptors: [OfferedDescriptor(DescriptorID(2))])
    )
    #expect(world.closed.map { $0.number } == [1, 2])
  }
}
