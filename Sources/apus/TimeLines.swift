import CLinux
import Calendar
import Model
import Wire

// `apus calendar -` and its kin: a JSON object a line in, an answer a line out, for programs that have thousands of them.

extension TimeFace {
  /// Reads lines to the end of the input. What was answered is written before a read can wait, and in blocks.
  func answerLines(_ answer: (JSONValue, inout Bytes) -> Void) -> Int32 {
    let lines = LineReader()
    var out = Bytes()
    while let line = lines.next(&out) {
      if line.isEmpty, !lines.isTooLong { continue }
      if lines.isTooLong {
        appendError(Bytes("a line of more than 64 KiB"), column: LineReader.lineMax, &out)
      } else {
        switch parseJSON(line) {
        case .success(let value): answer(value, &out)
        case .failure(let error): appendError("not JSON: " + Bytes(error.message.value), column: error.offset + 1, &out)
        }
      }
    }
    return writeAll(out, to: 1) && !lines.hasFailed ? Status.success : Status.failure
  }

  private func appendError(_ message: Bytes, column: Int, _ out: inout Bytes) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("error")
    writer.string(message)
    writer.key("column")
    writer.integer(Int64(column))
    writer.endObject()
    out += writer.bytes
    out.append(10)
  }

  /// The zone of `"tz"`; UTC if there is none.
  private func manager(_ value: JSONValue) throws(ScheduleError) -> TimeZone {
    let name = value.text("tz")
    if name.isEmpty {
      if value.has("tz"), value["tz"]?.text == nil { throw ScheduleError(.zoneName, column: 1, hint: Bytes("\"tz\" is a text")) }
      return .utc
    }
    guard let zone = zones.manager(name) else { throw ScheduleError(unknownZone: name, column: 1) }
    return zone
  }

  /// A point in time; anything but a whole number is an error, for an answer about another time would not be seen as one.
  private func time(_ value: JSONValue, _ key: StaticString) throws(ScheduleError) -> WallTime? {
    if let number = value.number(key) { return WallTime(microseconds: number) }
    if !value.has(key) { return nil }
    throw ScheduleError(.missingNumber, column: 1, hint: "\"" + Bytes(key) + "\" is microseconds since 1970, a whole number")
  }

  /// `{"expr":…}` or `{"cron":…}`.
  func answerCalendar(_ value: JSONValue, _ out: inout Bytes) {
    let isCrontab = value["cron"]?.text != nil
    guard let text = value[isCrontab ? "cron" : "expr"]?.text else {
      appendError(Bytes("neither \"expr\" nor \"cron\" with a text"), column: 1, &out)
      return
    }
    do throws(ScheduleError) {
      let base = try time(value, "base") ?? base
      // The answer is one line: more than this is not for one line.
      let count = Int(clamping: min(max(value.number("iterations") ?? 5, 0), 10_000))
      _ = answerSchedule(text, isCrontab: isCrontab, try manager(value), after: base, count, &out)
    } catch {
      appendError(error.text, column: error.column, &out)
    }
  }

  /// `{"normalized":…,"next":[…],"end":…}`; false if it is an error.
  func answerSchedule(
    _ text: Bytes, isCrontab: Bool, _ manager: TimeZone, after base: WallTime, _ count: Int, _ out: inout Bytes
  ) -> Bool {
    do throws(ScheduleError) {
      let spec = try isCrontab ? CrontabParser.parse(text) : CalendarParser.parse(text)
      let zone = try zone(of: spec, written: text, in: manager)
      out += "{\"normalized\":"
      if isCrontab {
        out += "null"
      } else {
        // Has nothing that JSON would escape.
        out += filled("\"%\"", spec.normalized)
      }
      out += ",\"next\":["
      var at = base
      var found = 0
      var ends = false
      while true {
        guard let next = spec.next(after: at, in: zone) else {
          ends = true
          break
        }
        if found == count { break }
        if found > 0 { out.append(44) }
        out.append(decimal: next.microseconds)
        at = next
        found += 1
      }
      out += ends ? "],\"end\":true}\n" : "],\"end\":false}\n"
      return true
    } catch {
      appendError(error.text, column: error.column, &out)
      return false
    }
  }

  /// `{"span":…}`
  func answerTimeSpan(_ value: JSONValue, _ out: inout Bytes) {
    guard let text = value["span"]?.text else {
      appendError(Bytes("no \"span\" with a text"), column: 1, &out)
      return
    }
    switch parseTimeSpan(text) {
    case .failure(let error): appendError(Bytes(error.name), column: error.column, &out)
    case .success(let span):
      let form: StaticString = span.isInfinite ? "{\"infinity\":true%,\"human\":\"%\"}\n" : "{\"usec\":%,\"human\":\"%\"}\n"
      out += filled(form, span.isInfinite ? [] : Bytes(decimal: span.microseconds), formatTimeSpan(span))
    }
  }

  /// `{"ts":…}`
  func answerTimestamp(_ value: JSONValue, _ out: inout Bytes) {
    guard let text = value["ts"]?.text else {
      appendError(Bytes("no \"ts\" with a text"), column: 1, &out)
      return
    }
    do throws(ScheduleError) {
      let now = try time(value, "now") ?? now
      out += Model.text("{\"usec\":\(try timestamps(now, try manager(value)).parse(text))}\n")
    } catch {
      appendError(error.text, column: error.column, &out)
    }
  }
}

/// Lines of standard input, read in blocks.
private final class LineReader {
  /// A longer line is passed over and answered with an error.
  static let lineMax = 65_536

  private var buffer = Bytes(repeating: 0, count: 65_536)
  private var start = 0
  private var end = 0
  private var isAtEnd = false
  private(set) var isTooLong = false
  private(set) var hasFailed = false

  /// Without its line end; nil at the end. Before a read, `out` is written and emptied.
  func next(_ out: inout Bytes) -> Bytes? {
    var line = Bytes()
    isTooLong = false
    while true {
      if start == end {
        if !isAtEnd { fill(&out) }
        if isAtEnd { return line.isEmpty && !isTooLong ? nil : line }
      }
      var at = start
      while at < end, buffer[at] != 10 { at += 1 }
      if line.count + at - start > LineReader.lineMax { isTooLong = true }
      if !isTooLong { line += buffer[start..<at] }
      start = min(at + 1, end)
      if at < end { return line }
    }
  }

  private func fill(_ out: inout Bytes) {
    if !writeAll(out, to: 1) { hasFailed = true }
    out.removeAll(keepingCapacity: true)
    start = 0
    end = 0
    while !hasFailed {
      let count = buffer.withUnsafeMutableBytes { control_read(0, $0.baseAddress, $0.count) }
      if count == -Int64(CONTROL_EAGAIN) {
        _ = control_poll(0, 0, -1)
      } else if count != -Int64(CONTROL_EINTR) {
        hasFailed = count < 0
        isAtEnd = count <= 0
        end = Int(max(0, count))
        return
      }
    }
    isAtEnd = true
  }
}
