#if !EMBEDDED
/// How often the world misbehaves, per mille of the occasions unless said otherwise. Every kind is above zero in every
/// seed (DESIGN section 11); a seed makes some of them frequent.
public struct Faults: Sendable {
  /// `clone` fails once.
  var forkFails = 4
  /// Of the interventions: `clone` fails for up to a minute.
  var forkOutage = 4
  var readFails = 2
  /// exec takes seconds.
  var execLate = 8
  /// exec fails although the file is there, some of it after seconds.
  var execFails = 8
  /// A child that hangs between clone and exec for up to a minute.
  var execHangs = 2
  /// SIGKILL takes seconds.
  var slowDeath = 6
  /// `wait` names something that is not ready.
  var spurious = 8
  /// `wait` returns later than its deadline.
  var oversleep = 40
  /// A freed pid is the next one handed out.
  var pidReuse = 600
  /// Some process acts before its time, between two calls.
  var hurry = 150
  /// A pass over /proc is cut into slices.
  var slice = 250
  /// A client takes or gives only a part.
  var partial = 300
  /// A process of a service is killed from outside; of the interventions.
  var murder = 60

  /// There is no place for a notify socket.
  var noSocket = 4
  /// A datagram is longer than the bound.
  var truncated = 4
  /// A PID file cannot be believed.
  var pidFileRefused = 8
  /// kcmp(2) is refused.
  var compareRefused = 100
  /// A path cannot be watched.
  var noWatch = 8
  /// A helper hangs for a minute.
  var helperHangs = 4

  /// The first listener of a socket cannot be opened; those behind it four times as often.
  var listenFails = 15
  var optionRefused = 60
  /// Of the connections: EMFILE, and it lasts.
  var descriptorsShort = 8
  var connectionGone = 15
  /// ENOSPC or ENOMEM of epoll.
  var watchFails = 5
  /// EPERM of accept.
  var acceptForbidden = 3
  /// Of the arrivals.
  var listenerBreaks = 1
  var cannotCount = 15

  /// Nothing goes wrong by chance: for tests of the world itself.
  public static var none: Faults {
    var faults = Faults()
    faults.forkFails = 0
    faults.forkOutage = 0
    faults.readFails = 0
    faults.execLate = 0
    faults.execFails = 0
    faults.execHangs = 0
    faults.slowDeath = 0
    faults.spurious = 0
    faults.oversleep = 0
    faults.pidReuse = 0
    faults.hurry = 0
    faults.slice = 0
    faults.partial = 0
    faults.murder = 0
    faults.noSocket = 0
    faults.truncated = 0
    faults.pidFileRefused = 0
    faults.compareRefused = 0
    faults.noWatch = 0
    faults.helperHangs = 0
    faults.listenFails = 0
    faults.optionRefused = 0
    faults.descriptorsShort = 0
    faults.connectionGone = 0
    faults.watchFails = 0
    faults.acceptForbidden = 0
    faults.listenerBreaks = 0
    faults.cannotCount = 0
    return faults
  }

  init() {}

  public init(random: inout SeededRandom) {
    // A third of the kinds are made four times as frequent: swarm testing finds what an even mix hides.
    func swarm(_ rate: inout Int, _ most: Int) {
      if random.chance(perMille: 330) { rate = min(rate * 4, most) }
    }
    swarm(&forkFails, 100)
    if random.chance(perMille: 60) { forkFails = 250 }
    swarm(&forkOutage, 40)
    swarm(&readFails, 50)
    swarm(&execLate, 100)
    swarm(&execFails, 100)
    swarm(&execHangs, 20)
    swarm(&slowDeath, 100)
    swarm(&spurious, 100)
    swarm(&oversleep, 300)
    swarm(&pidReuse, 1000)
    swarm(&hurry, 700)
    swarm(&slice, 1000)
    swarm(&partial, 900)
    swarm(&murder, 200)
    swarm(&noSocket, 100)
    swarm(&truncated, 100)
    swarm(&pidFileRefused, 100)
    swarm(&compareRefused, 1000)
    swarm(&noWatch, 300)
    swarm(&helperHangs, 50)
    swarm(&listenFails, 100)
    swarm(&optionRefused, 300)
    swarm(&descriptorsShort, 50)
    swarm(&connectionGone, 200)
    swarm(&watchFails, 100)
    swarm(&acceptForbidden, 100)
    swarm(&listenerBreaks, 10)
    swarm(&cannotCount, 100)
  }
}
#endif
