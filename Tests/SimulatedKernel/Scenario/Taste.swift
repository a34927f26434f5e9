#if !EMBEDDED
/// What one seed's units and clients have much of (swarm testing: a seed of everything reaches less than many seeds of something).
struct Taste {
  /// More than half of the services are of this type.
  var type: String? = nil
  /// Services send many datagrams, of all sorts.
  var isChatty = false
  /// Long `DrainSec=`.
  var drains = false
  /// Health probes that fail.
  var isSick = false
  /// Commands that the kernel kills for want of memory.
  var isHungry = false
  /// Processes that outlive their stop.
  var isStubborn = false
  /// Sockets, and what they start.
  var listens = false
  var watchesPaths = false
  /// Clients reload, and reloads take long.
  var reloads = false

  static let types = ["simple", "exec", "oneshot", "notify", "notify-reload", "forking", "idle", "dbus"]

  init(_ random: inout SeededRandom) {
    if random.chance(perMille: 550) { type = random.pick(Taste.types) }
    isChatty = random.chance(perMille: 300)
    drains = random.chance(perMille: 250)
    isSick = random.chance(perMille: 250)
    isHungry = random.chance(perMille: 250)
    isStubborn = random.chance(perMille: 250)
    reloads = random.chance(perMille: 350)
    listens = random.chance(perMille: 450)
    watchesPaths = random.chance(perMille: 300)
  }
}
#endif
