import Calendar
import Model

/// One entry of a crontab: what it runs, when, and the world that the lines above it made. A class: sources of units hold it,
/// and those are copied.
public final class CrontabJob: Sendable {
  /// `crontab-WORD-HASH.service`: of the entry's schedule, user and command, so that lines above it may come and go.
  public let name: UnitName
  /// Of the crontab.
  let path: Bytes
  /// From 1; and where the fields stand in it, from 1.
  let position: Position
  /// nil: `@reboot`.
  let schedule: CalendarSpec?
  let entry: CrontabEntry
  let world: CrontabWorld

  init(name: UnitName, path: Bytes, position: Position, schedule: CalendarSpec?, entry: CrontabEntry, world: CrontabWorld) {
    self.name = name
    self.path = path
    self.position = position
    self.schedule = schedule
    self.entry = entry
    self.world = world
  }
}

/// What the environment lines above an entry say.
struct CrontabWorld: Sendable {
  /// `NAME=value` each, in the order of the lines; each name once.
  var environment: [Bytes] = []
  /// `SHELL=`
  var shell = Bytes("/bin/sh")
  /// `HOME=`; empty: the user's.
  var home: Bytes = []
  /// `CRON_TZ=`; nil: the default zone.
  var zone: ZoneReference?
  /// `RANDOM_DELAY=`
  var randomDelay = TimeSpan.zero

  /// A later line takes the place of an earlier one.
  mutating func set(_ name: Bytes, _ value: Bytes) {
    let entry = name + "=" + value
    for index in environment.indices where environment[index].count > name.count && environment[index][name.count] == 61 {
      if environment[index].starts(with: name) {
        environment[index] = entry
        return
      }
    }
    environment.append(entry)
  }
}

extension UnitParser {
  /// The entry as the settings of an ordinary job, which drop-ins may change (DESIGN section 2).
  func apply(_ job: CrontabJob) {
    let entry = job.entry
    unit.description = entry.expression + " " + entry.command.quotable
    service.type = .oneshot
    written.type = job.position
    var command = ExecCommand(path: job.world.shell, arguments: [job.world.shell, Bytes("-c"), entry.command])
    command.noExpansion = true
    service.start = [command]
    exec.user = entry.user
    // As cron: USER, LOGNAME and HOME are the user's own, whoever that is, and lines of the crontab come after them.
    exec.setLoginEnvironment = true
    exec.environment = ["SHELL=" + job.world.shell] + job.world.environment
    // Images often lack the home folder that /etc/passwd names, and few jobs need it.
    exec.workingDirectory = job.world.home.isEmpty ? Bytes("~") : job.world.home
    exec.workingDirectoryOptional = true
    if let input = entry.input {
      exec.standardInput = .data
      exec.standardInputData = input
    }
    applySchedule(of: job)
  }

  private func applySchedule(of job: CrontabJob) {
    guard let schedule = job.schedule else {
      service.schedule.triggers = [.reboot]
      return
    }
    service.schedule.triggers = [.calendar(schedule, text: job.entry.expression)]
    // As cron has it, the whole schedule is put off: with a draw for each slot the next ones would be passed over meanwhile.
    service.schedule.randomizedOffset = job.world.randomDelay
    if let zone = job.world.zone { zones.append(zone) }
    if schedule.next(after: WallTime(microseconds: -1), in: .utc) == nil {
      written.neverElapses.append((job.position, job.entry.expression))
    }
  }
}
