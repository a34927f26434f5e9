import Calendar
import Linux
import Model
import Runtime
import Supervision
import UnitFile
import Wire

/// Runs that are printed; a job of every second has more in a day.
private let planRunsMax = 100_000

/// Prints every run that the schedules would start, in order: `apus plan`. Reads and checks as `apus check` does.
func planFace(_ parsed: ParsedArguments, _ process: ProcessArguments) throws(ArgumentError) -> Int32 {
  let face = try TimeFace(parsed, process)
  var span = TimeSpan(seconds: 86_400)
  if let text = parsed.values.value(.forSpan) {
    guard case .success(let given) = parseTimeSpan(text), !given.isInfinite else {
      throw parsed.invalid(.forSpan, "is no time span (12h, 7d, 1month)")
    }
    span = given
  }
  guard var reading = Reading() else { return Status.software }
  let loaded = reading.read(parsed, process.environment)
  if loaded.hasErrors { return Status.badConfiguration }
  var seeds = ManagerOptions()
  Supervisor<LinuxKernel>.seedTimers(&seeds, &reading.kernel)
  let clock = TimerClock(
    Now(instant: .zero, wall: face.base), startedAt: .zero, zones: loaded.zones ?? TimeZones(local: face.local),
    hostSeed: seeds.hostSeed, machineSeed: seeds.machineSeed)
  return say(SchedulePlan(loaded, clock), until: face.base + span, face.local, isJSON: face.isJSON)
}

private func say(_ plan: SchedulePlan, until end: WallTime, _ zone: TimeZone, isJSON: Bool) -> Int32 {
  var plan = plan
  var count = 0
  var out = Bytes()
  while let run = plan.next(), run.at <= end {
    if count == planRunsMax {
      complain("there are more runs than %; ask for a shorter time: --for=SPAN", Bytes(decimal: planRunsMax))
      break
    }
    count += 1
    out += isJSON ? json(run, zone) : text(run, zone)
    if out.count > 1 << 16 {
      if !writeAll(out, to: 1) { return Status.failure }
      out = []
    }
  }
  return writeAll(out, to: 1) ? Status.success : Status.failure
}

/// `Sun 2026-03-29 03:30:00 +02:00  backup.service  Sun 03:30`
private func text(_ run: SchedulePlan.Run, _ zone: TimeZone) -> Bytes {
  let trigger = run.timer == run.unit ? run.trigger : filled("%: %", run.timer, run.trigger)
  return filled("%  %  %\n", formatTimestampWithOffset(run.at, in: zone), run.unit, trigger)
}

private func json(_ run: SchedulePlan.Run, _ zone: TimeZone) -> Bytes {
  var writer = JSONWriter()
  writer.beginObject()
  writer.key("time")
  writer.string(formatTimestampWithOffset(run.at, in: zone))
  writer.key("usec")
  writer.integer(run.at.microseconds)
  writer.key("unit")
  writer.string(run.unit)
  writer.key("timer")
  writer.string(run.timer)
  writer.key("trigger")
  writer.string(run.trigger)
  writer.endObject()
  return writer.bytes + "\n"
}
