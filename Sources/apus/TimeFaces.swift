import Calendar
import Model
import Runtime

/// What `calendar`, `timespan` and `timestamp` have in common: zones, the present, and where they say what is wrong.
final class TimeFace {
  let parsed: ParsedArguments
  let zones = ZoneFiles()
  /// The zone of what names none, and the one that is shown. UTC where neither is wanted.
  let local: TimeZone
  let now: WallTime
  let base: WallTime
  let iterations: Int
  /// The one operand is `-`.
  let readsLines: Bool
  var isJSON: Bool { parsed.values.has(.json) }

  init(_ parsed: ParsedArguments, _ process: ProcessArguments) throws(ArgumentError) {
    self.parsed = parsed
    now = WallTime(microseconds: wallClock())
    // Lines name their zones themselves, and spans have none: no reason to refuse where the local time is unknown.
    readsLines = parsed.operands.count == 1 && parsed.operands[0] == "-"
    let isWanted = parsed.values.value(.baseTime) != nil || parsed.face != .timespan && !readsLines
    local = isWanted ? try TimeFace.zone(parsed, process, zones) : .utc
    let count = parsed.values.value(.iterations) ?? Bytes("1")
    guard let iterations = count.unsignedDecimal else { throw .usage(filled("--iterations is no number: %", count), parsed.verb) }
    self.iterations = Int(clamping: iterations)
    guard let text = parsed.values.value(.baseTime) else {
      base = now
      return
    }
    do throws(ScheduleError) {
      base = WallTime(microseconds: Int64(clamping: try TimestampParser(now: now, zone: local, find: zones.find).parse(text)))
    } catch {
      throw .usage("--base-time: " + error.text, parsed.verb)
    }
  }

  private static func zone(
    _ parsed: ParsedArguments, _ process: ProcessArguments, _ zones: ZoneFiles
  ) throws(ArgumentError) -> TimeZone {
    if let name = parsed.values.value(.timezone) {
      if let zone = zones.manager(name) { return zone }
      throw .usage("--timezone: " + ScheduleError(unknownZone: name, column: 1).text, parsed.verb)
    }
    do throws(UnknownLocalZone) {
      return try ZoneFiles.local(process.environment)
    } catch {
      throw .usage("cannot tell the local time: " + error.text, parsed.verb)
    }
  }

  /// Whether the local clock is UTC's, so that it need not be said twice.
  private var showsUTC: Bool {
    local.types.allSatisfy { $0.offset == 0 && !$0.isDaylight } && local.rule?.daylight == nil
  }

  func timestamps(_ now: WallTime, _ zone: TimeZone) -> TimestampParser {
    TimestampParser(now: now, zone: zone, find: zones.find)
  }

  /// Calls for each operand, with an empty line between.
  func each(_ answer: (Bytes, inout Bytes) -> Bool) -> Int32 {
    var status = Status.success
    for (index, operand) in parsed.operands.enumerated() {
      var out = Bytes()
      if !answer(operand, &out) { status = Status.failure }
      if index + 1 < parsed.operands.count, !isJSON { out += "\n" }
      if !writeAll(out, to: 1) { return Status.failure }
    }
    return status
  }

  /// `column 2: this cannot stand here: write *:0/5`
  func shown(_ error: ScheduleError) -> Bytes { filled("column %: %", Bytes(decimal: error.column), error.text) }

  /// The zone that an expression is in: its own, or the manager's.
  func zone(of spec: CalendarSpec, written text: Bytes, in manager: TimeZone) throws(ScheduleError) -> TimeZone {
    if let name = CalendarParser.writtenZone(text), !spec.isCrontab {
      guard !CalendarParser.isAbbreviation(name, of: manager, at: now), let found = zones.find(name) else {
        throw CalendarParser.unknownZone(text, name)
      }
      if spec.zone == name { return found }
    }
    return spec.zone == nil ? manager : .utc
  }

  /// One line, its label right-aligned as systemd-analyze does.
  func append(_ label: StaticString, _ value: Bytes, to out: inout Bytes) { append(Bytes(label), value, width: 15, to: &out) }

  func append(_ label: Bytes, _ value: Bytes, width: Int, to out: inout Bytes) {
    out += labelled(label, value, width: width)
  }

  /// A point in time on the clock here, in UTC, and how far off it is.
  func append(_ label: Bytes, _ time: WallTime, to out: inout Bytes, seconds: Bytes? = nil) {
    append(label, formatTimestamp(time, in: local), width: 15, to: &out)
    if !showsUTC { append("(in UTC)", formatTimestamp(time, in: .utc), to: &out) }
    if let seconds { append("UNIX seconds", seconds, to: &out) }
    append("From now", formatRelative(time, from: WallTime(microseconds: wallClock())), to: &out)
  }
}

/// `apus calendar`: systemd-analyze calendar, for crontab expressions, too.
func calendarFace(_ parsed: ParsedArguments, _ process: ProcessArguments) throws(ArgumentError) -> Int32 {
  let face = try TimeFace(parsed, process)
  if face.readsLines { return face.answerLines(face.answerCalendar) }
  return face.each { text, out in
    let isCrontab = CrontabParser.looksLikeCrontab(text)
    if face.isJSON {
      return face.answerSchedule(text, isCrontab: isCrontab, face.local, after: face.base, face.iterations, &out)
    }
    do throws(ScheduleError) {
      let spec = try isCrontab ? CrontabParser.parse(text) : CalendarParser.parse(text)
      let zone = try face.zone(of: spec, written: text, in: face.local)
      let normal = spec.normalized
      if spec.isCrontab {
        face.append("Crontab form", text, to: &out)
      } else {
        if normal != text { face.append("Original form", text, to: &out) }
        face.append("Normalized form", normal, to: &out)
      }
      var at = face.base
      for index in 0..<face.iterations {
        guard let next = spec.next(after: at, in: zone) else {
          if index == 0 { face.append("Next elapse", Bytes("never"), to: &out) }
          break
        }
        face.append(index == 0 ? Bytes("Next elapse") : Model.text("Iter. #\(index + 1)"), next, to: &out)
        at = next
        // Many iterations are not held in memory.
        if out.count > 65_536 {
          if !writeAll(out, to: 1) { return false }
          out = []
        }
      }
      return true
    } catch {
      writeAll(filled("Failed to parse calendar specification '%': %\n", text, face.shown(error)), to: 2)
      return false
    }
  }
}

/// `apus timespan`: systemd-analyze timespan.
func timespanFace(_ parsed: ParsedArguments, _ process: ProcessArguments) throws(ArgumentError) -> Int32 {
  let face = try TimeFace(parsed, process)
  if face.readsLines { return face.answerLines(face.answerTimeSpan) }
  return face.each { text, out in
    switch parseTimeSpan(text) {
    case .success(let span):
      face.append(Bytes("Original"), text, width: 8, to: &out)
      face.append(Bytes("      \u{3BC}s"), Bytes(decimal: span.microseconds), width: 8, to: &out)
      face.append(Bytes("Human"), formatTimeSpan(span), width: 8, to: &out)
      return true
    case .failure(let error):
      let place = Bytes(decimal: error.column)
      writeAll(filled("Failed to parse time span '%': column %: %\n", text, place, Bytes(error.name)), to: 2)
      return false
    }
  }
}

/// `apus timestamp`: systemd-analyze timestamp.
func timestampFace(_ parsed: ParsedArguments, _ process: ProcessArguments) throws(ArgumentError) -> Int32 {
  let face = try TimeFace(parsed, process)
  if face.readsLines { return face.answerLines(face.answerTimestamp) }
  return face.each { text, out in
    do throws(ScheduleError) {
      let time = try face.timestamps(face.base, face.local).parse(text)
      var seconds = Model.text("@\(time / 1_000_000)")
      if time % 1_000_000 != 0 {
        seconds.append(46)
        let digits = Bytes(decimal: time % 1_000_000)
        seconds += Bytes(repeating: 48, count: 6 - digits.count) + digits
      }
      face.append("Original form", text, to: &out)
      face.append(Bytes("Normalized form"), WallTime(microseconds: Int64(clamping: time)), to: &out, seconds: seconds)
      return true
    } catch {
      writeAll(filled("Failed to parse \"%\": %\n", text, face.shown(error)), to: 2)
      return false
    }
  }
}
