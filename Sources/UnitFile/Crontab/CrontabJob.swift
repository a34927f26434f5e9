import Calendar
import Model

/// One entry of a crontab: what it runs, when, and the world that the lines above it made.
public struct CrontabJob: Sendable {
  /// `crontab-WORD-HASH.service`: of the entry's schedule, user and command, so that lines above it may come and go.
  public var name: UnitName
  /// From 1.
  var line: Int
  /// The five fields or the macro, with single blanks.
  var expression: Bytes
  /// nil: `@reboot`.
  var schedule: CalendarSpec?
  /// Where it stands in the line, from 1.
  var column: Int
  /// Of a crontab with user fields; empty: apus's own.
  var user: Bytes
  /// What the shell gets, `%` and what follows left out.
  var command: Bytes
  /// What is behind `%`; nil: the standard input is empty.
  var input: Bytes?
  var world: CrontabWorld
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
    let position = Position(line: job.line, column: job.column)
    unit.description = job.expression + " " + job.command.quotable
    service.type = .oneshot
    written.type = position
    var command = ExecCommand(path: job.world.shell, arguments: [job.world.shell, Bytes("-c"), job.command])
    command.noExpansion = true
    service.start = [command]
    service.exec.user = job.user
    // As cron: USER, LOGNAME and HOME are the user's own, whoever that is, and lines of the crontab come after them.
    service.exec.setLoginEnvironment = true
    service.exec.environment = ["SHELL=" + job.world.shell] + job.world.environment
    // Images often lack the home folder that /etc/passwd names, and few jobs need it.
    service.exec.workingDirectory = job.world.home.isEmpty ? Bytes("~") : job.world.home
    service.exec.workingDirectoryOptional = true
    if let input = job.input {
      service.exec.standardInput = .data
      service.exec.standardInputData = input
    }
    applySchedule(of: job)
  }

  private func applySchedule(of job: CrontabJob) {
    guard let schedule = job.schedule else {
      service.schedule.triggers = [.reboot]
      return
    }
    service.schedule.triggers = [.calendar(schedule, text: job.expression)]
    service.schedule.randomizedDelay = job.world.randomDelay
    if let zone = job.world.zone { zones.append(zone) }
    if schedule.next(after: WallTime(microseconds: -1), in: .utc) == nil {
      written.neverElapses.append((Position(line: job.line, column: job.column), job.expression))
    }
  }
}
